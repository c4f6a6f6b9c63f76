import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectConnectionError, expectError, expectStreamError } from '../support/http2-expectations.ts';
import {
  block,
  CODE,
  data,
  FLAG,
  frame,
  get,
  hasFlag,
  headers,
  padded,
  post,
  request,
  rstStream,
  SETTING,
  settings,
  TYPE,
  uint32,
  windowUpdate,
} from '../support/http2-frames.ts';
import type { RawClient } from '../support/http2-raw-client.ts';
import { ListenerServer, pattern } from '../support/http2-server.ts';

let server: ListenerServer;
beforeAll(async () => {
  server = await ListenerServer.start();
});
afterEach(() => server.reset());
afterAll(() => server.stop());

const MOST = 2 ** 31 - 1;
const window = (size: number) => ({ settings: [[SETTING.INITIAL_WINDOW_SIZE, size]] as const });

/** All DATA of a stream that has come so far; a PING sees to it that nothing more is on its way. */
async function received(client: RawClient, streamId: number): Promise<Buffer> {
  expect(await client.isAlive(), client.story()).toBe(true);
  const frames = [...client.seen, ...client.frames];
  return Buffer.concat(
    frames.filter((one) => one.type === TYPE.DATA && one.streamId === streamId).map(({ payload }) => payload),
  );
}

