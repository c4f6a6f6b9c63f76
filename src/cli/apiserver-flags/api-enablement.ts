import type { FlagGroup } from '../flag-set.ts';
import { idle } from './definition.ts';

export const apiEnablementFlags: FlagGroup = {
  title: 'API enablement',
  flags: [idle('runtime-config', 'stringToString')],
};
