import type { Strategy } from '../strategy.ts';

export const appsStrategies: Record<string, Strategy> = {};
