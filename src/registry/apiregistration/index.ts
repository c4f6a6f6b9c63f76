import type { Strategy } from '../strategy.ts';

export const apiregistrationStrategies: Record<string, Strategy> = {};
