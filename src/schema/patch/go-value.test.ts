import { describe, expect, it } from 'vitest';
import { goFloat, goString, goValue } from './go-value.ts';

describe('values as Go prints them', () => {
  it('%v', () => {
    expect(goValue({ b: [1, 'x', null], a: { c: true }, d: 1.5 })).toBe(
      'map[a:map[c:true] b:[1 x <nil>] d:1.5]',
    );
    expect(goValue(10_000_000)).toBe('10000000');
    expect(goValue(10_000_000, true)).toBe('1e+07');
  });
  it('floats', () => {
    const cases: [number, string][] = [
      [0, '0'],
      [0.1, '0.1'],
      [123456, '123456'],
      [1e6, '1e+06'],
      [1234567, '1.234567e+06'],
      [0.0001, '0.0001'],
      [0.00001, '1e-05'],
      [-2.5, '-2.5'],
    ];
    for (const [value, text] of cases) expect(goFloat(value)).toBe(text);
  });
  it('%s of what is no string', () => {
    expect(goString(null)).toBe('%!s(<nil>)');
    expect(goString({ a: 1 })).toBe('map[a:%!s(int64=1)]');
    expect(goString(['x', true])).toBe('[x %!s(bool=true)]');
  });
});
