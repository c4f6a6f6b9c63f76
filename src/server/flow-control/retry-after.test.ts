import { describe, expect, it } from 'vitest';
import { RetryAfter } from './retry-after.ts';

describe('Retry-After', () => {
  const turnAway = (tracker: RetryAfter, second: number, times: number): void => {
    for (let i = 0; i < times; i++) tracker.note(second * 1000 + i);
  };

  it('is one second at first, and while few are turned away', () => {
    const tracker = new RetryAfter();
    expect(tracker.seconds).toBe(1);
    for (let second = 100; second < 110; second++) turnAway(tracker, second, 1);
    expect(tracker.seconds).toBe(1);
  });

  it('doubles while many are turned away, up to 32', () => {
    const tracker = new RetryAfter();
    turnAway(tracker, 100, 10);
    turnAway(tracker, 101, 10);
    expect(tracker.seconds).toBe(2);
    for (let second = 102; second < 300; second++) turnAway(tracker, second, 200);
    expect(tracker.seconds).toBe(32);
  });

  it('falls when it calms down', () => {
    const tracker = new RetryAfter();
    for (let second = 100; second < 105; second++) turnAway(tracker, second, 100);
    const high = tracker.seconds;
    expect(high).toBeGreaterThan(2);
    turnAway(tracker, 200, 1);
    expect(tracker.seconds).toBe(high - 1);
  });
});
