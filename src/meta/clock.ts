/** The one place that asks the machine for the time; tests and later stages put their own in its place. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds from a point that only ever goes forward, for durations. */
  monotonic(): number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

let lastSecond = Number.NaN;
let lastText = '';

/** metav1.Time on the wire: RFC 3339 in UTC, whole seconds. */
export function rfc3339(ms: number): string {
  const second = Math.floor(ms / 1000);
  // Objects are written many to a second.
  if (second !== lastSecond) {
    lastText = `${new Date(ms).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** metav1.MicroTime on the wire: six digits of a second. */
export function rfc3339Micro(ms: number): string {
  const micros = Math.floor(ms * 1000) % 1000;
  return `${new Date(ms).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`;
}
