import type { Strategy } from '../strategy.ts';

export const storageStrategies: Record<string, Strategy> = {};
