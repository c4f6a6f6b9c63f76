import { describe, expect, it } from 'vitest';
import { warningHeaders } from './warnings.ts';

describe('warning headers', () => {
  it('are quoted', () => {
    expect(warningHeaders(['unknown field "a\\b"'])).toEqual(['299 - "unknown field \\"a\\\\b\\""']);
  });

  it('hold no text with control characters, and no empty one', () => {
    expect(warningHeaders(['a\nb', '', 'c'])).toEqual(['299 - "c"']);
  });

  it('are whole as long as they are not too long together', () => {
    const texts = Array.from({ length: 4 }, (_, i) => `${i}`.repeat(1024));
    expect(warningHeaders(texts).map((header) => header.length)).toEqual([1032, 1032, 1032, 1032]);
  });

  it('are all cut once they are too long together, and end', () => {
    const texts = Array.from({ length: 40 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(1000));
    const headers = warningHeaders(texts);
    expect(headers).toHaveLength(16);
    for (const header of headers) expect(header.length).toBe(256 + 8);
  });
});
