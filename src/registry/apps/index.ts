import type { Strategy } from '../strategy.ts';
import { controllerrevisions } from './controllerrevisions.ts';
import { daemonsets } from './daemonsets.ts';
import { deployments } from './deployments.ts';
import { replicasets } from './replicasets.ts';
import { statefulsets } from './statefulsets.ts';

/** The kinds of apps/v1 by their plurals. */
export const appsStrategies: Record<string, Strategy> = {
  controllerrevisions,
  daemonsets,
  deployments,
  replicasets,
  statefulsets,
};
