import type { Strategy } from '../strategy.ts';
import { pods } from './pods.ts';
import { podtemplates } from './podtemplates.ts';
import { replicationcontrollers } from './replicationcontrollers.ts';

/** The kinds of the core group that run pods, by their plurals. */
export const workloadStrategies: Record<string, Strategy> = { pods, podtemplates, replicationcontrollers };
