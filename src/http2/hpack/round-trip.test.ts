import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { HpackError } from './hpack-error.ts';

/** Names that the encoder treats each in its own way, and values of which some come again and some are large. */
const name = fc.constantFrom(
  ...[
    'cache-control',
    'content-type',
    'date',
    'etag',
    'audit-id',
    'content-length',
    'set-cookie',
    'x-a',
    'x-b',
  ],
  ...Array.from({ length: 12 }, (_, i) => `x-${'long-'.repeat(i)}name`),
);
const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'a', 'no-cache, private', 'application/json', 'b'.repeat(60)) },
  { weight: 2, arbitrary: latin1 },
  { weight: 1, arbitrary: fc.nat(5000).map((length) => 'c'.repeat(length)) },
);
const value = fc.oneof(text, fc.integer(), fc.array(text, { maxLength: 3 }), fc.constant(undefined));
const block = fc.record({
  resize: fc.option(fc.array(fc.nat(5000), { maxLength: 2 }), { nil: [], freq: 6 }),
  status: fc.oneof(fc.constantFrom(200, 404, 409), fc.integer({ min: 100, max: 599 })),
  fields: fc.dictionary(name, value, { maxKeys: 8 }),
  room: fc.option(fc.nat(300), { freq: 5 }),
});

it('reads what the encoder writes, whatever the table’s size and the room', () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 40 }), (blocks) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder({ tableSize: 4096, maxListSize: 1 << 20 });
      const into = Buffer.alloc(150_000);
      for (const { resize, status, fields, room } of blocks) {
        for (const size of resize) encoder.setMaxTableSize(size);
        const expected = [':status', `${status}`];
        for (const [key, held] of Object.entries(fields)) {
          if (held !== undefined) for (const one of [held].flat()) expected.push(key, `${one}`);
        }
        if (room !== null) {
          const small = Buffer.alloc(room);
          const end = encoder.encode(status, fields, small, 0);
          if (end >= 0) {
            expect(decoder.decode(small, 0, end)).toEqual(expected);
            continue;
          }
        }
        const end = encoder.encode(status, fields, into, 0);
        expect(decoder.decode(into, 0, end)).toEqual(expected);
      }
    }),
    { numRuns: 300 },
  );
});

it('never fails in another way than HpackError, whatever it is sent', () => {
  const octets = fc.uint8Array({ maxLength: 60 });
  // What begins like a block gets further than what is all random.
  const likely = fc
    .array(
      fc.oneof(
        fc
          .constantFrom(0x82, 0xbe, 0xbf, 0x20, 0x3f, 0xff, 0x40, 0x41, 0x00, 0x10, 0x7f)
          .map((octet) => [octet]),
        octets.map((text) => [text.length, ...text]),
        octets.map((text) => [0x80 | text.length, ...text]),
      ),
      { maxLength: 20 },
    )
    .map((parts) => Uint8Array.from(parts.flat()));
  fc.assert(
    fc.property(fc.array(fc.oneof(octets, likely), { maxLength: 20 }), fc.nat(4096), (blocks, tableSize) => {
      const decoder = new HpackDecoder({ tableSize, maxListSize: 400 });
      for (const sent of blocks) {
        try {
          const fields = decoder.decode(sent, 0, sent.length);
          if (fields === undefined) continue;
          expect(fields.every((one) => typeof one === 'string')).toBe(true);
          expect(fields.length * 16 + fields.join('').length).toBeLessThanOrEqual(400);
        } catch (err) {
          if (!(err instanceof HpackError)) throw err;
          return;
        }
      }
    }),
    { numRuns: 2000 },
  );
});
