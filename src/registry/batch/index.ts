import type { Strategy } from '../strategy.ts';

export const batchStrategies: Record<string, Strategy> = {};
