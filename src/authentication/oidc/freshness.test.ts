import { describe, expect, it } from 'vitest';
import { freshUntil } from './freshness.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const seconds = (headers: Record<string, string>): number => (freshUntil(headers, now) - now) / 1000;

describe('freshUntil', () => {
  it.each([
    [{}, 0],
    [{ 'cache-control': 'no-store' }, 0],
    [{ 'cache-control': 'max-age=60' }, 60],
    [{ 'cache-control': 'public, Max-Age="60", must-revalidate' }, 60],
    [{ 'cache-control': 's-maxage=30, max-age=60' }, 30],
    [{ 'cache-control': 'max-age=-5' }, 0],
    [{ expires: 'Thu, 01 Jan 2026 00:10:00 GMT' }, 600],
    [{ expires: 'Thu, 01 Jan 2026 00:10:00 GMT', date: 'Thu, 01 Jan 2026 00:05:00 GMT' }, 300],
    [{ expires: '0' }, 0],
    [{ expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
    [{ 'last-modified': 'Wed, 31 Dec 2025 23:00:00 GMT' }, 360],
    [{ 'last-modified': 'Wed, 31 Dec 2015 23:00:00 GMT' }, 86_400],
    [{ 'last-modified': 'Fri, 02 Jan 2026 00:00:00 GMT' }, 0],
  ])('%j: %d s', (headers, expected) => {
    expect(seconds(headers as Record<string, string>)).toBe(expected);
  });
});
