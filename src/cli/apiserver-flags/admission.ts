import type { FlagGroup } from '../flag-set.ts';
import { flag } from './definition.ts';

export const admissionFlags: FlagGroup = {
  title: 'Admission',
  flags: [
    {
      ...flag('admission-control', 'stringSlice', 'Admission plugins, in one list.'),
      refused: 'use --enable-admission-plugins and --disable-admission-plugins',
    },
    flag('admission-control-config-file', 'string', 'File with AdmissionConfiguration.'),
    flag('disable-admission-plugins', 'stringSlice', 'Admission plugins that are off though on by default.'),
    flag(
      'enable-admission-plugins',
      'stringSlice',
      'Admission plugins that are on beside those that are by default.',
    ),
    flag(
      'default-not-ready-toleration-seconds',
      'int',
      'Seconds that pods stay on a node that is not ready.',
      '300',
    ),
    flag(
      'default-unreachable-toleration-seconds',
      'int',
      'Seconds that pods stay on a node that is out of reach.',
      '300',
    ),
  ],
};
