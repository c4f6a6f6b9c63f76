import type { Strategy } from '../strategy.ts';
import { runtimeclasses } from './runtimeclasses.ts';

export const nodeStrategies: Record<string, Strategy> = { runtimeclasses };
