import { expect, it } from 'vitest';
import { RecentBytes } from './recent-bytes.ts';

/** Offers the bytes as a decoder does, and returns what was found. */
function offer(recent: RecentBytes<string>, bytes: Buffer, value: string, tag = 0): string | undefined {
  const found = recent.find(bytes, 0, bytes.length, tag);
  if (found === undefined) recent.keep(bytes, 0, bytes.length, tag, value);
  return found;
}

it.each([1, 16, 31, 48, 49, 300, 2048])('finds %i bytes that came twice before', (length) => {
  const recent = new RecentBytes<string>(4);
  const bytes = Buffer.alloc(length, 'a');
  expect(offer(recent, bytes, 'first')).toBeUndefined();
  expect(offer(recent, bytes, 'second')).toBeUndefined();
  expect(offer(recent, Buffer.from(bytes), 'third')).toBe('second');
});

it.each([1, 16, 31, 40, 48, 49, 300, 2048])('compares each of %i bytes', (length) => {
  for (let i = 0; i < length; i++) {
    const recent = new RecentBytes<string>(4);
    const bytes = Buffer.alloc(length, 'a');
    offer(recent, bytes, 'a');
    offer(recent, bytes, 'a');
    bytes[i] = 0x62;
    expect(offer(recent, bytes, 'b')).toBeUndefined();
    bytes[i] = 0x61;
    expect(recent.find(bytes.subarray(1), 0, length - 1, 0)).toBeUndefined();
  }
});

it('keeps a copy: the bytes lie in a buffer that is used again', () => {
  const recent = new RecentBytes<string>(4);
  const bytes = Buffer.alloc(100, 'a');
  offer(recent, bytes, 'a');
  offer(recent, bytes, 'a');
  bytes[1] = 0x62;
  expect(offer(recent, bytes, 'b')).toBeUndefined();
});

it('tells tags apart', () => {
  const recent = new RecentBytes<string>(4);
  const bytes = Buffer.from('abc');
  offer(recent, bytes, 'one', 1);
  offer(recent, bytes, 'one', 1);
  expect(offer(recent, bytes, 'two', 2)).toBeUndefined();
  expect(offer(recent, bytes, '', 2)).toBe('two');
});

it('does not keep what is long', () => {
  const recent = new RecentBytes<string>(4);
  for (let i = 0; i < 4; i++) expect(offer(recent, Buffer.alloc(2049), 'a')).toBeUndefined();
});

it('goes on finding what came twice, whatever comes once in between', () => {
  const recent = new RecentBytes<string>(4);
  const bytes = Buffer.alloc(100, 'a');
  offer(recent, bytes, 'a');
  offer(recent, bytes, 'a');
  for (let i = 0; i < 1000; i++) {
    expect(offer(recent, Buffer.from(`once ${i}`), 'b')).toBeUndefined();
    expect(offer(recent, bytes, 'c')).toBe('a');
  }
});
