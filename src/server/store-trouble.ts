import { type Clock, systemClock } from '../meta/clock.ts';
import type { Log } from './log.ts';

const QUIET_MS = 5000;

/** Logs that the store does not answer: once for all the caches that notice, and again while it lasts. */
export function storeTrouble(log: Log, clock: Clock = systemClock): (error: Error) => void {
  let said = '';
  let at = 0;
  return ({ message }) => {
    const now = clock.monotonic();
    if (message === said && now - at < QUIET_MS) return;
    said = message;
    at = now;
    log.error({ error: message }, 'the store does not answer; trying again');
  };
}
