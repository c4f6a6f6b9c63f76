import type { Fields } from '../../meta/object.ts';
import type { Strategy } from '../strategy.ts';

/** Read-only and made up on each request; nothing is stored. */
export const componentstatuses: Strategy = {
  deprecated: 'v1 ComponentStatus is deprecated in v1.19+',
  row(object) {
    const conditions: Fields[] = object['conditions'] ?? [];
    const healthy = conditions.find((condition) => condition['type'] === 'Healthy');
    return [
      object.metadata.name ?? '',
      healthy ? (healthy['status'] === 'True' ? 'Healthy' : 'Unhealthy') : 'Unknown',
      healthy?.['message'] ?? '',
      healthy?.['error'] ?? '',
    ];
  },
};
