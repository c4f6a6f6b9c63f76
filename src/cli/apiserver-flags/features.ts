import type { FlagGroup } from '../flag-set.ts';
import { flag, idle } from './definition.ts';

export const featuresFlags: FlagGroup = {
  title: 'Features',
  flags: [
    idle('contention-profiling', 'bool'),
    idle('coordinated-leadership-lease-duration', 'duration'),
    idle('coordinated-leadership-renew-deadline', 'duration'),
    idle('coordinated-leadership-retry-period', 'duration'),
    idle('debug-socket-path', 'string'),
    flag(
      'enable-priority-and-fairness',
      'bool',
      'Bound requests by priority levels and not by two numbers alone.',
      'true',
    ),
    idle('profiling', 'bool'),
  ],
};
