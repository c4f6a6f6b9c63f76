import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectStreamError } from '../support/http2-expectations.ts';
import {
  block,
  CODE,
  continuation,
  data,
  type Field,
  get,
  headers,
  post,
  request,
  TYPE,
} from '../support/http2-frames.ts';
import type { RawClient } from '../support/http2-raw-client.ts';
import { BODY_LIMIT, ListenerServer } from '../support/http2-server.ts';

let server: ListenerServer;
beforeAll(async () => {
  server = await ListenerServer.start();
});
afterEach(() => server.reset());
afterAll(() => server.stop());

interface Fields {
  method: string;
  path: string;
  query: string;
  host: string;
  fields: Record<string, string[]>;
}

async function fieldsOf(client: RawClient, streamId: number): Promise<Fields> {
  const { status, body } = await client.answer(streamId);
  expect(status, client.story()).toBe(200);
  return JSON.parse(body.toString());
}

const without = (name: string): Field[] => request('/').filter(([own]) => own !== name);
const changed = (name: string, value: string | Uint8Array): Field[] =>
  request('/').map((field) => (field[0] === name ? [name, value] : field));

/** RFC 9113 sections 8.1.1, 8.2 and 8.3. */
describe('a request is malformed, an error of its stream alone and never served, with', () => {
  it.each<[string, readonly Field[]]>([
    ['a name in upper case', request('/', 'GET', [['X-Upper', 'a']])],
    ['a name with one letter in upper case', request('/', 'GET', [['x-uPper', 'a']])],
    ['a name with a space', request('/', 'GET', [['x y', 'a']])],
    ['a name with a line break', request('/', 'GET', [['x\r\ny', 'a']])],
    ['a name with NUL', request('/', 'GET', [['x\0y', 'a']])],
    ['a name with a colon', request('/', 'GET', [['x:y', 'a']])],
    ['a name beyond ASCII', request('/', 'GET', [['xä', 'a']])],
    ['a name of nothing', request('/', 'GET', [['', 'a']])],
    ['a value with a line feed', request('/', 'GET', [['x', 'a\nb: c']])],
    ['a value with a carriage return', request('/', 'GET', [['x', 'a\rb']])],
    ['a value with NUL', request('/', 'GET', [['x', 'a\0b']])],
    ['connection', request('/', 'GET', [['connection', 'keep-alive']])],
    ['keep-alive', request('/', 'GET', [['keep-alive', 'timeout=5']])],
    ['proxy-connection', request('/', 'GET', [['proxy-connection', 'close']])],
    ['transfer-encoding', request('/', 'POST', [['transfer-encoding', 'chunked']])],
    ['upgrade', request('/', 'GET', [['upgrade', 'websocket']])],
    ['te other than trailers', request('/', 'GET', [['te', 'gzip']])],
    ['te of trailers and more', request('/', 'GET', [['te', 'trailers, deflate']])],
    ['no :method', without(':method')],
    ['no :scheme', without(':scheme')],
    ['no :path', without(':path')],
    ['an empty :path', changed(':path', '')],
    ['a :path that is none', changed(':path', 'livez')],
    ['an empty :method', changed(':method', '')],
    ['two :method', [[':method', 'GET'], ...request('/')]],
    ['two :scheme', [[':scheme', 'https'], ...request('/')]],
    ['two :path', [...request('/'), [':path', '/other']]],
    ['two :authority', [...request('/'), [':authority', 'other']]],
    [':status', [...request('/'), [':status', '200']]],
    ['a pseudo-header field that nobody knows', [[':unknown', 'x'], ...request('/')]],
    [':protocol, which was not offered', [...request('/'), [':protocol', 'websocket']]],
    ['a pseudo-header field behind others', [['accept', '*/*'], ...request('/')]],
    ['one of them behind others', [...without(':path'), ['accept', '*/*'], [':path', '/']]],
    ['a path with a line break', changed(':path', '/a\r\nb')],
    ['a path with NUL', changed(':path', '/a\0')],
    ['a method that is no word', changed(':method', 'GET /x HTTP/1.1')],
    ['no fields', []],
    ['nothing but other fields', [['accept', '*/*']]],
  ])('%s', async (_, fields) => {
    const client = await server.client();
    client.send(headers(1, block(fields)), get(3));
    await expectStreamError(client, 1, CODE.PROTOCOL_ERROR);
    expect((await client.answer(3)).status).toBe(200);
    expect(server.exchanges.map(({ path }) => path)).toEqual(['/']);
  });

  it('a value with a blank around it, unless that is cut off', async () => {
    for (const value of [' a', 'a ', '\ta']) {
      const client = await server.client();
      client.send(headers(1, block(request('/fields', 'GET', [['x-blank', value]]))));
      const { status, reset, body } = await client.answer(1);
      if (status === undefined) expect(reset).toBe(CODE.PROTOCOL_ERROR);
      else expect(['a', value]).toContain(JSON.parse(body.toString()).fields['x-blank'][0]);
      expect(await client.isAlive()).toBe(true);
    }
  });
});

