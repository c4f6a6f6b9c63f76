import type { Strategy } from '../strategy.ts';
import { flowschemas } from './flowschemas.ts';
import { prioritylevelconfigurations } from './prioritylevelconfigurations.ts';

export const flowcontrolStrategies: Record<string, Strategy> = { flowschemas, prioritylevelconfigurations };
