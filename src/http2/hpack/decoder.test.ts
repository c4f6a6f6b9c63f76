import { describe, expect, it } from 'vitest';
import { HpackDecoder } from './decoder.ts';
import { HpackError } from './hpack-error.ts';

const octets = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');

function decoder(tableSize = 4096, maxListSize = 65_536): (hex: string) => readonly string[] | undefined {
  const made = new HpackDecoder({ tableSize, maxListSize });
  return (hex) => {
    const block = octets(hex);
    // Somewhere within a larger buffer, as blocks lie in what a socket gave.
    const around = Buffer.concat([octets('be82'), block, octets('be82')]);
    return made.decode(around, 2, 2 + block.length);
  };
}

/** `name: value` a line, as the RFC prints lists. */
function lines(fields: readonly string[] | undefined): string[] {
  const all: string[] = [];
  for (let i = 0; i < fields!.length; i += 2) all.push(`${fields![i]}: ${fields![i + 1]}`);
  return all;
}

/** Of a string in hexadecimal, with a length of less than 127 octets before it. */
const plain = (text: string): string =>
  Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]).toString('hex');

/** What the dynamic table holds, the newest entry first. */
function table(read: (hex: string) => readonly string[] | undefined): string[] {
  const all: string[] = [];
  for (let index = 62; ; index++) {
    try {
      all.push(...lines(read((0x80 | index).toString(16))));
    } catch (err) {
      expect(err).toBeInstanceOf(HpackError);
      return all;
    }
  }
}

describe('RFC 7541 appendix C.2, single fields', () => {
  it('reads each representation', () => {
    const read = decoder();
    expect(read('400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572')).toEqual([
      'custom-key',
      'custom-header',
    ]);
    expect(read('040c 2f73 616d 706c 652f 7061 7468')).toEqual([':path', '/sample/path']);
    expect(read('1008 7061 7373 776f 7264 0673 6563 7265 74')).toEqual(['password', 'secret']);
    expect(read('82')).toEqual([':method', 'GET']);
    expect(table(read)).toEqual(['custom-key: custom-header']);
  });
});

describe('RFC 7541 appendices C.3 and C.4, requests', () => {
  const host = ':authority: www.example.com';
  const lists = [
    [':method: GET', ':scheme: http', ':path: /', host],
    [':method: GET', ':scheme: http', ':path: /', host, 'cache-control: no-cache'],
    [':method: GET', ':scheme: https', ':path: /index.html', host, 'custom-key: custom-value'],
  ];
  const held = ['custom-key: custom-value', 'cache-control: no-cache', host];

  it('reads them without Huffman coding', () => {
    const read = decoder();
    const blocks = [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ];
    expect(blocks.map((block) => lines(read(block)))).toEqual(lists);
    expect(table(read)).toEqual(held);
  });

  it('reads them with Huffman coding', () => {
    const read = decoder();
    const blocks = [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ];
    expect(blocks.map((block) => lines(read(block)))).toEqual(lists);
    expect(table(read)).toEqual(held);
  });
});

describe('RFC 7541 appendices C.5 and C.6, responses in a table of 256 bytes', () => {
  const date = 'date: Mon, 21 Oct 2013 20:13:21 GMT';
  const later = 'date: Mon, 21 Oct 2013 20:13:22 GMT';
  const location = 'location: https://www.example.com';
  const cookie = 'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
  const lists = [
    [':status: 302', 'cache-control: private', date, location],
    [':status: 307', 'cache-control: private', date, location],
    [':status: 200', 'cache-control: private', later, location, 'content-encoding: gzip', cookie],
  ];
  const held = [
    [location, date, 'cache-control: private', ':status: 302'],
    [':status: 307', location, date, 'cache-control: private'],
    [cookie, 'content-encoding: gzip', later],
  ];

  function check(blocks: string[]): void {
    expect(blocks).toHaveLength(3);
    for (let count = 1; count <= blocks.length; count++) {
      const read = decoder(256);
      expect(blocks.slice(0, count).map((block) => lines(read(block)))).toEqual(lists.slice(0, count));
      expect(table(read)).toEqual(held[count - 1]);
    }
  }

  it('reads them without Huffman coding', () => {
    check([
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
       2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      '4803 3330 37c1 c0bf',
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
       54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
       5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
    ]);
  });

  it('reads them with Huffman coding', () => {
    check([
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
       2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      '4883 640e ffc1 c0bf',
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
       77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
       9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ]);
  });
});