/** RFC 9113 section 8.1.1. */
describe('content-length', () => {
  it.each<[string, string | readonly string[], readonly string[]]>([
    ['is less than what comes', '3', ['hello']],
    ['is more than what comes', '6', ['hello']],
    ['is less than the sum of what comes', '8', ['hello', 'world']],
    ['is more than the sum of what comes', '11', ['hello', 'world']],
    ['is nothing, and something comes', '0', ['x']],
    ['is something, and nothing comes', '5', ['']],
  ])('that %s ends the stream, and the body is not taken for whole', async (_, length, parts) => {
    const client = await server.client();
    client.send(
      post(1, '/echo', [['content-length', length as string]]),
      ...parts.map((part, i) => data(1, part, i === parts.length - 1)),
      get(3),
    );
    await expectStreamError(client, 1, CODE.PROTOCOL_ERROR);
    expect(client.seen.some(({ type, streamId }) => type === TYPE.HEADERS && streamId === 1)).toBe(false);
    expect((await client.answer(3)).status).toBe(200);
    const served = server.exchanges.filter(({ path }) => path === '/echo').length;
    await expect.poll(() => server.brokenBodies.length).toBe(served);
  });

  it('that says there is a body where the request ends is an error', async () => {
    const client = await server.client();
    client.send(headers(1, block(request('/echo', 'POST', [['content-length', '5']]))));
    await expectStreamError(client, 1, CODE.PROTOCOL_ERROR);
  });

  it.each(['-1', '+5', '5, 5', '5x', '0x5', '1e1', '5.0', '', '99999999999999999999999'])(
    'is not %j',
    async (value) => {
      const client = await server.client();
      client.send(post(1, '/echo', [['content-length', value]]), data(1, 'hello', true));
      const { status, reset } = await client.answer(1);
      // Some take two that say the same.
      if (value === '5, 5' && status === 200) return;
      expect([CODE.PROTOCOL_ERROR], client.story()).toContain(reset);
      expect(await client.isAlive()).toBe(true);
    },
  );

  it('is not said twice in two ways', async () => {
    const client = await server.client();
    client.send(
      post(1, '/echo', [
        ['content-length', '5'],
        ['content-length', '6'],
      ]),
      data(1, 'hello', true),
    );
    await expectStreamError(client, 1, CODE.PROTOCOL_ERROR);
  });

  it('may be left out, or right', async () => {
    const client = await server.client();
    client.send(
      post(1, '/echo'),
      data(1, 'hello', true),
      post(3, '/echo', [['content-length', '5']]),
      data(3, 'he'),
      data(3, 'llo', true),
      post(5, '/echo', [['content-length', '0']]),
      data(5, '', true),
      headers(7, block(request('/echo', 'POST', [['content-length', '0']]))),
      headers(9, block(request('/echo', 'POST'))),
    );
    for (const [id, body] of [
      [1, 'hello'],
      [3, 'hello'],
      [5, ''],
      [7, ''],
      [9, ''],
    ] as const)
      expect(await client.answer(id), `${id}`).toMatchObject({ status: 200, body: Buffer.from(body) });
  });

  it('beyond what is taken is answered all the same', async () => {
    const client = await server.client();
    client.send(post(1, '/echo', [['content-length', String(BODY_LIMIT + 1)]]), data(1, Buffer.alloc(1000)));
    // It is known from the head that this is too long, or at the end: no need to send the whole.
    const answered = await Promise.race([
      client.answer(1),
      client.isAlive().then(() => new Promise<undefined>((done) => setTimeout(done, 100, undefined))),
    ]);
    if (answered) expect(answered.status).toBe(413);
    expect(await client.isAlive()).toBe(true);
  });
});

