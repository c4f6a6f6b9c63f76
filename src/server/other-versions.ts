import { autoscalerFromV1, autoscalerToV1 } from '../registry/autoscaling/conversion.ts';
import { eventFromCore, eventToCore } from '../registry/events/conversion.ts';
import type { OtherVersion } from './resources.ts';

/** Built-in resources that are stored as another version, by `group/version/plural`. */
export const otherVersions: ReadonlyMap<string, OtherVersion> = new Map<string, OtherVersion>([
  [
    'events.k8s.io/v1/events',
    {
      storedAs: { group: '', plural: 'events' },
      conversion: { toStored: eventToCore, fromStored: eventFromCore },
    },
  ],
  [
    'autoscaling/v1/horizontalpodautoscalers',
    {
      storedAs: { group: 'autoscaling', plural: 'horizontalpodautoscalers' },
      conversion: { toStored: autoscalerFromV1, fromStored: autoscalerToV1 },
    },
  ],
]);
