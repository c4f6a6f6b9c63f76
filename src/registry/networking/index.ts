import type { Strategy } from '../strategy.ts';

export const networkingStrategies: Record<string, Strategy> = {};
