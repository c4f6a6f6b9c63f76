import type { Strategy } from '../strategy.ts';

export const workloadStrategies: Record<string, Strategy> = {};