/** RFC 9113 section 8.1. */
describe('trailers', () => {
  it('may follow a body, and are not part of the fields', async () => {
    const client = await server.client();
    client.send(
      post(1, '/echo', [['te', 'trailers']]),
      data(1, 'body'),
      headers(1, block([['x-checksum', '1']])),
    );
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.from('body') });
  });

  it('may follow no body', async () => {
    const client = await server.client();
    client.send(post(1, '/echo'), headers(1, block([['x-checksum', '1']])));
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  it('may come in pieces', async () => {
    const client = await server.client();
    const trailers = block([['x-checksum', 'abcdef']]);
    client.send(
      post(1, '/echo'),
      data(1, 'body'),
      headers(1, trailers.subarray(0, 4), true, false),
      continuation(1, trailers.subarray(4)),
    );
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.from('body') });
  });

  it.each<[string, readonly Field[], boolean]>([
    ['that do not end the request', [['x', '1']], false],
    ['with a pseudo-header field', [[':path', '/other']], true],
    ['with :status', [[':status', '200']], true],
    ['in upper case', [['X-Upper', '1']], true],
    ['that are for the connection', [['connection', 'close']], true],
  ])('%s are an error', async (_, fields, isEnd) => {
    const client = await server.client();
    client.send(post(1, '/echo'), data(1, 'body'), headers(1, block(fields), isEnd));
    await expectStreamError(client, 1, CODE.PROTOCOL_ERROR);
    expect(client.seen.some(({ type, streamId }) => type === TYPE.HEADERS && streamId === 1)).toBe(false);
  });

  it('do not make up for a body that is too short', async () => {
    const client = await server.client();
    client.send(
      post(1, '/echo', [['content-length', '9']]),
      data(1, 'body'),
      headers(1, block([['x', '1']])),
    );
    await expectStreamError(client, 1, CODE.PROTOCOL_ERROR);
  });
});

