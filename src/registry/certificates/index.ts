import type { Strategy } from '../strategy.ts';

export const certificatesStrategies: Record<string, Strategy> = {};
