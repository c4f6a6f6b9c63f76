import { eventStrategy } from '../events/event-strategy.ts';
import type { Strategy } from '../strategy.ts';
import { configmaps } from './configmaps.ts';
import { namespaces } from './namespaces.ts';
import { nodes } from './nodes.ts';
import { secrets } from './secrets.ts';
import { serviceaccounts } from './serviceaccounts.ts';
import { services } from './services.ts';
import { workloadStrategies } from './workload-strategies.ts';

export const coreStrategies: Record<string, Strategy> = {
  configmaps,
  events: eventStrategy(false),
  namespaces,
  nodes,
  secrets,
  serviceaccounts,
  services,
  ...workloadStrategies,
};
