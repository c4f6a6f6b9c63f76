import type { Strategy } from '../strategy.ts';

export const schedulingStrategies: Record<string, Strategy> = {};
