import type { Strategy } from '../strategy.ts';

export const discoveryStrategies: Record<string, Strategy> = {};
