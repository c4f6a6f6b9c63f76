import type { Strategy } from '../strategy.ts';
import { endpointslices } from './endpointslices.ts';

export const discoveryStrategies: Record<string, Strategy> = { endpointslices };
