import type { Strategy } from '../strategy.ts';

export const autoscalingStrategies: Record<string, Strategy> = {};
