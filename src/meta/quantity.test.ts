import { describe, expect, it } from 'vitest';
import { parseQuantity, type Quantity } from './quantity.ts';

const q = (text: string): Quantity => {
  const parsed = parseQuantity(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};

describe('quantities', () => {
  it.each([
    ['0', '0'],
    ['1', '1'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['1.5', '1500m'],
    ['.5', '500m'],
    ['100n', '100n'],
    ['0.1n', '1n'],
    ['1000', '1k'],
    ['1024', '1024'],
    ['1024Ki', '1Mi'],
    ['1Ki', '1Ki'],
    ['0.5Ki', '512'],
    ['1.5Gi', '1536Mi'],
    ['1e3', '1e3'],
    ['1E3', '1E3'],
    ['12e4', '120e3'],
    ['128974848', '128974848'],
    ['-1', '-1'],
    ['1.500', '1.500'],
    ['m', '0'],
    ['100000000000000000000', '100E'],
    ['9999999999Ei', '9223372036854775807'],
  ])('prints %s as %s', (text, canonical) => {
    expect(String(q(text))).toBe(canonical);
  });

  it('names what is wrong', () => {
    expect(parseQuantity('abc')).toContain('must match the regular expression');
    expect(parseQuantity('1x')).toContain('must match the regular expression');
    expect(parseQuantity('1mm')).toBe("unable to parse quantity's suffix");
    expect(parseQuantity('1Kii')).toBe("unable to parse quantity's suffix");
    expect(parseQuantity('')).toContain('must match');
  });

  it('compares, adds and takes away across scales', () => {
    expect(q('1').compare(q('1000m'))).toBe(0);
    expect(q('1Gi').compare(q('1G'))).toBe(1);
    expect(q('-1').compare(q('1n'))).toBe(-1);
    expect(String(q('1').add(q('500m')))).toBe('1500m');
    expect(String(q('0').add(q('1Mi')))).toBe('1Mi');
    expect(String(q('2Gi').sub(q('1Gi')))).toBe('1Gi');
    expect(q('1e1000000000').compare(q('1'))).toBe(1);
    expect(String(q('1e1000000000').add(q('1')))).toBe(
      '1e1000000000'.replace('1e1000000000', '10e999999999'),
    );
  });

  it('rounds away from zero to whole numbers', () => {
    expect(q('1500m').value()).toBe(2n);
    expect(q('-1500m').value()).toBe(-2n);
    expect(q('1500m').milliValue()).toBe(1500n);
    expect(q('1').integer()).toBe(1n);
    expect(q('1500m').integer()).toBeUndefined();
  });

  it('does not go back and forth over long digits', () => {
    expect(parseQuantity(`${'0'.repeat(200_000)}x`)).toContain('must match');
    expect(parseQuantity(`${'1'.repeat(2000)}x`)).toContain('must match');
  });
});
