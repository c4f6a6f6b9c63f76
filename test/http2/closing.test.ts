import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CODE, data, get, goAway, post, SETTING, TYPE, windowUpdate } from '../support/http2-frames.ts';
import type { RawClient } from '../support/http2-raw-client.ts';
import { ListenerServer, pattern } from '../support/http2-server.ts';

let server: ListenerServer;
beforeEach(async () => {
  server = await ListenerServer.start();
});
afterEach(() => server.stop());

/** What the last GOAWAY said: streams up to this one were or will be served. */
async function lastServed(client: RawClient): Promise<number> {
  const { payload } = await client.frame(TYPE.GOAWAY, 0);
  expect(payload.readUInt32BE(4)).toBe(CODE.NO_ERROR);
  return payload.readUInt32BE();
}

/** RFC 9113 section 6.8. */
describe('a listener that closes', () => {
  it('tells its clients, lets streams under way end, and ends the connection after them', async () => {
    const client = await server.client({ opensWindows: true });
    client.send(get(1, '/hold'), post(3, '/echo'), data(3, 'begun, '));
    await server.exchange('/echo');
    const closing = server.listener.close(20_000);
    expect(await lastServed(client)).toBeGreaterThanOrEqual(3);
    client.send(data(3, 'and ended', true));
    expect((await client.answer(3)).body.toString()).toBe('begun, and ended');
    expect(client.isClosed).toBe(false);
    (await server.exchange('/hold')).respond(200, {}, 'held');
    expect((await client.answer(1)).body.toString()).toBe('held');
    expect(await client.end()).toBe(CODE.NO_ERROR);
    await closing;
  });

  it('sends all of an answer before', async () => {
    const client = await server.client({ settings: [[SETTING.INITIAL_WINDOW_SIZE, 0]] });
    client.send(get(1, '/bytes?60000'), get(3, '/stream?5000'));
    await client.frame(TYPE.HEADERS, 3);
    const closing = server.listener.close(20_000);
    await lastServed(client);
    client.send(windowUpdate(3, 100_000), windowUpdate(1, 59_000));
    expect((await client.answer(3)).body.equals(pattern(5000))).toBe(true);
    client.send(windowUpdate(1, 1000));
    expect((await client.answer(1)).body.equals(pattern(60_000))).toBe(true);
    await client.end();
    await closing;
  });

  it('serves what it said that it would, and nothing of what it said that it would not', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    const exchange = await server.exchange('/hold');
    const closing = server.listener.close(20_000);
    client.send(get(3, '/late'), get(5, '/late'));
    const last = await lastServed(client);
    const late = await Promise.race([
      client.isAlive(),
      new Promise<false>((done) => setTimeout(done, 500, false)),
    ]);
    if (late) {
      const goAways = client.seen.filter(({ type }) => type === TYPE.GOAWAY);
      const said = Math.min(last, ...goAways.map(({ payload }) => payload.readUInt32BE()));
      const served = server.exchanges.filter(({ path }) => path === '/late').length;
      expect(served).toBe([3, 5].filter((id) => id <= said).length);
    }
    exchange.respond(200, {}, 'held');
    expect((await client.answer(1)).body.toString()).toBe('held');
    await client.end();
    await closing;
  });

  it('ends a connection on which nothing is under way at once', async () => {
    const client = await server.client();
    client.send(get(1));
    await client.answer(1);
    const closing = server.listener.close(20_000);
    expect(await client.end()).toBe(CODE.NO_ERROR);
    await closing;
  });

  it('ends a connection that has said nothing, or has only just come', async () => {
    // The server may or may not have seen the end of its handshake.
    await server.client({ isSilent: true });
    await server.listener.close(600_000);
  });

  it('does not wait for ever', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    const exchange = await server.exchange('/hold');
    await server.listener.close(100);
    await client.end();
    await expect.poll(() => exchange.closed).toBe(true);
  });
});

describe('a client that is sent away', () => {
  it('gets its answer and those of the streams beside it', async () => {
    const client = await server.client();
    client.send(get(1, '/hold/1'), get(3, '/hold/3'));
    const [first, third] = [await server.exchange('/hold/1'), await server.exchange('/hold/3')];
    first.goAway!();
    expect(await lastServed(client)).toBeGreaterThanOrEqual(3);
    first.respond(200, {}, 'one');
    expect((await client.answer(1)).body.toString()).toBe('one');
    await new Promise((done) => setTimeout(done, 50));
    expect(client.isClosed).toBe(false);
    third.respond(200, {}, 'three');
    expect((await client.answer(3)).body.toString()).toBe('three');
    expect(await client.end()).toBe(CODE.NO_ERROR);
    // Others are served as before.
    const other = await server.client();
    other.send(get(1));
    expect((await other.answer(1)).status).toBe(200);
  });

  it('may be sent away twice', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    const exchange = await server.exchange('/hold');
    exchange.goAway!();
    exchange.goAway!();
    exchange.respond(200, {}, 'fine');
    expect((await client.answer(1)).body.toString()).toBe('fine');
    expect(await client.end()).toBe(CODE.NO_ERROR);
  });

  it('loses nothing of what it asks meanwhile without being told so', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    (await server.exchange('/hold')).goAway!();
    client.send(get(3, '/late'));
    const { payload } = await client.frame(TYPE.GOAWAY, 0);
    (await server.exchange('/hold')).respond(200, {}, 'held');
    expect((await client.answer(1)).status).toBe(200);
    const { status, reset, isClosed } = await client.answer(3);
    // Answered, refused, or never begun, which the last GOAWAY says.
    const last = client.seen.findLast(({ type }) => type === TYPE.GOAWAY)?.payload ?? payload;
    const isTold = reset === CODE.REFUSED_STREAM || (isClosed && last.readUInt32BE() < 3);
    expect(status === 200 || isTold, client.story()).toBe(true);
    expect(server.exchanges.filter(({ path }) => path === '/late')).toHaveLength(status === 200 ? 1 : 0);
  });
});

describe('a client that leaves', () => {
  it('in good order is let go', async () => {
    const client = await server.client();
    client.send(get(1));
    await client.answer(1);
    client.send(goAway(0, CODE.NO_ERROR));
    client.socket.end();
    await client.end();
  });

  it('by half still gets its answer, or is seen to have left', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    const exchange = await server.exchange('/hold');
    client.socket.end();
    await new Promise((done) => setTimeout(done, 100));
    exchange.respond(200, {}, 'to whom');
    const { status, isClosed } = await client.answer(1);
    expect(status === 200 || isClosed).toBe(true);
    await client.end();
    await expect.poll(() => exchange.closed).toBe(true);
  });
});
