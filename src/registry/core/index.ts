import { eventStrategy } from '../events/event-strategy.ts';
import type { Strategy } from '../strategy.ts';
import { componentstatuses } from './componentstatuses.ts';
import { configmaps } from './configmaps.ts';
import { endpoints } from './endpoints.ts';
import { limitranges } from './limitranges.ts';
import { namespaces } from './namespaces.ts';
import { nodes } from './nodes.ts';
import { persistentvolumeclaims } from './persistentvolumeclaims.ts';
import { persistentvolumes } from './persistentvolumes.ts';
import { resourcequotas } from './resourcequotas.ts';
import { secrets } from './secrets.ts';
import { serviceaccounts } from './serviceaccounts.ts';
import { services } from './services.ts';
import { workloadStrategies } from './workload-strategies.ts';

export const coreStrategies: Record<string, Strategy> = {
  configmaps,
  events: eventStrategy(false),
  componentstatuses,
  endpoints,
  limitranges,
  persistentvolumeclaims,
  persistentvolumes,
  resourcequotas,
  namespaces,
  nodes,
  secrets,
  serviceaccounts,
  services,
  ...workloadStrategies,
};
