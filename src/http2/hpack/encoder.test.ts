import { describe, expect, it } from 'vitest';
import { HpackDecoder } from './decoder.ts';
import { type FieldValue, HpackEncoder } from './encoder.ts';

/** An encoder and the decoder at the other end. */
function pair(tableSize = 4096) {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder({ tableSize, maxListSize: 1 << 20 });
  const into = Buffer.alloc(65_536);
  return {
    encoder,
    /** The block's octets, after the decoder has read what was written. */
    send(status: number, fields: Record<string, FieldValue>): Buffer {
      const at = 9;
      const end = encoder.encode(status, fields, into, at);
      const expected = [':status', `${status}`];
      for (const [name, value] of Object.entries(fields)) {
        if (value === undefined) continue;
        for (const one of typeof value === 'object' ? value : [`${value}`]) expected.push(name, one);
      }
      const block = Buffer.from(into.subarray(at, end));
      expect(decoder.decode(block, 0, block.length)).toEqual(expected);
      return block;
    },
  };
}

const UUIDS = Array.from({ length: 40 }, (_, i) => `7a0c4c5e-0f1f-4d1c-9a58-${`${i}`.padStart(12, '0')}`);

describe('HpackEncoder', () => {
  it('writes what is the same again as indexes', () => {
    const { send } = pair();
    const fields = { 'content-type': 'application/json', 'cache-control': 'no-cache, private', date: 'now' };
    expect(send(200, fields).length).toBeGreaterThan(30);
    expect(send(200, fields).toString('hex')).toBe('88c0bfbe');
    expect(send(409, fields).toString('hex')).toBe('4803343039c1c0bf');
    expect(send(409, fields).toString('hex')).toBe('bec1c0bf');
    // Any value that was there before, not only the last one.
    send(200, { 'content-type': 'application/vnd.kubernetes.protobuf' });
    expect(send(200, { 'content-type': 'application/json' })).toHaveLength(2);
    expect(send(200, { 'content-type': 'application/vnd.kubernetes.protobuf' })).toHaveLength(2);
  });

  it('writes the statuses of the static table as one octet', () => {
    const { send } = pair();
    const octets = [200, 204, 206, 304, 400, 404, 500].map((status) => send(status, {}).toString('hex'));
    expect(octets).toEqual(['88', '89', '8a', '8b', '8c', '8d', '8e']);
  });

  it('keeps values that change at each answer out of the table, and refers to their names', () => {
    const { send } = pair();
    send(200, { 'audit-id': UUIDS[0], 'content-length': 5 });
    for (let i = 1; i < 20; i++) {
      const block = send(200, { 'audit-id': UUIDS[i], 'content-length': i * 1000 });
      // :status; index of audit-id in two octets, length, value; content-length's index in two octets, length, value.
      expect(block).toHaveLength(1 + 2 + 1 + 36 + 2 + 1 + `${i * 1000}`.length);
      expect(block.subarray(1, 3).toString('hex')).toBe('0f2f');
    }
  });

  it('learns which values change, and that they no longer do', () => {
    const { send } = pair();
    const first = (block: Buffer) => block[1]! >> 4;
    const fields = (i: number) => ({ 'x-trace': UUIDS[i] });
    const kinds = Array.from({ length: 8 }, (_, i) => first(send(200, fields(i))));
    // Four enter the table (01......), the others are literals without indexing (0000....).
    expect(kinds).toEqual([4, 7, 7, 7, 0, 0, 0, 0]);
    expect(first(send(200, fields(7)))).toBe(7);
    expect(send(200, fields(7)).toString('hex')).toBe('88be');
  });

  it('never indexes what is secret', () => {
    const { send } = pair();
    for (let i = 0; i < 3; i++) {
      const block = send(200, { 'set-cookie': ['a=1', 'b=2'] });
      expect(block.toString('hex')).toBe('881f2803613d311f2803623d32');
    }
  });

  it('leaves out what is undefined, and writes numbers as they print', () => {
    const { send } = pair();
    send(200, { 'retry-after': 1, age: undefined, 'x-number': -1.5e300 });
  });

  it('writes characters beyond Latin-1 as UTF-8', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder({ tableSize: 4096, maxListSize: 1 << 20 });
    const into = Buffer.alloc(1000);
    for (const value of ['Zürich', 'ā', '東京', '東'.repeat(100)]) {
      for (let i = 0; i < 3; i++) {
        const end = encoder.encodeTrailers({ 'x-city': value }, into, 0);
        const written = decoder.decode(into, 0, end)![1]!;
        const bytes = Buffer.from(written, 'latin1');
        expect(value === 'Zürich' ? written : bytes.toString()).toBe(value);
      }
    }
  });

  it('writes trailers without :status', () => {
    const into = Buffer.alloc(200);
    const end = new HpackEncoder().encodeTrailers({ 'grpc-status': 0 }, into, 3);
    expect(into.subarray(3, end).toString('latin1')).toBe('\x40\x0bgrpc-status\x010');
  });

  it('changes nothing where there is no room', () => {
    const { encoder, send } = pair();
    const fields = { 'content-type': 'application/json', 'x-a': 'ü'.repeat(50), server: 'ä' };
    encoder.setMaxTableSize(100);
    encoder.setMaxTableSize(2000);
    for (const room of [0, 1, 10, 60, 100]) {
      expect(encoder.encode(201, fields, Buffer.alloc(room), 0)).toBe(-1);
      expect(encoder.encodeTrailers(fields, Buffer.alloc(200), 200 - room)).toBe(-1);
    }
    const block = send(201, fields);
    expect(block.subarray(0, 5).toString('hex')).toBe('203fb10f48');
    // What is Latin-1 takes an octet a character, and is not refused for want of three.
    expect(encoder.encode(200, { 'x-long': 'ü'.repeat(10_000) }, Buffer.alloc(10_100), 0)).toBeGreaterThan(0);
  });
});

