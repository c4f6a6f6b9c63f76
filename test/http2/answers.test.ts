import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectError } from '../support/http2-expectations.ts';
import {
  block,
  CODE,
  data,
  FLAG,
  type Frame,
  get,
  hasFlag,
  headers,
  post,
  request,
  rstStream,
  SETTING,
  TYPE,
  windowUpdate,
} from '../support/http2-frames.ts';
import { BODY_LIMIT, ListenerServer, pattern } from '../support/http2-server.ts';

let server: ListenerServer;
beforeAll(async () => {
  server = await ListenerServer.start();
});
afterEach(() => server.reset());
afterAll(() => server.stop());

describe('an answer', () => {
  it('goes out once', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    const exchange = await server.exchange('/hold');
    const closed = new Promise<void>((resolve) => exchange.onClose(resolve));
    exchange.respond(200, {}, 'first');
    exchange.respond(500, {}, 'second');
    expect(await client.answer(1)).toEqual({ status: 200, body: Buffer.from('first') });
    await closed;
    exchange.respond(500, {}, 'third');
    expect(exchange.closed).toBe(true);
    expect(await client.isAlive()).toBe(true);
    expect(client.seen.filter(({ streamId }) => streamId === 1)).toHaveLength(2);
  });

  it.each([201, 204, 304, 401, 403, 429, 500, 504])('may have status %d', async (status) => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    (await server.exchange('/hold')).respond(status, {}, '');
    expect(await client.answer(1)).toEqual({ status, body: Buffer.alloc(0) });
  });

  it('that has no body ends with its head', async () => {
    const client = await server.client();
    client.send(get(1, '/bytes?0'), headers(3, block(request('/', 'HEAD'))));
    for (const id of [1, 3])
      expect(hasFlag(await client.frame(TYPE.HEADERS, id), FLAG.END_STREAM)).toBe(true);
    expect(await client.isAlive()).toBe(true);
  });

  it('may have fields longer than a frame', async () => {
    const session = connect(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false });
    try {
      const stream = session.request({ ':path': '/hold' });
      const answered = once(stream, 'response');
      const value = 'long '.repeat(9000).trim();
      (await server.exchange('/hold')).respond(
        200,
        { 'x-long': value, 'x-list': ['a', 'b'], age: 3 },
        'body',
      );
      stream.resume();
      expect((await answered)[0]).toMatchObject({ 'x-long': value, 'x-list': 'a, b', age: '3' });
      await once(stream, 'close');
    } finally {
      session.destroy();
    }
  });

  it('may be written bit by bit, each bit sent without waiting for the next', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    const out = (await server.exchange('/hold')).stream(200, { 'content-type': 'application/json' });
    await client.frame(TYPE.HEADERS, 1);
    for (const line of ['{"type":"ADDED"}\n', '{"type":"MODIFIED"}\n']) {
      out.write(line);
      expect((await client.frame(TYPE.DATA, 1)).payload.toString()).toBe(line);
    }
    out.end('last');
    const answer = await client.answer(1);
    expect(answer.body.toString()).toBe('{"type":"ADDED"}\n{"type":"MODIFIED"}\nlast');
    expect(await client.isAlive()).toBe(true);
    expect(client.seen.filter(({ type }) => type === TYPE.RST_STREAM)).toEqual([]);
  });

  it('may be cut off', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'), get(3, '/hold/2'));
    const exchange = await server.exchange('/hold');
    const closed = new Promise<void>((resolve) => exchange.onClose(resolve));
    const out = exchange.stream(200, {});
    out.write('begun');
    await client.frame(TYPE.DATA, 1);
    exchange.cut();
    expect((await client.frame(TYPE.RST_STREAM, 1)).payload.readUInt32BE()).not.toBe(CODE.NO_ERROR);
    await closed;
    expect([exchange.closed, out.destroyed]).toEqual([true, true]);
    // One that has not begun as well.
    (await server.exchange('/hold/2')).cut();
    await client.frame(TYPE.RST_STREAM, 3);
    expect(await client.isAlive()).toBe(true);
  });

  it('that is destroyed half-way is not taken for whole', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    const out = (await server.exchange('/hold')).stream(200, {});
    out.write('begun');
    await client.frame(TYPE.DATA, 1);
    out.destroy();
    await client.frame(TYPE.RST_STREAM, 1);
    expect(client.seen.some((one) => one.type === TYPE.DATA && hasFlag(one, FLAG.END_STREAM))).toBe(false);
    expect(await client.isAlive()).toBe(true);
  });

  it('waits where the client does not read, and ends its stream when the client goes', async () => {
    const client = await server.client({ settings: [[SETTING.INITIAL_WINDOW_SIZE, 1000]] });
    client.send(get(1, '/hold'));
    const exchange = await server.exchange('/hold');
    const out = exchange.stream(200, {});
    let written = 0;
    while (out.write(Buffer.alloc(1000)) && written < 10_000_000) written += 1000;
    expect(written).toBeLessThan(2_000_000);
    let isDrained = false;
    out.once('drain', () => {
      isDrained = true;
    });
    await new Promise((done) => setTimeout(done, 50));
    expect(isDrained).toBe(false);
    client.send(windowUpdate(1, 3_000_000), windowUpdate(0, 3_000_000));
    await expect.poll(() => isDrained).toBe(true);
    const closed = once(out, 'close');
    client.close();
    await closed;
    expect(exchange.closed).toBe(true);
  });

  it('may come before the request has ended, whose rest may still come', async () => {
    for (const end of [data(1, 'last', true), headers(1, block([['x-trailer', '1']])), rstStream(1)]) {
      const client = await server.client();
      client.send(post(1, '/hold'), data(1, Buffer.alloc(16_000)));
      const exchange = await server.exchange('/hold');
      exchange.respond(403, {}, 'no');
      await client.frame(TYPE.DATA, 1);
      expect(exchange.closed).toBe(true);
      // More than the window had: the client is not kept waiting.
      for (let i = 0, room = 200_000; i < 60; i++, room -= 16_000) {
        for (; room < 16_000; room += (await client.frame(TYPE.WINDOW_UPDATE, 1)).payload.readUInt32BE());
        client.send(data(1, Buffer.alloc(16_000)));
      }
      client.send(end, get(3));
      expect((await client.answer(3)).status).toBe(200);
      expect(client.seen.filter(({ type }) => type === TYPE.RST_STREAM)).toEqual([]);
      if (end.length > 13) {
        client.send(data(1, 'and more'));
        await expectError(client, 1, CODE.STREAM_CLOSED);
      }
      await server.reset();
    }
  });

  it('may come before the request has ended, which may not go on for ever', async () => {
    const client = await server.client();
    client.send(post(1, '/early'));
    await client.frame(TYPE.DATA, 1);
    let room = 250_000;
    let sent = 0;
    const isOver = ({ type }: Frame): boolean => type === TYPE.RST_STREAM || type === TYPE.WINDOW_UPDATE;
    for (;;) {
      for (; room >= 16_000; room -= 16_000, sent += 16_000) client.send(data(1, Buffer.alloc(16_000)));
      const found = await client.next(isOver, 'RST_STREAM or room');
      if (found?.type === TYPE.RST_STREAM) {
        expect(found.payload.readUInt32BE()).toBe(CODE.NO_ERROR);
        break;
      }
      if (found?.streamId === 1) room += found.payload.readUInt32BE();
      expect(sent).toBeLessThan(10_000_000);
    }
    // What was under way by then is passed over.
    client.send(data(1, Buffer.alloc(1000)), headers(1, block([['x-trailer', '1']])), get(3));
    expect((await client.answer(3)).status).toBe(200);
    expect(client.seen.filter(({ type }) => type === TYPE.RST_STREAM)).toHaveLength(1);
  });

  it('of many requests at once comes to each', async () => {
    const client = await server.client({
      settings: [[SETTING.INITIAL_WINDOW_SIZE, 1 << 20]],
      opensWindows: true,
    });
    const ids = Array.from({ length: 200 }, (_, i) => 1 + 2 * i);
    client.send(...ids.flatMap((id) => [post(id, '/echo'), data(id, `${id} `.repeat(100), true)]));
    for (const id of ids) expect((await client.answer(id)).body.toString()).toBe(`${id} `.repeat(100));
  });
});