describe('what breaks RFC 7541', () => {
  const broken: [what: string, hex: string][] = [
    ['the index 0', '80'],
    ['an index behind the tables', 'be'],
    ['a name index behind the tables', '7e 0161'],
    ['a name index behind the tables, not to be indexed', '0f 2f 0161'],
    ['an integer that ends early', 'ff'],
    ['an integer that ends early after octets of it', 'ffff80'],
    ['an integer of 2^31', 'ff 81ffffff07'],
    ['an integer of 2^63', 'ff ffffffffffffffff7f'],
    ['an integer padded with zeros without end', 'ff 80808080808000'],
    ['a literal without name', '40'],
    ['a literal without value', '40 0161'],
    ['a name beyond the end', '40 0361'],
    ['a value beyond the end', '0f0d 0231'],
    ['a length of 2^31 - 1', '41 7f 80ffffff07 61'],
    ['a size update after a field', '82 20'],
    ['a size update beyond the settings', '3f e21f'],
    ['padding of zeros', '41 811c'],
    ['padding of eight ones', '41 821fff'],
    ['padding of a whole octet', '41 81ff'],
    ['the end of the string', '41 84ffffffff'],
    ['the end of the string between symbols', '41 851f fffffffe'],
  ];
  it.each(broken)('refuses %s', (_what, hex) => {
    expect(() => decoder()(hex)).toThrow(HpackError);
  });

  it('takes an integer of 2^31 - 1 for what it is, an index that nothing has', () => {
    expect(() => decoder()('ff 80ffffff07')).toThrow(/index 2147483647/);
  });

  it('takes up to seven ones as padding', () => {
    // "a" (00011) with three ones; "!" (1111111000) twice with four, "0" to "?" with what is left.
    expect(decoder()('41 811f')).toEqual([':authority', 'a']);
    expect(decoder()('41 83fe3f8f')).toEqual([':authority', '!!']);
  });
});

describe('table size updates', () => {
  it('reads several at the start of a block, and evicts', () => {
    const read = decoder(4096);
    read(`40 ${plain('a')} ${plain('1')} 40 ${plain('b')} ${plain('2')}`);
    expect(lines(read('be bf'))).toEqual(['b: 2', 'a: 1']);
    // 40 bytes: room for the newest.
    expect(lines(read('3f09 be'))).toEqual(['b: 2']);
    expect(() => read('bf')).toThrow(HpackError);
  });

  it('empties the table at 0, and lets it fill again', () => {
    const read = decoder(4096);
    read(`40 ${plain('a')} ${plain('1')}`);
    expect(lines(read(`20 3fe11f 40 ${plain('b')} ${plain('2')} be`))).toEqual(['b: 2', 'b: 2']);
    expect(table(read)).toEqual(['b: 2']);
  });

  it('is bound by our settings, not by what is in force', () => {
    const read = decoder(256);
    expect(read('20 3fe101')).toEqual([]);
    expect(() => read('3fe201')).toThrow(HpackError);
  });
});

describe('eviction', () => {
  it('empties the table where an entry is larger than it', () => {
    const read = decoder(64);
    read(`40 ${plain('a')} ${plain('1')}`);
    expect(lines(read(`40 ${plain('b')} ${plain('x'.repeat(40))}`))).toEqual([`b: ${'x'.repeat(40)}`]);
    expect(table(read)).toEqual([]);
  });

  it('uses the name of an entry that the new one drives out', () => {
    const read = decoder(64);
    read(`40 ${plain('name')} ${plain('1')}`);
    expect(lines(read(`7e ${plain('2')} be`))).toEqual(['name: 2', 'name: 2']);
    expect(table(read)).toEqual(['name: 2']);
  });

  it('keeps as many entries as fit without names and values', () => {
    const read = decoder(4096);
    for (let i = 0; i < 200; i++) read('40 00 00');
    const index = (of: number): string => `ff${Buffer.from([of - 127]).toString('hex')}`;
    expect(read(index(61 + 128))).toEqual(['', '']);
    expect(() => read(index(61 + 129))).toThrow(HpackError);
  });
});

