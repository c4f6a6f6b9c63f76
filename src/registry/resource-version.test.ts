import { expect, it } from 'vitest';
import { parseVersion } from './resource-version.ts';

it('reads a version of 64 bits, and none as 0', () => {
  expect([undefined, '', '7', '18446744073709551615'].map(parseVersion)).toEqual([
    0n,
    0n,
    7n,
    0xffffffffffffffffn,
  ]);
});

it.each([
  ['x', 'strconv.ParseUint: parsing "x": invalid syntax'],
  ['-1', 'strconv.ParseUint: parsing "-1": invalid syntax'],
  ['18446744073709551616', 'strconv.ParseUint: parsing "18446744073709551616": value out of range'],
])('refuses %s as Go does', (text, message) => {
  expect(() => parseVersion(text)).toThrow(message);
});
