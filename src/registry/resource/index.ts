import type { Strategy } from '../strategy.ts';

export const resourceStrategies: Record<string, Strategy> = {};