describe('the peer’s table size', () => {
  it('is at most 4096, which needs no update', () => {
    const { encoder, send } = pair(65_536);
    encoder.setMaxTableSize(65_536);
    expect(send(200, {}).toString('hex')).toBe('88');
  });

  it('is told at the start of the next block, also that it was smaller in between', () => {
    const { encoder, send } = pair();
    const fields = { server: 'a', vary: 'b' };
    send(200, fields);
    encoder.setMaxTableSize(512);
    expect(send(200, fields).toString('hex')).toBe('3fe10388bfbe');
    // As if it had been 0: Go's decoder refuses two updates where anything is left in between.
    encoder.setMaxTableSize(100);
    encoder.setMaxTableSize(1024);
    expect(send(200, fields).toString('hex')).toBe('203fe107887601617b0162');
    encoder.setMaxTableSize(0);
    expect(send(200, fields).toString('hex')).toBe('20880f2701610f2c0162');
    expect(send(200, fields).toString('hex')).toBe('880f2701610f2c0162');
  });

  it('evicts by the sizes of entries', () => {
    const { encoder, send } = pair();
    // server: 6 + 1 + 32, vary: 4 + 1 + 32, via: 3 + 1 + 32.
    encoder.setMaxTableSize(112);
    const fields = { server: 'a', vary: 'b', via: 'c' };
    send(200, fields);
    expect(send(200, fields).toString('hex')).toBe('88c0bfbe');
    // A fourth one drives out the first, which then comes in again, and so on.
    send(200, { link: 'd' });
    expect(send(200, { via: 'c', vary: 'b' }).toString('hex')).toBe('88bfc0');
    expect(send(200, { server: 'a' }).toString('hex')).toBe('88760161');
    expect(send(200, { vary: 'b' }).toString('hex')).toBe('887b0162');
  });
});

it('forgets names where there are too many, and goes on', () => {
  const { send } = pair();
  for (let i = 0; i < 600; i++) send(200, { [`x-${i}`]: 'a', server: 'b' });
});
