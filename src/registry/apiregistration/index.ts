import type { Strategy } from '../strategy.ts';
import { apiservices } from './apiservices.ts';

export const apiregistrationStrategies: Record<string, Strategy> = { apiservices };
