import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToIp, cidrContains, cidrSize, cidrText, familyOf, ipText, parseCidr, parseIp } from './ip.ts';

describe('parseIp', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    ['01.2.3.004', '1.2.3.4'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0'],
  ])('reads %s', (text, canonical) => {
    expect(ipText(parseIp(text)!.bytes)).toBe(canonical);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    'a.b.c.d',
    ':::',
    '1::2::3',
    '12345::',
    '::1%eth0',
    ' 1.2.3.4',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    ':1',
  ])('refuses %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('notes what strict readers refuse', () => {
    expect(parseIp('1.2.3.04')?.leadingZeros).toBe(true);
    expect(parseIp('::ffff:1.2.3.4')?.mapped).toBe(true);
    expect([familyOf('1.2.3.4'), familyOf('::1'), familyOf('x')]).toEqual(['IPv4', 'IPv6', undefined]);
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (raw) => {
        const bytes = [...raw];
        const read = parseIp(ipText(bytes))!;
        expect(read.mapped ? [...bytes.slice(0, 12), ...read.bytes] : read.bytes).toEqual(bytes);
      }),
    );
  });
});

describe('CIDR blocks', () => {
  it('have a network, a size and members', () => {
    const block = parseCidr('10.96.0.7/24')!;
    expect(cidrText(block)).toBe('10.96.0.0/24');
    expect(cidrSize(block)).toBe(256n);
    expect(ipText(addToIp(block.network, 255n))).toBe('10.96.0.255');
    expect(cidrContains(block, parseIp('10.96.0.255')!.bytes)).toBe(true);
    expect(cidrContains(block, parseIp('10.96.1.0')!.bytes)).toBe(false);
    expect(cidrContains(block, parseIp('::1')!.bytes)).toBe(false);
    expect(cidrSize(parseCidr('fd00::/64')!)).toBe(1n << 64n);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', 'x/8', '::/129'])('refuse %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});
