import type { Strategy } from '../strategy.ts';

export const policyStrategies: Record<string, Strategy> = {};
