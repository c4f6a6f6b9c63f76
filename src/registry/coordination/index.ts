import type { Strategy } from '../strategy.ts';
import { leases } from './leases.ts';

export const coordinationStrategies: Record<string, Strategy> = { leases };
