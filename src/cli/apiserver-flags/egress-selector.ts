import type { FlagGroup } from '../flag-set.ts';
import { flag } from './definition.ts';

export const egressSelectorFlags: FlagGroup = {
  title: 'Egress selector',
  flags: [
    {
      ...flag(
        'egress-selector-config-file',
        'string',
        'File that says through which proxy to reach nodes and webhooks.',
      ),
      refused: 'calls go out directly',
    },
  ],
};