describe('a request body', () => {
  it('as long as is taken is taken, and one byte more is not', async () => {
    for (const isTold of [true, false]) {
      const client = await server.client({ opensWindows: true });
      const session = connect(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false });
      try {
        for (const [size, status] of [
          [BODY_LIMIT, 200],
          [BODY_LIMIT + 1, 413],
        ] as const) {
          const stream = session.request({
            ':method': 'POST',
            ':path': '/echo',
            ...(isTold ? { 'content-length': size } : {}),
          });
          stream.on('error', () => {});
          const answered = once(stream, 'response');
          stream.end(pattern(size));
          expect((await answered)[0][':status'], `${size}, told: ${isTold}`).toBe(status);
          stream.resume();
          if (!stream.closed) await once(stream, 'close');
        }
      } finally {
        session.destroy();
        client.close();
      }
    }
  });

  it('may be read as it comes', async () => {
    const client = await server.client();
    client.send(post(1, '/hold'), data(1, 'first'));
    const exchange = await server.exchange('/hold');
    const source = exchange.source();
    const [first] = await once(source, 'data');
    expect(String(first)).toBe('first');
    client.send(data(1, 'second', true));
    const ended = once(source, 'end');
    const [second] = await once(source, 'data');
    expect(String(second)).toBe('second');
    await ended;
    exchange.respond(200, {}, 'done');
    expect((await client.answer(1)).body.toString()).toBe('done');
  });

  it('breaks off where the client resets it', async () => {
    const client = await server.client();
    client.send(post(1, '/hold', [['content-length', '100']]), data(1, 'first'));
    const exchange = await server.exchange('/hold');
    const body = exchange.body(1000);
    const failed = expect(body).rejects.toThrow();
    client.close();
    await failed;
  });
});

it('a connection tells who the client is', async () => {
  const client = await server.client();
  client.send(get(1, '/hold'));
  const exchange = await server.exchange('/hold');
  expect(exchange.remoteAddress).toBe('127.0.0.1');
  expect(exchange.certificates).toEqual([]);
  expect(exchange.httpVersion).toBe('2');
});
