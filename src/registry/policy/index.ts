import type { Strategy } from '../strategy.ts';
import { poddisruptionbudgets } from './poddisruptionbudgets.ts';

export const policyStrategies: Record<string, Strategy> = { poddisruptionbudgets };
