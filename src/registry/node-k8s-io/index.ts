import type { Strategy } from '../strategy.ts';

export const nodeStrategies: Record<string, Strategy> = {};
