import { expect, it } from 'vitest';
import { ReceiveWindow } from './receive-window.ts';

it('tells the peer to go on once half of it has been used', () => {
  const updates: number[] = [];
  const window = new ReceiveWindow(100, (bytes) => updates.push(bytes));
  expect(window.take(60)).toBe(true);
  window.used(49);
  expect(updates).toEqual([]);
  window.used(11);
  expect(updates).toEqual([60]);
  expect(window.take(100)).toBe(true);
});

it('notices more than was allowed', () => {
  const window = new ReceiveWindow(100, () => {});
  expect(window.take(100)).toBe(true);
  expect(window.take(1)).toBe(false);
});

it('gives back at once what nobody is going to read', () => {
  const updates: number[] = [];
  const window = new ReceiveWindow(100, (bytes) => updates.push(bytes));
  window.take(60);
  window.used(30);
  window.allUsed();
  expect(updates).toEqual([60]);
  window.allUsed();
  expect(updates).toEqual([60]);
});