describe('a request', () => {
  it('is told as it was sent', async () => {
    const client = await server.client();
    client.send(
      headers(
        1,
        block(
          request('/fields/a%2Fb//c?x=1&y=%20?z', 'PATCH', [
            ['accept', 'a'],
            ['x-empty', ''],
            ['accept', 'b'],
            ['te', 'trailers'],
            ['x-blanks', 'a  b\tc'],
            ['x-utf8', 'Zoë'],
            ["x-all_!#$%&'*+.^`|~09", 'ok'],
          ]),
        ),
      ),
    );
    const told = await fieldsOf(client, 1);
    expect(told).toMatchObject({
      method: 'PATCH',
      path: '/fields/a%2Fb//c',
      query: 'x=1&y=%20?z',
      host: 'sallyport.test',
    });
    expect(told.fields).toMatchObject({
      accept: ['a', 'b'],
      'x-empty': [''],
      te: ['trailers'],
      'x-blanks': ['a  b\tc'],
      'x-utf8': ['Zoë'],
      "x-all_!#$%&'*+.^`|~09": ['ok'],
    });
  });

  it('may have host in place of :authority', async () => {
    const client = await server.client();
    client.send(
      headers(
        1,
        block([
          [':method', 'GET'],
          [':scheme', 'https'],
          [':path', '/fields'],
          ['host', 'by-host.test'],
        ]),
      ),
    );
    const told = await fieldsOf(client, 1);
    expect([told.host, told.fields['host']?.[0]]).toContain('by-host.test');
  });

  it('may have its pseudo-header fields in any order, and cookies in crumbs', async () => {
    const client = await server.client();
    client.send(
      headers(
        1,
        block([
          [':path', '/fields'],
          [':authority', 'x'],
          [':scheme', 'https'],
          [':method', 'GET'],
          ['cookie', 'a=b'],
          ['cookie', 'c=d'],
        ]),
      ),
    );
    expect((await fieldsOf(client, 1)).fields['cookie']!.join('; ')).toBe('a=b; c=d');
  });

  it('may be for * with OPTIONS', async () => {
    const client = await server.client();
    client.send(headers(1, block(request('*', 'OPTIONS'))));
    const { status, reset } = await client.answer(1);
    expect(status ?? reset).toBeDefined();
    expect(await client.isAlive()).toBe(true);
  });

  it('by HEAD gets no body', async () => {
    const client = await server.client();
    client.send(headers(1, block(request('/bytes?100', 'HEAD'))), headers(3, block(request('/', 'HEAD'))));
    for (const id of [1, 3])
      expect(await client.answer(id)).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  it('to CONNECT does no harm (8.5)', async () => {
    const client = await server.client();
    client.send(
      headers(
        1,
        block([
          [':method', 'CONNECT'],
          [':authority', 'somewhere:443'],
        ]),
        false,
      ),
      data(1, 'through the tunnel'),
      headers(3, block(request('/', 'CONNECT')), false),
      get(5),
    );
    expect((await client.answer(5)).status).toBe(200);
    expect(await client.isAlive()).toBe(true);
  });

  it('that expects to be told to go on is answered', async () => {
    const client = await server.client();
    client.send(post(1, '/echo', [['expect', '100-continue']]));
    expect(await client.isAlive()).toBe(true);
    client.send(data(1, 'went on', true));
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.from('went on') });
  });

  it('may carry a long token', async () => {
    const client = await server.client();
    const token = `Bearer ${'t'.repeat(30_000)}`;
    const bytes = block(request('/fields', 'GET', [['authorization', token]]));
    client.send(headers(1, bytes.subarray(0, 16_384), true, false), continuation(1, bytes.subarray(16_384)));
    expect((await fieldsOf(client, 1)).fields['authorization']).toEqual([token]);
  });

  it('may carry a hundred fields', async () => {
    const client = await server.client();
    const many = Array.from({ length: 100 }, (_, i): Field => [`x-${i}`, `value ${i}`]);
    client.send(get(1, '/fields', many));
    const { fields } = await fieldsOf(client, 1);
    for (const [name, value] of many) expect(fields[name]).toEqual([value]);
  });

  it.each([
    ['one field of 3 MiB', 1, 3 << 20],
    ['100,000 small ones', 100_000, 20],
  ])('with %s is refused', async (_, count, size) => {
    const client = await server.client();
    const all = block(
      request(
        '/',
        'GET',
        Array.from({ length: count }, (_, i): Field => [`x-${i}`, 'v'.repeat(size)]),
      ),
    );
    client.send(headers(1, all.subarray(0, 16_384), true, false));
    for (let at = 16_384; at < all.length && !client.isClosed; at += 16_384)
      client.send(continuation(1, all.subarray(at, at + 16_384), at + 16_384 >= all.length));
    const { status, reset, goAway, isClosed } = await client.answer(1);
    expect(status === 431 || (reset ?? goAway) !== undefined || isClosed, client.story()).toBe(true);
    expect(server.exchanges).toHaveLength(0);
    const other = await server.client();
    other.send(get(1));
    expect((await other.answer(1)).status).toBe(200);
  });
});
