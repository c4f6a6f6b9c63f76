import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectConnectionError, expectError } from '../support/http2-expectations.ts';
import {
  block,
  CODE,
  data,
  get,
  headers,
  post,
  rstStream,
  TYPE,
  windowUpdate,
} from '../support/http2-frames.ts';
import { ListenerServer } from '../support/http2-server.ts';

let server: ListenerServer;
beforeAll(async () => {
  server = await ListenerServer.start({ maxStreams: 10 });
});
afterEach(() => server.reset());
afterAll(() => server.stop());

/** RFC 9113 section 5.1. */
describe('a stream', () => {
  it.each([
    ['DATA', data(1, 'x')],
    ['RST_STREAM', rstStream(1)],
    ['WINDOW_UPDATE', windowUpdate(1, 1)],
  ])('that has not begun takes no %s', async (_, bytes) => {
    const client = await server.client();
    client.send(bytes);
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
  });

  it.each([
    ['DATA', data(1, 'x')],
    ['HEADERS', headers(1, block([['x-trailer', '1']]))],
    ['another request', get(1, '/other')],
  ])('whose request has ended takes no %s', async (_, bytes) => {
    const client = await server.client();
    client.send(get(1, '/hold'), bytes);
    await expectError(client, 1, CODE.STREAM_CLOSED);
    expect(server.exchanges.filter(({ path }) => path !== '/hold')).toEqual([]);
  });

  it('whose request has ended takes WINDOW_UPDATE', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'), windowUpdate(1, 1000));
    (await server.exchange('/hold')).respond(200, {}, 'fine');
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.from('fine') });
  });

  it('that was reset is not served again', async () => {
    for (const bytes of [data(1, 'x'), get(1, '/again')]) {
      const client = await server.client();
      client.send(post(1, '/hold'), rstStream(1), bytes);
      // What came too late is an error of the stream or connection, or passed over.
      await client.isAlive();
      for (const { type, payload } of client.seen)
        if (type === TYPE.RST_STREAM || type === TYPE.GOAWAY)
          expect(payload.readUInt32BE(type === TYPE.GOAWAY ? 4 : 0)).toBe(CODE.STREAM_CLOSED);
      expect(server.exchanges.filter(({ path }) => path === '/again')).toEqual([]);
      client.close();
    }
  });

  it('that is over takes what may still be under way, and passes it over', async () => {
    const client = await server.client();
    client.send(get(1));
    await client.answer(1);
    client.send(windowUpdate(1, 100), rstStream(1));
    expect(await client.isAlive()).toBe(true);
    client.send(get(3));
    expect((await client.answer(3)).status).toBe(200);
  });

  it('that is over takes no other request', async () => {
    const client = await server.client();
    client.send(get(1));
    await client.answer(1);
    client.send(get(1, '/again'));
    await expectError(client, 1, CODE.STREAM_CLOSED, CODE.PROTOCOL_ERROR);
    expect(server.exchanges.filter(({ path }) => path === '/again')).toEqual([]);
  });

  it('may be answered while its request goes on, which is read to its end or broken off', async () => {
    const client = await server.client();
    client.send(post(1, '/early'));
    const answer = await client.frame(TYPE.HEADERS, 1);
    expect(answer).toBeDefined();
    for (let i = 0; i < 8; i++) client.send(data(1, Buffer.alloc(1000)));
    client.send(data(1, 'end', true), get(3));
    expect((await client.answer(3)).status).toBe(200);
    const resets = client.seen.filter(({ type }) => type === TYPE.RST_STREAM);
    for (const { payload } of resets) expect([CODE.NO_ERROR, CODE.CANCEL]).toContain(payload.readUInt32BE());
    expect(await client.isAlive()).toBe(true);
  });
});

/** RFC 9113 section 5.1.1. */
describe('the number of a stream', () => {
  it.each([0, 2, 100])('is not %d', async (id) => {
    const client = await server.client();
    client.send(get(id));
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
    expect(server.exchanges).toHaveLength(0);
  });

  it('is higher than those before', async () => {
    const client = await server.client();
    client.send(get(5, '/hold'), get(3, '/again'));
    await expectConnectionError(client, CODE.PROTOCOL_ERROR, CODE.STREAM_CLOSED);
    expect(server.exchanges.filter(({ path }) => path === '/again')).toEqual([]);
  });

  it('may leave others out, up to the highest there is', async () => {
    const client = await server.client();
    client.send(get(1), get(7), get(1001), get(2 ** 31 - 1));
    for (const id of [1, 7, 1001, 2 ** 31 - 1]) expect((await client.answer(id)).status, `${id}`).toBe(200);
  });
});

/** RFC 9113 section 5.1.2. */
describe('streams at once', () => {
  it('are no more than the server allows; what is refused can be asked again', async () => {
    const client = await server.client();
    expect(await client.isAlive()).toBe(true);
    for (let i = 0; i < 10; i++) client.send(get(1 + 2 * i, `/hold/${i}`));
    await server.exchange('/hold/9');
    client.send(get(21, '/hold/10'), post(23, '/hold/11'), data(23, 'body', true));
    expect(await client.answer(21)).toMatchObject({ reset: CODE.REFUSED_STREAM });
    expect(await client.answer(23)).toMatchObject({ reset: CODE.REFUSED_STREAM });
    expect(server.exchanges).toHaveLength(10);
    expect(await client.isAlive()).toBe(true);
    server.exchanges[4]!.respond(200, {}, 'made room');
    expect((await client.answer(9)).body.toString()).toBe('made room');
    client.send(get(25));
    expect((await client.answer(25)).status).toBe(200);
    client.send(rstStream(1), get(27));
    expect((await client.answer(27)).status).toBe(200);
    for (const i of [1, 2, 3, 5, 6, 7, 8, 9]) server.exchanges[i]!.respond(200, {}, `${i}`);
    for (const i of [1, 2, 3, 5, 6, 7, 8, 9])
      expect((await client.answer(1 + 2 * i)).body.toString()).toBe(`${i}`);
  });

  it('may follow one another without end', async () => {
    const client = await server.client({ opensWindows: true });
    for (let i = 0; i < 2000; i++) {
      client.send(get(1 + 2 * i));
      if (i % 10 < 9) continue;
      for (let j = i - 9; j <= i; j++) expect((await client.answer(1 + 2 * j)).status).toBe(200);
      client.seen.length = 0;
    }
  });

  it('of one connection do not hold up those of another', async () => {
    const [first, second] = [await server.client(), await server.client()];
    for (let i = 0; i < 10; i++) first.send(get(1 + 2 * i, `/hold/${i}`));
    await server.exchange('/hold/9');
    second.send(get(1));
    expect((await second.answer(1)).status).toBe(200);
  });
});

it('an ended connection ends all its requests', async () => {
  const client = await server.client();
  client.send(
    get(1, '/hold/a'),
    post(3, '/hold/b'),
    data(3, 'part of it'),
    post(5, '/echo'),
    data(5, 'part'),
  );
  const exchanges = [
    await server.exchange('/hold/a'),
    await server.exchange('/hold/b'),
    await server.exchange('/echo'),
  ];
  const closed = exchanges.map((exchange) => new Promise<void>((resolve) => exchange.onClose(resolve)));
  client.close();
  await Promise.all(closed);
  expect(exchanges.map((exchange) => exchange.closed)).toEqual([true, true, true]);
  await expect.poll(() => server.brokenBodies.length).toBe(1);
  // Who asks later is told as well.
  await new Promise<void>((resolve) => exchanges[0]!.onClose(resolve));
});