describe('the largest list', () => {
  it('counts name, value and 32 for each field', () => {
    const field = `00 ${plain('name')} ${plain('value')}`;
    expect(decoder(4096, 82)(field + field)).toHaveLength(4);
    expect(decoder(4096, 81)(field + field)).toBeUndefined();
    expect(decoder(4096, 42)('82')).toHaveLength(2);
    expect(decoder(4096, 41)('82')).toBeUndefined();
  });

  it('keeps the table right beyond it', () => {
    const read = decoder(4096, 100);
    expect(
      read(
        `82 82 82 40 ${plain('a')} ${plain('1')} 00 ${plain('b')} ${plain('2')} 40 ${plain('c')} ${plain('3')}`,
      ),
    ).toBeUndefined();
    expect(lines(read('bebf'))).toEqual(['c: 3', 'a: 1']);
  });

  it('holds for the table only what fits there', () => {
    const read = decoder(64, 50);
    // Too large for the list, not for the table.
    expect(read(`40 ${plain('a')} ${plain('x'.repeat(30))}`)).toBeUndefined();
    expect(read('be')).toBeUndefined();
    // Too large for both, by its name or by its value.
    expect(read(`40 ${plain('a')} ${plain('x'.repeat(100))}`)).toBeUndefined();
    expect(table(read)).toEqual([]);
    expect(read(`40 ${plain('x'.repeat(100))} ${plain('1')}`)).toBeUndefined();
    expect(table(read)).toEqual([]);
  });

  it('ends within a Huffman-coded literal that grows beyond it', () => {
    // "0" has five bits: 400 of them in 250 octets.
    const zeros = `00 ${plain('a')} ff7b ${'00'.repeat(250)}`;
    expect(decoder(4096, 433)(zeros)).toEqual(['a', '0'.repeat(400)]);
    expect(decoder(4096, 432)(zeros)).toBeUndefined();
    expect(decoder(4096, 300)(zeros)).toBeUndefined();
  });

  it('withstands a bomb of indexed fields', () => {
    const read = decoder(4096, 65_536);
    read(`40 ${plain('a')} 7fa11e ${'78'.repeat(4000)}`);
    expect(read('be'.repeat(16))).toHaveLength(32);
    expect(read('be'.repeat(1_000_000))).toBeUndefined();
  });
});

describe('identity', () => {
  it('gives the same strings for the same entry', () => {
    const read = decoder();
    const token = 'x'.repeat(100);
    const [, first] = read(`40 ${plain('authorization')} ${plain(token)}`)!;
    const again = read('82be')!;
    const more = read('83be')!;
    expect(Object.is(again[3], first) && Object.is(more[3], first)).toBe(true);
  });

  it('gives the same list for the same block, until the table changes', () => {
    const read = decoder();
    read(`40 ${plain('a')} ${plain('1')}`);
    const block = `82 84 be 04 ${plain('/apis/apps/v1/namespaces/default/deployments?limit=500')}`;
    read(block);
    const second = read(block);
    expect(read(block)).toBe(second);
    expect(lines(second)).toContain('a: 1');
    read(`40 ${plain('b')} ${plain('2')}`);
    expect(lines(read(block))).toContain('b: 2');
    expect(lines(read(block))).not.toContain('a: 1');
  });

  it('tells a Huffman-coded string from the same octets as they are', () => {
    const read = decoder();
    const value = '1f'.repeat(40);
    for (let i = 0; i < 3; i++) {
      expect(read(`01 28 ${value}`)).toEqual([':authority', '\x1f'.repeat(40)]);
      expect(read(`01 a8 ${'00'.repeat(40)}`)).toEqual([':authority', '0'.repeat(64)]);
      expect(read(`01 28 ${'00'.repeat(40)}`)).toEqual([':authority', '\0'.repeat(40)]);
    }
  });
});

it('reads octets beyond ASCII as Latin-1, also from a plain Uint8Array', () => {
  const bytes = new Uint8Array([0x00, 0x01, 0x61, 0x02, 0xe4, 0xff]);
  const read = new HpackDecoder({ tableSize: 4096, maxListSize: 1000 });
  expect(read.decode(bytes, 0, bytes.length)).toEqual(['a', '\xe4\xff']);
});
