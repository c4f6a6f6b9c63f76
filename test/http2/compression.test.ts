import { connect } from 'node:http2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectConnectionError } from '../support/http2-expectations.ts';
import {
  block,
  CODE,
  continuation,
  type Field,
  headers,
  indexed,
  integer,
  literal,
  request,
  rstStream,
  string,
} from '../support/http2-frames.ts';
import type { RawClient } from '../support/http2-raw-client.ts';
import { ListenerServer } from '../support/http2-server.ts';

let server: ListenerServer;
beforeAll(async () => {
  server = await ListenerServer.start({ maxStreams: 2 });
});
afterEach(() => server.reset());
afterAll(() => server.stop());

const REQUEST = block(request('/fields'));
/** `:method: GET`, `:scheme: https`, `:path: /` and the authority. */
const INDEXED = Buffer.concat([
  indexed(2),
  indexed(7),
  indexed(4),
  integer(1, 4, 0),
  string('sallyport.test'),
]);

async function fieldsOf(client: RawClient, streamId: number): Promise<Record<string, string[]>> {
  const { status, body } = await client.answer(streamId);
  expect(status, client.story()).toBe(200);
  return JSON.parse(body.toString()).fields;
}

/** RFC 9113 section 4.3, RFC 7541. */
describe('a header block that cannot be read ends the connection', () => {
  it.each([
    ['index 0', Buffer.concat([REQUEST, Buffer.of(0x80)])],
    ['an index beyond the tables', Buffer.concat([REQUEST, indexed(62)])],
    ['a huge index', Buffer.concat([REQUEST, Buffer.from('ffffffffff0f', 'hex')])],
    ['an index that never ends', Buffer.concat([REQUEST, Buffer.of(0xff), Buffer.alloc(50, 0xff)])],
    ['the name of an index beyond the tables', Buffer.concat([REQUEST, integer(70, 6, 0x40), string('x')])],
    ['a field without a value', Buffer.concat([REQUEST, Buffer.of(0), string('a')])],
    ['a name that is cut', Buffer.concat([REQUEST, Buffer.of(0, 10), Buffer.from('abc')])],
    ['a value that is cut', Buffer.concat([REQUEST, Buffer.of(0), string('a'), Buffer.of(9, 0x61)])],
    ['a value of 4 GiB', Buffer.concat([REQUEST, Buffer.of(0), string('a'), integer(2 ** 32, 7, 0)])],
    ['a length that never ends', Buffer.concat([REQUEST, Buffer.of(0), Buffer.alloc(60, 0xff)])],
    ['a table larger than 4096 bytes', Buffer.concat([integer(4097, 5, 0x20), REQUEST])],
    ['the size of the table behind a field', Buffer.concat([REQUEST, integer(100, 5, 0x20)])],
    [
      'Huffman code with the end in it',
      Buffer.concat([REQUEST, Buffer.of(0), string('a'), Buffer.of(0x84, 0xff, 0xff, 0xff, 0xff)]),
    ],
    [
      'Huffman code padded by a whole byte',
      Buffer.concat([REQUEST, Buffer.of(0), string('a'), Buffer.from('82' + '1fff', 'hex')]),
    ],
    [
      'Huffman code padded by noughts',
      Buffer.concat([REQUEST, Buffer.of(0), string('a'), Buffer.of(0x81, 0x18)]),
    ],
  ])('%s', async (_, bytes) => {
    const client = await server.client();
    client.send(headers(1, bytes));
    await expectConnectionError(client, CODE.COMPRESSION_ERROR);
    expect(server.exchanges).toHaveLength(0);
  });
});

