import { expect, test } from 'vitest';
import { flushSoon, JoinedFrames } from './watch-frames.ts';

const [a, b, c] = ['a', 'b', 'c'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];

test('joins the same frames once', () => {
  const joined = new JoinedFrames();
  const piece = joined.of([a, b]);
  expect(piece.toString()).toBe('ab');
  expect(joined.of([a, b])).toBe(piece);
  expect(joined.of([a, c]).toString()).toBe('ac');
  expect(joined.of([a, b, c]).toString()).toBe('abc');
  expect(joined.of([a])).toBe(a);
});

test('compares frames by what they are, not by what stands in them', () => {
  const joined = new JoinedFrames();
  const piece = joined.of([a, b]);
  const same = joined.of([Buffer.from('a'), b]);
  expect(same).not.toBe(piece);
  expect(same).toEqual(piece);
});

test('writes in the order asked for, once what runs is over', async () => {
  const told: string[] = [];
  const writer = (name: string) => ({ flush: () => void told.push(name) });
  flushSoon(writer('first'));
  flushSoon(writer('second'));
  expect(told).toEqual([]);
  await Promise.resolve();
  expect(told).toEqual(['first', 'second']);
});
