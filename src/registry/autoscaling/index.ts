import type { Strategy } from '../strategy.ts';
import { horizontalpodautoscalers } from './horizontalpodautoscalers.ts';

export const autoscalingStrategies: Record<string, Strategy> = { horizontalpodautoscalers };
