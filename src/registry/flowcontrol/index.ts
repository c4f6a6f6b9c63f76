import type { Strategy } from '../strategy.ts';

export const flowcontrolStrategies: Record<string, Strategy> = {};
