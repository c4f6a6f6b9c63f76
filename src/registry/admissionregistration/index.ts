import type { Strategy } from '../strategy.ts';

export const admissionregistrationStrategies: Record<string, Strategy> = {};