/** RFC 9113 sections 5.2 and 6.9. */
describe('an answer', () => {
  it.each(['bytes', 'stream'])('comes as the window opens, bit by bit: %s', async (kind) => {
    const client = await server.client(window(0));
    const body = pattern(25);
    client.send(get(1, `/${kind}?25`));
    expect(hasFlag(await client.frame(TYPE.HEADERS, 1), FLAG.END_STREAM)).toBe(false);
    expect(await received(client, 1)).toHaveLength(0);
    let sum = 0;
    for (const more of [1, 2, 3, 4, 5, 6]) {
      client.send(windowUpdate(1, more));
      sum += more;
      await expect.poll(() => received(client, 1)).toEqual(body.subarray(0, sum));
    }
    client.send(windowUpdate(1, 1000));
    const answer = await client.answer(1);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body.equals(body)).toBe(true);
    // No more than the windows had was ever sent, so that the connection has room for what is left of its own.
    client.send(get(3, '/bytes?10'), windowUpdate(3, 10));
    expect((await client.answer(3)).body).toEqual(pattern(10));
  });

  it('without a body needs no window', async () => {
    const client = await server.client(window(0));
    client.send(headers(1, block(request('/bytes?10', 'HEAD'))), get(3, '/bytes?0'), get(5, '/stream?0'));
    for (const id of [1, 3, 5])
      expect(await client.answer(id)).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  it('is sent as far as the connection has room, whatever the streams have', async () => {
    const client = await server.client(window(1 << 20));
    client.send(get(1, '/bytes?50000'), get(3, '/stream?50000'));
    await expect
      .poll(async () => (await received(client, 1)).length + (await received(client, 3)).length)
      .toBe(65_535);
    client.send(windowUpdate(0, 10_000));
    await expect
      .poll(async () => (await received(client, 1)).length + (await received(client, 3)).length)
      .toBe(75_535);
    client.send(windowUpdate(0, 100_000));
    expect((await client.answer(1)).body.equals(pattern(50_000))).toBe(true);
    expect((await client.answer(3)).body.equals(pattern(50_000))).toBe(true);
  });

  it('ends with the last byte that there is room for', async () => {
    const client = await server.client(window(1 << 20));
    client.send(get(1, '/hold'));
    const out = (await server.exchange('/hold')).stream(200, {});
    out.write(pattern(50_000));
    out.write(pattern(20_000));
    out.end();
    await expect.poll(async () => (await received(client, 1)).length).toBe(65_535);
    // The end itself needs no room.
    client.send(windowUpdate(0, 70_000 - 65_535));
    expect((await client.answer(1)).body).toHaveLength(70_000);
  });

  it('that was waiting for room leaves it to the others when it is reset', async () => {
    const client = await server.client(window(1 << 20));
    client.send(get(1, '/bytes?500000'));
    await expect.poll(async () => (await received(client, 1)).length).toBe(65_535);
    client.send(get(3, '/bytes?100'), get(5, '/stream?30000'), rstStream(1), windowUpdate(0, 30_100));
    expect((await client.answer(3)).body).toEqual(pattern(100));
    expect((await client.answer(5)).body.equals(pattern(30_000))).toBe(true);
    client.send(windowUpdate(0, 10), get(7, '/bytes?10'));
    expect((await client.answer(7)).body).toEqual(pattern(10));
  });

  it('of one stream does not keep another’s waiting', async () => {
    const client = await server.client({ ...window(1 << 24), opensWindows: true });
    client.send(get(1, '/bytes?8000000'), get(3, '/stream?8000000'), get(5, '/bytes?20000'));
    expect((await client.answer(5)).body.equals(pattern(20_000))).toBe(true);
    const dataOf = (id: number): number =>
      client.seen.filter((one) => one.type === TYPE.DATA && one.streamId === id).length;
    expect(dataOf(1)).toBeLessThan(8_000_000 / 16_384);
    expect(dataOf(3)).toBeLessThan(8_000_000 / 16_384);
    client.send(rstStream(1), rstStream(3));
  });

  it('follows the window that SETTINGS change, below nothing too', async () => {
    const client = await server.client(window(100));
    const body = pattern(1000);
    client.send(get(1, '/bytes?1000'));
    await expect.poll(() => received(client, 1)).toEqual(body.subarray(0, 100));
    client.send(settings([SETTING.INITIAL_WINDOW_SIZE, 150]));
    await expect.poll(() => received(client, 1)).toEqual(body.subarray(0, 150));
    // 130 less: it has sent that many more than it might now.
    client.send(settings([SETTING.INITIAL_WINDOW_SIZE, 20]));
    client.send(windowUpdate(1, 130));
    expect(await received(client, 1)).toEqual(body.subarray(0, 150));
    client.send(windowUpdate(1, 1));
    await expect.poll(() => received(client, 1)).toEqual(body.subarray(0, 151));
    client.send(settings([SETTING.INITIAL_WINDOW_SIZE, 0]), settings([SETTING.INITIAL_WINDOW_SIZE, 30]));
    await expect.poll(() => received(client, 1)).toEqual(body.subarray(0, 161));
    // A new stream begins with what was said last.
    client.send(get(3, '/bytes?1000'));
    await expect.poll(() => received(client, 3)).toEqual(body.subarray(0, 30));
    client.send(settings([SETTING.INITIAL_WINDOW_SIZE, 2000]));
    expect((await client.answer(1)).body.equals(body)).toBe(true);
    expect((await client.answer(3)).body.equals(body)).toBe(true);
  });

  it('ends a window’s width after the last byte alike', async () => {
    for (const size of [16_384, 16_383, 16_385, 32_768, 65_535]) {
      const client = await server.client(window(size));
      client.send(get(1, `/bytes?${size}`));
      expect((await client.answer(1)).body.equals(pattern(size)), `${size}`).toBe(true);
      client.send(windowUpdate(0, size), get(3, `/stream?${size}`));
      expect((await client.answer(3)).body.equals(pattern(size)), `${size}`).toBe(true);
      client.close();
    }
  });

  it('may be text beyond ASCII, whatever the window', async () => {
    for (const size of [3, 7, 1000, 65_535]) {
      const client = await server.client({ ...window(size), opensWindows: true });
      client.send(get(1, '/text?2000'));
      expect((await client.answer(1)).body.toString()).toBe('ä€𝄞x'.repeat(2000));
      client.close();
    }
  });

  it('of many megabytes comes whole', async () => {
    const client = await server.client({ ...window(1 << 20), opensWindows: true });
    client.send(get(1, '/bytes?6000000'), get(3, '/stream?3000000'));
    expect((await client.answer(1)).body.equals(pattern(6_000_000))).toBe(true);
    expect((await client.answer(3)).body.equals(pattern(3_000_000))).toBe(true);
  });
});

describe('a window', () => {
  it.each([
    ['WINDOW_UPDATE', () => [windowUpdate(0, MOST)]],
    ['many of them', () => [windowUpdate(0, MOST - 65_535), windowUpdate(0, 1)]],
  ])('of the connection is not too large: %s', async (_, make) => {
    const client = await server.client();
    client.send(...make());
    await expectConnectionError(client, CODE.FLOW_CONTROL_ERROR);
  });

  it('may be as large as it can', async () => {
    const client = await server.client();
    client.send(windowUpdate(0, MOST - 65_535), get(1, '/hold'), windowUpdate(1, MOST - 65_535));
    (await server.exchange('/hold')).respond(200, {}, 'wide');
    expect((await client.answer(1)).body.toString()).toBe('wide');
  });

  it('of a stream is not too large', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'), windowUpdate(1, MOST), get(3));
    await expectStreamError(client, 1, CODE.FLOW_CONTROL_ERROR);
    expect((await client.answer(3)).status).toBe(200);
  });

  it('of a stream is not made too large by SETTINGS', async () => {
    const client = await server.client();
    client.send(
      get(1, '/hold'),
      windowUpdate(1, MOST - 65_535),
      settings([SETTING.INITIAL_WINDOW_SIZE, 65_536]),
    );
    await expectConnectionError(client, CODE.FLOW_CONTROL_ERROR);
  });

  it('is not opened by nothing', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'), windowUpdate(1, 0));
    await expectError(client, 1, CODE.PROTOCOL_ERROR);
    const other = await server.client();
    other.send(windowUpdate(0, 0));
    await expectConnectionError(other, CODE.PROTOCOL_ERROR);
  });

  it.each([3, 5, 0])('is not changed by %d bytes', async (length) => {
    for (const id of [0, 1]) {
      const client = await server.client();
      client.send(get(1, '/hold'), frame(TYPE.WINDOW_UPDATE, 0, id, Buffer.alloc(length, 1)));
      await expectConnectionError(client, CODE.FRAME_SIZE_ERROR);
    }
  });
});

