import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackError } from './hpack-error.ts';
import { decodeHuffman } from './huffman.ts';
import { END_OF_STRING, huffmanCodes } from './huffman-code.ts';

const codes = huffmanCodes();
const bitsOf = new Map(
  codes.map(({ symbol, code, length }) => [symbol, code.toString(2).padStart(length, '0')]),
);

/** Padded with ones. */
function encode(symbols: Iterable<number>): Buffer {
  let bits = '';
  for (const symbol of symbols) bits += bitsOf.get(symbol)!;
  const octets = Math.ceil(bits.length / 8);
  bits = bits.padEnd(octets * 8, '1');
  return Buffer.from(
    Array.from({ length: octets }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8), 2)),
  );
}

const decode = (bytes: Uint8Array, maxLength = 100_000): string | undefined =>
  decodeHuffman(bytes, 0, bytes.length, maxLength);

describe('the code', () => {
  it('is that of RFC 7541 appendix B', () => {
    const spot: [symbol: number, bits: string][] = [
      [0x30, '00000'],
      [0x20, '010100'],
      [0x41, '100001'],
      [0x7a, '1111011'],
      [0x58, '11111100'],
      [0x3c, '111111111111100'],
      [0x5c, '1111111111111110000'],
      [0, '1111111111000'],
      [128, '11111111111111100110'],
      [255, '11111111111111111111101110'],
      [22, '111111111111111111111111111110'],
      [END_OF_STRING, '111111111111111111111111111111'],
    ];
    expect(spot.map(([symbol]) => [symbol, bitsOf.get(symbol)])).toEqual(spot);
  });

  it('has a code for each octet and the end, which fill all there are', () => {
    expect(bitsOf.size).toBe(257);
    expect(codes.reduce((sum, { length }) => sum + 2 ** -length, 0)).toBe(1);
  });
});

describe('decodeHuffman', () => {
  it('reads each octet before and after any other', () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const text = String.fromCharCode(first, second);
        if (decode(encode([first, second])) !== text) expect.fail(`${first} ${second}`);
      }
    }
  });

  it('reads any string', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        expect(decode(encode(octets))).toBe(Buffer.from(octets).toString('latin1'));
      }),
    );
  });

  it('reads from within, and strings larger than its scratch space', () => {
    const coded = encode(Buffer.from('0'.repeat(200_000)));
    expect(decodeHuffman(Buffer.concat([Buffer.from([1, 2]), coded]), 2, 2 + coded.length, 200_000)).toBe(
      '0'.repeat(200_000),
    );
    expect(decode(Buffer.alloc(0))).toBe('');
  });

  it('gives up beyond the largest length', () => {
    const coded = encode(Buffer.from('0'.repeat(101)));
    expect(decode(coded, 101)).toHaveLength(101);
    expect(decode(coded, 100)).toBeUndefined();
    expect(decode(coded, 0)).toBeUndefined();
  });

  it('refuses the end of the string wherever it stands', () => {
    for (let octet = 0; octet < 256; octet++) {
      expect(() => decode(encode([octet, END_OF_STRING, octet]))).toThrow(HpackError);
      expect(() => decode(encode([octet, END_OF_STRING]))).toThrow(HpackError);
    }
  });

  it('refuses any string that is cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (octets) => {
        const coded = encode(octets);
        for (let cut = 0; cut < coded.length; cut++) {
          let text: string | undefined;
          try {
            text = decode(coded.subarray(0, cut));
          } catch (err) {
            expect(err).toBeInstanceOf(HpackError);
            continue;
          }
          // Else the cut stood between symbols, or in padding that is right.
          expect(Buffer.from(octets).toString('latin1').startsWith(text!)).toBe(true);
          expect(encode(Buffer.from(text!, 'latin1')).equals(coded.subarray(0, cut))).toBe(true);
        }
      }),
    );
  });
});
