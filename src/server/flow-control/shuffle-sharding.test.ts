import { describe, expect, it } from 'vitest';
import { dealHand, flowHash } from './shuffle-sharding.ts';

describe('shuffle sharding', () => {
  it('deals different cards of the deck', () => {
    for (let flow = 0; flow < 500; flow++) {
      const hand = dealHand(flowHash('global-default', `user-${flow}`), 128, 6);
      expect(new Set(hand).size).toBe(6);
      expect(Math.min(...hand)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...hand)).toBeLessThan(128);
    }
  });

  it('deals the whole deck where the hand is as large', () => {
    expect(dealHand(123_456_789n, 4, 4).sort()).toEqual([0, 1, 2, 3]);
  });

  it('deals the same flow the same hand, and others another', () => {
    const hand = (user: string) => dealHand(flowHash('global-default', user), 128, 6).join();
    expect(hand('jane')).toBe(hand('jane'));
    expect(hand('jane')).not.toBe(hand('joe'));
    expect(new Set(Array.from({ length: 1000 }, (_, i) => hand(`user-${i}`))).size).toBe(1000);
  });

  it('spreads the first cards evenly', () => {
    const counts = new Array<number>(16).fill(0);
    for (let flow = 0; flow < 8000; flow++) counts[dealHand(flowHash('x', String(flow)), 16, 4)[0]!]!++;
    for (const count of counts) expect(count).toBeGreaterThan(350);
  });
});
