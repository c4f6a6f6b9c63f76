import type { Strategy } from '../strategy.ts';
import { eventStrategy } from './event-strategy.ts';

export const eventsStrategies: Record<string, Strategy> = { events: eventStrategy(true) };
