import type { Strategy } from '../strategy.ts';
import { certificatesigningrequests } from './certificatesigningrequests.ts';

export const certificatesStrategies: Record<string, Strategy> = { certificatesigningrequests };
