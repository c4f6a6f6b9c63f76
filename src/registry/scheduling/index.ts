import type { Strategy } from '../strategy.ts';
import { priorityclasses } from './priorityclasses.ts';

export const schedulingStrategies: Record<string, Strategy> = { priorityclasses };