describe('the table of header fields', () => {
  const kept: Field[] = [
    ['x-first', 'one'],
    ['x-second', 'two'],
  ];

  it('is kept from request to request, the newest first', async () => {
    const client = await server.client();
    client.send(headers(1, Buffer.concat([REQUEST, ...kept.map((field) => literal(field, true))])));
    expect(await fieldsOf(client, 1)).toMatchObject({ 'x-first': ['one'], 'x-second': ['two'] });
    client.send(headers(3, Buffer.concat([REQUEST, indexed(62), integer(63, 4, 0), string('other')])));
    expect(await fieldsOf(client, 3)).toMatchObject({ 'x-first': ['other'], 'x-second': ['two'] });
    client.send(headers(5, Buffer.concat([REQUEST, indexed(64)])));
    await expectConnectionError(client, CODE.COMPRESSION_ERROR);
  });

  it('is that of the whole connection: blocks of streams that are refused, reset or wrong are read too', async () => {
    const client = await server.client();
    const holding = block(request('/hold'));
    client.send(headers(1, holding), headers(3, holding));
    await server.exchange('/hold');
    // The third is one too many.
    client.send(headers(5, Buffer.concat([REQUEST, literal(['x-refused', 'kept'], true)])));
    expect((await client.answer(5)).reset).toBe(CODE.REFUSED_STREAM);
    client.send(rstStream(1));
    client.send(headers(7, Buffer.concat([REQUEST, literal(['X-Wrong', 'kept'], true)])));
    expect((await client.answer(7)).reset).toBe(CODE.PROTOCOL_ERROR);
    client.send(headers(9, Buffer.concat([REQUEST, indexed(63)])));
    expect(await fieldsOf(client, 9)).toMatchObject({ 'x-refused': ['kept'] });
  });

  it('takes fields of trailers and of blocks that come in pieces', async () => {
    const client = await server.client();
    const first = Buffer.concat([block(request('/fields', 'POST')), literal(['x-head', 'kept'], true)]);
    const trailers = literal(['x-trailer', 'kept too'], true);
    client.send(
      headers(1, first.subarray(0, -4), false, false),
      continuation(1, first.subarray(-4)),
      headers(1, trailers.subarray(0, 3), true, false),
      continuation(1, trailers.subarray(3)),
    );
    expect(await fieldsOf(client, 1)).toMatchObject({ 'x-head': ['kept'] });
    client.send(headers(3, Buffer.concat([REQUEST, indexed(62), indexed(63)])));
    expect(await fieldsOf(client, 3)).toMatchObject({ 'x-head': ['kept'], 'x-trailer': ['kept too'] });
  });

  it('loses the oldest where it is full, and all where it is to be empty', async () => {
    const client = await server.client();
    const long = 'x'.repeat(1800);
    client.send(
      headers(
        1,
        Buffer.concat([REQUEST, ...['a', 'b', 'c'].map((name) => literal([name, `${name}${long}`], true))]),
      ),
    );
    expect(Object.keys(await fieldsOf(client, 1))).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    // Two of them fit.
    client.send(headers(3, Buffer.concat([REQUEST, indexed(63)])));
    expect(await fieldsOf(client, 3)).toMatchObject({ b: [`b${long}`] });
    client.send(headers(5, Buffer.concat([integer(0, 5, 0x20), integer(4096, 5, 0x20), INDEXED])));
    expect((await client.answer(5)).status).toBe(200);
    client.send(headers(7, Buffer.concat([REQUEST, indexed(62)])));
    await expectConnectionError(client, CODE.COMPRESSION_ERROR);
  });

  it('is emptied by a field that is larger than it', async () => {
    const client = await server.client();
    client.send(
      headers(1, Buffer.concat([REQUEST, literal(['a', '1'], true), literal(['b', 'x'.repeat(4096)], true)])),
    );
    expect((await fieldsOf(client, 1))['b']![0]).toHaveLength(4096);
    client.send(headers(3, Buffer.concat([REQUEST, indexed(62)])));
    await expectConnectionError(client, CODE.COMPRESSION_ERROR);
  });

  it('takes names and values in Huffman code', async () => {
    const client = await server.client();
    // `custom-key: custom-value` of RFC 7541 C.4.3.
    const field = Buffer.from('408825a849e95ba97d7f8925a849e95bb8e8b4bf', 'hex');
    client.send(headers(1, Buffer.concat([REQUEST, field])));
    expect(await fieldsOf(client, 1)).toMatchObject({ 'custom-key': ['custom-value'] });
  });

  it('takes fields that are never to be kept', async () => {
    const client = await server.client();
    client.send(
      headers(1, Buffer.concat([REQUEST, Buffer.of(0x10), string('authorization'), string('Bearer x')])),
    );
    expect(await fieldsOf(client, 1)).toMatchObject({ authorization: ['Bearer x'] });
  });
});

describe('what the server compresses', () => {
  it.each([0, 100, 4096, 65_536])('can be read with a table of %d bytes', async (headerTableSize) => {
    const session = connect(`https://127.0.0.1:${server.port}`, {
      rejectUnauthorized: false,
      settings: { headerTableSize },
    });
    try {
      for (let i = 0; i < 30; i++) {
        const stream = session.request({ ':path': '/hold', 'x-round': String(i) });
        const answered = new Promise<Record<string, unknown>>((resolve, reject) => {
          stream.once('response', resolve);
          stream.once('error', reject);
        });
        const exchange = await server.exchange('/hold');
        const value = String(i % 3).repeat(50 + i);
        exchange.respond(
          200 + (i % 5) * 77,
          { 'x-value': value, 'x-many': ['a', `b${i}`], 'content-type': 'text/plain', warning: 'ä "quoted"' },
          'body',
        );
        stream.resume();
        expect(await answered).toMatchObject({
          ':status': 200 + (i % 5) * 77,
          'x-value': value,
          'x-many': `a, b${i}`,
          'content-type': 'text/plain',
        });
        await new Promise((done) => (stream.closed ? done(undefined) : stream.once('close', done)));
        server.exchanges.length = 0;
      }
    } finally {
      session.destroy();
    }
  });
});
