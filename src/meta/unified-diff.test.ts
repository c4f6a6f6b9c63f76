import { describe, expect, it } from 'vitest';
import { unifiedDiff } from './unified-diff.ts';

describe('unifiedDiff', () => {
  it('is empty of equals', () => {
    expect(unifiedDiff({ a: 1 }, { a: 1 })).toBe('');
  });

  it('shows what changed', () => {
    const text = unifiedDiff({ a: 1, b: { c: ['x'] } }, { a: 2, b: { c: ['x', 'y'] } });
    expect(text.split('\n').filter((line) => /^[-+]/.test(line))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^-.*a.*1/), expect.stringMatching(/^\+.*a.*2/)]),
    );
  });
});
