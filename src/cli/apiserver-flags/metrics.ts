import type { FlagGroup } from '../flag-set.ts';
import { idle } from './definition.ts';

export const metricsFlags: FlagGroup = {
  title: 'Metrics',
  flags: [
    idle('allow-metric-labels', 'stringToString'),
    idle('allow-metric-labels-manifest', 'string'),
    idle('disabled-metrics', 'stringSlice'),
    idle('show-hidden-metrics-for-version', 'string'),
  ],
};
