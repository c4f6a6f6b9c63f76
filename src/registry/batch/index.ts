import type { Strategy } from '../strategy.ts';
import { cronjobs } from './cronjobs.ts';
import { jobs } from './jobs.ts';

/** The kinds of batch/v1 by their plurals. */
export const batchStrategies: Record<string, Strategy> = { cronjobs, jobs };