/** What the server allows: its windows of the connection and of a stream as its first frames tell. */
async function allowed(client: RawClient): Promise<{ stream: number; connection: number }> {
  expect(await client.isAlive()).toBe(true);
  let [stream, connection] = [65_535, 65_535];
  for (const { type, flags, streamId, payload } of client.seen)
    if (type === TYPE.SETTINGS && flags === 0) {
      for (let at = 0; at < payload.length; at += 6)
        if (payload.readUInt16BE(at) === SETTING.INITIAL_WINDOW_SIZE) stream = payload.readUInt32BE(at + 2);
    } else if (type === TYPE.WINDOW_UPDATE && streamId === 0) connection += payload.readUInt32BE();
  return { stream, connection };
}

/** Sends as the server's windows allow, and no more. */
class Uploader {
  readonly #client: RawClient;
  readonly #streamId: number;
  #stream = 0;
  #connection = 0;
  sent = 0;

  constructor(client: RawClient, streamId: number) {
    this.#client = client;
    this.#streamId = streamId;
  }

  /** Sends what it may; waits for more room as long as `isNeeded`. */
  async send(body: Buffer, isNeeded: () => boolean = () => true, isEnd = true): Promise<void> {
    const windows = await allowed(this.#client);
    [this.#stream, this.#connection] = [windows.stream, windows.connection];
    // What came in answer to the PING was counted for the connection; what came for the stream was not.
    const mine = this.#client.seen.filter(
      (one) => one.type === TYPE.WINDOW_UPDATE && one.streamId === this.#streamId,
    );
    for (const { payload } of mine) this.#stream += payload.readUInt32BE();
    for (; this.sent < body.length; ) {
      const room = Math.min(this.#stream, this.#connection, 16_384, body.length - this.sent);
      if (room > 0) {
        const end = this.sent + room;
        this.#client.send(data(this.#streamId, body.subarray(this.sent, end), isEnd && end === body.length));
        this.#stream -= room;
        this.#connection -= room;
        this.sent = end;
        continue;
      }
      if (!isNeeded()) return;
      const update = await this.#client.next(({ type }) => type === TYPE.WINDOW_UPDATE, 'WINDOW_UPDATE');
      if (!update) throw new Error(`the connection ended: ${this.#client.story()}`);
      const bytes = update.payload.readUInt32BE();
      if (update.streamId === 0) this.#connection += bytes;
      else if (update.streamId === this.#streamId) this.#stream += bytes;
    }
  }
}

describe('a request body', () => {
  it('of a megabyte comes whole, within the windows', async () => {
    const client = await server.client({ opensWindows: true });
    const body = pattern(1 << 20);
    client.send(post(1, '/echo', [['content-length', String(body.length)]]));
    await new Uploader(client, 1).send(body);
    const answer = await client.answer(1);
    expect(answer.status).toBe(200);
    expect(answer.body.equals(body)).toBe(true);
    // And again, which takes the connection's window once more.
    client.send(post(3, '/echo'));
    await new Uploader(client, 3).send(body);
    expect((await client.answer(3)).body.equals(body)).toBe(true);
  }, 20_000);

  it('may come in frames of a byte each', async () => {
    const client = await server.client({ opensWindows: true });
    const body = pattern(3000);
    client.send(post(1, '/echo', [['content-length', '3000']]));
    for (let at = 0; at < body.length; at += 500)
      client.send(...Array.from(body.subarray(at, at + 500), (byte) => data(1, Buffer.of(byte))));
    client.send(data(1, '', true));
    expect((await client.answer(1)).body.equals(body)).toBe(true);
  });

  it('is taken as far as it is read: what nobody reads stops at the window', async () => {
    const client = await server.client();
    const { stream } = await allowed(client);
    client.send(post(1, '/hold'));
    const exchange = await server.exchange('/hold');
    const source = exchange.source();
    const body = pattern(stream + 300_000);
    const uploader = new Uploader(client, 1);
    let isHeld = true;
    const sending = uploader.send(body, () => !isHeld);
    await sending;
    await new Promise((done) => setTimeout(done, 50));
    // Within the window, or a little more that a stream of Node's takes ahead.
    expect(uploader.sent).toBeLessThanOrEqual(stream);
    expect(await client.isAlive()).toBe(true);
    // Once it is read the rest comes.
    isHeld = false;
    const parts: Buffer[] = [];
    source.on('data', (chunk: Buffer) => parts.push(chunk));
    await Promise.all([uploader.send(body), once(source, 'end')]);
    expect(Buffer.concat(parts).equals(body)).toBe(true);
    exchange.respond(200, {}, 'read');
    expect((await client.answer(1)).status).toBe(200);
  }, 20_000);

  it('that goes beyond the window of its stream is an error', async () => {
    const client = await server.client();
    const { stream } = await allowed(client);
    client.send(post(1, '/hold'));
    await server.exchange('/hold');
    for (let sent = 0; sent <= stream; sent += 16_384) client.send(data(1, Buffer.alloc(16_384)));
    client.send(data(1, Buffer.alloc(16_384)));
    await expectError(client, 1, CODE.FLOW_CONTROL_ERROR);
  });

  it('goes beyond the window of the connection, together with others, at its own risk', async () => {
    const client = await server.client();
    const { stream, connection } = await allowed(client);
    const streams = Math.ceil(connection / stream) + 1;
    for (let i = 0; i < streams; i++) client.send(post(1 + 2 * i, `/hold/${i}`));
    await server.exchange(`/hold/${streams - 1}`);
    // Each within its own window, which nobody reads.
    for (let i = 0; i < streams; i++)
      for (let sent = 0; sent + 16_000 <= stream; sent += 16_000)
        client.send(data(1 + 2 * i, Buffer.alloc(16_000)));
    await expectConnectionError(client, CODE.FLOW_CONTROL_ERROR);
  });

  it('counts its padding', async () => {
    const client = await server.client();
    const { stream } = await allowed(client);
    client.send(post(1, '/hold'));
    await server.exchange('/hold');
    const frames = Math.ceil(stream / 257) + 1;
    const one = frame(TYPE.DATA, FLAG.PADDED, 1, padded('x', 255));
    client.send(...Array.from({ length: frames }, () => one));
    const isAlive = await client.isAlive();
    const given = client.seen
      .filter(({ type, streamId }) => type === TYPE.WINDOW_UPDATE && streamId === 1)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
    const isRefused = !isAlive || client.seen.some(({ type }) => type === TYPE.RST_STREAM);
    // Padding, which nobody reads, may be given back at once; but then it is said.
    expect(isRefused || stream + given >= frames * 257, client.story()).toBe(true);
  });

  it('that is answered without being read gives its room back to the connection', async () => {
    const client = await server.client({ opensWindows: true });
    const { stream, connection } = await allowed(client);
    let room = connection;
    let total = 0;
    const seen = (): void => {
      for (const one of [...client.seen.splice(0), ...client.frames.splice(0)])
        if (one.type === TYPE.WINDOW_UPDATE && one.streamId === 0) room += one.payload.readUInt32BE();
    };
    client.seen.length = 0;
    // Three times the connection's window, on streams that are answered at once.
    for (let id = 1; total < 3 * connection; id += 2) {
      const size = Math.min(stream, 60_000);
      client.send(post(id, '/early'));
      for (let sent = 0; sent < size; sent += 10_000) {
        for (let tries = 0; room < 10_000; tries++) {
          expect(tries, `after ${total} bytes the connection has no room left`).toBeLessThan(200);
          expect(await client.isAlive()).toBe(true);
          seen();
          if (room < 10_000) await new Promise((done) => setTimeout(done, 5));
        }
        client.send(data(id, Buffer.alloc(10_000)));
        room -= 10_000;
        total += 10_000;
      }
      client.send(rstStream(id, CODE.NO_ERROR));
      expect(await client.isAlive()).toBe(true);
      seen();
    }
    client.send(get(2 ** 31 - 1));
    expect((await client.answer(2 ** 31 - 1)).status).toBe(200);
  }, 30_000);

  it('that nobody reads does not hold up requests beside it', async () => {
    const client = await server.client();
    const { stream, connection } = await allowed(client);
    client.send(post(1, '/hold'));
    await server.exchange('/hold');
    const size = Math.min(stream, connection - 1000);
    for (let sent = 0; sent + 1000 <= size; sent += 1000) client.send(data(1, Buffer.alloc(1000)));
    client.send(get(3));
    expect((await client.answer(3)).status).toBe(200);
    client.send(post(5, '/echo'), data(5, 'hello', true));
    expect((await client.answer(5)).body.toString()).toBe('hello');
  });

  it('of a stream that is reset half-way gives its room back to the connection', async () => {
    const client = await server.client();
    const { stream, connection } = await allowed(client);
    const size = Math.min(stream, connection) - 1000;
    let room = connection;
    for (let round = 0; round < 6; round++) {
      const id = 1 + 2 * round;
      client.send(post(id, `/hold/${round}`));
      await server.exchange(`/hold/${round}`);
      for (let tries = 0; room < size; tries++) {
        expect(tries, `in round ${round} the connection has ${room} bytes of room`).toBeLessThan(200);
        expect(await client.isAlive()).toBe(true);
        for (const { type, streamId, payload } of client.seen.splice(0))
          if (type === TYPE.WINDOW_UPDATE && streamId === 0) room += payload.readUInt32BE();
        if (room < size) await new Promise((done) => setTimeout(done, 5));
      }
      if (round === 0) client.seen.length = 0;
      for (let sent = 0; sent < size; sent += 16_000) {
        const bytes = Math.min(16_000, size - sent);
        client.send(data(id, Buffer.alloc(bytes)));
        room -= bytes;
      }
      client.send(rstStream(id));
    }
    expect(await client.isAlive()).toBe(true);
  }, 20_000);
});

it('PRIORITY and unknown frames need no room', async () => {
  const client = await server.client(window(0));
  client.send(frame(0xee, 0, 1, Buffer.alloc(16_000)), frame(0xee, 0, 0, uint32(1)), get(1, '/bytes?0'));
  expect((await client.answer(1)).status).toBe(200);
});
