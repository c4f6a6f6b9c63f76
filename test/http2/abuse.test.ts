import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Apiserver } from '../support/apiserver.ts';
import {
  block,
  CODE,
  continuation,
  data,
  type Field,
  FLAG,
  frame,
  get,
  goAway,
  headers,
  indexed,
  integer,
  literal,
  ping,
  post,
  priority,
  request,
  rstStream,
  SETTING,
  settings,
  settingsAck,
  string,
  TYPE,
  windowUpdate,
} from '../support/http2-frames.ts';
import { RawClient } from '../support/http2-raw-client.ts';
import { ListenerServer } from '../support/http2-server.ts';

/** Rounds are sent so many at a time, as fast as the server takes them. */
const BATCH = 50;

/** Sends what each round makes until that is all or the connection ends. */
async function send(client: RawClient, rounds: number, round: (i: number) => Uint8Array): Promise<void> {
  for (let i = 0; i < rounds && !client.isClosed && !client.socket.destroyed; i += BATCH) {
    client.send(...Array.from({ length: BATCH }, (_, j) => round(i + j)));
    await client.flushed();
    client.seen.length = 0;
    client.frames.length = 0;
    // Lets what has come be read.
    await new Promise(setImmediate);
  }
}

/** Whether the connection ends over so many rounds. All may have been sent before the server comes to look at them. */
async function endsOver(
  client: RawClient,
  rounds: number,
  round: (i: number) => Uint8Array,
): Promise<boolean> {
  await send(client, rounds, round);
  for (let i = 0; i < 50 && !client.isClosed; i++) await new Promise((done) => setTimeout(done, 100));
  return client.isClosed;
}

/** A GET in few bytes. */
const small = (path = '/livez'): Buffer =>
  Buffer.concat([indexed(2), indexed(7), integer(1, 4, 0), string('x'), integer(4, 4, 0), string(path)]);
const idOf = (i: number): number => 1 + 2 * i;

describe('a server that is attacked', () => {
  let server: Apiserver;
  const clients: RawClient[] = [];

  async function client(options?: Parameters<typeof RawClient.connect>[1]): Promise<RawClient> {
    const made = await RawClient.connect(server.port, options);
    clients.push(made);
    return made;
  }

  const residentMiB = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) / 1024;

  beforeAll(async () => {
    server = await Apiserver.prepare();
    await server.run([]);
  });
  afterEach(async () => {
    for (const one of clients.splice(0)) one.close();
    const good = await client();
    good.send(get(1, '/livez'));
    expect(await good.answer(1)).toMatchObject({ status: 200, body: Buffer.from('ok') });
    good.close();
  });
  afterAll(() => server?.remove());

  it.each<[string, number, (i: number) => Buffer[]]>([
    // CVE-2023-44487.
    ['resets each request at once', 10_000, (i) => [headers(idOf(i), small()), rstStream(idOf(i))]],
    // CVE-2025-8671: what has the server reset a stream of a request that it has begun.
    ['widens by nothing', 10_000, (i) => [headers(idOf(i), small()), windowUpdate(idOf(i), 0)]],
    ['widens too far', 10_000, (i) => [headers(idOf(i), small()), windowUpdate(idOf(i), 2 ** 31 - 1)]],
    ['sends DATA behind the end', 10_000, (i) => [headers(idOf(i), small()), data(idOf(i), 'x')]],
    ['sends HEADERS behind the end', 10_000, (i) => [headers(idOf(i), small()), headers(idOf(i), small())]],
    [
      'sends PRIORITY of four bytes',
      10_000,
      (i) => [headers(idOf(i), small()), frame(TYPE.PRIORITY, 0, idOf(i), Buffer.alloc(4))],
    ],
    [
      'has streams depend on themselves',
      10_000,
      (i) => [headers(idOf(i), small()), frame(TYPE.PRIORITY, 0, idOf(i), priority(idOf(i)))],
    ],
    ['sends requests that are malformed', 10_000, (i) => [headers(idOf(i), block([['X', 'y']]))]],
    [
      'sends bodies longer than it said',
      10_000,
      (i) => [post(idOf(i), '/livez', [['content-length', '1']]), data(idOf(i), 'xx')],
    ],
    // CVE-2019-9512, 9515, 9518 and their kin.
    ['pings', 100_000, () => [ping()]],
    ['answers PINGs that nobody sent', 100_000, () => [ping('nonesuch', FLAG.ACK)]],
    ['sends SETTINGS', 100_000, () => [settings([SETTING.INITIAL_WINDOW_SIZE, 100])]],
    ['acknowledges SETTINGS', 100_000, () => [settingsAck()]],
    ['sends DATA of nothing', 100_000, (i) => [i === 0 ? post(1, '/livez') : data(1, '')]],
    [
      'sends DATA of nothing but padding',
      100_000,
      (i) => [i === 0 ? post(1, '/livez') : frame(TYPE.DATA, FLAG.PADDED, 1, Buffer.of(0))],
    ],
    ['sends PRIORITY', 100_000, (i) => [frame(TYPE.PRIORITY, 0, idOf(i % 1000), priority(0))]],
    ['sends frames that nobody knows', 100_000, () => [frame(0xfa, 0, 0, Buffer.from('what'))]],
    ['says goodbye', 100_000, () => [goAway(0, CODE.NO_ERROR)]],
    // CVE-2024-27316.
    [
      'goes on with a header block',
      1000,
      (i) => [
        i === 0 ? headers(1, small(), true, false) : continuation(1, Buffer.alloc(16_384, 0x82), false),
      ],
    ],
    [
      'goes on with a header block of nothing',
      100_000,
      (i) => [i === 0 ? headers(1, small(), true, false) : continuation(1, Buffer.alloc(0), false)],
    ],
    [
      'goes on with a header block byte by byte',
      200_000,
      (i) => [i === 0 ? headers(1, small(), true, false) : continuation(1, Buffer.of(0x82), false)],
    ],
  ])('ends the connection of who %s', async (_, most, round) => {
    const attacker = await client();
    expect(await endsOver(attacker, most, (i) => Buffer.concat(round(i)))).toBe(true);
  });

  it('spends no memory on header blocks that grow as they are read', async () => {
    const attacker = await client();
    expect(await attacker.isAlive()).toBe(true);
    const before = residentMiB();
    // 4 KB are kept, and said again by a byte each: 16 KB of them are 64 MB.
    attacker.send(headers(1, Buffer.concat([small(), literal(['a', 'x'.repeat(4000)], true)])));
    const bomb = Buffer.concat([small(), Buffer.alloc(16_000, 0x80 | 62)]);
    await send(attacker, 1000, (i) => headers(idOf(i + 1), bomb));
    // Ended or not, all of it has been looked at.
    await attacker.isAlive();
    expect(residentMiB() - before).toBeLessThan(150);
  });

  it('answers who asks in the window of a byte at a time', async () => {
    const reader = await client({ settings: [[SETTING.INITIAL_WINDOW_SIZE, 0]] });
    reader.send(get(1, '/readyz?verbose'));
    await reader.frame(TYPE.HEADERS, 1);
    for (let i = 0; i < 100; i++) reader.send(windowUpdate(1, 1));
    await reader.isAlive();
    reader.send(windowUpdate(1, 100_000));
    const { body } = await reader.answer(1);
    expect(body.toString()).toMatch(/readyz check passed\n$/);
  });

  it('stays up', async () => {
    expect((await server.ask('/readyz')).status).toBe(200);
    expect(server.output).not.toMatch(/uncaught|unhandled|TypeError|RangeError/i);
  });
});

describe('a connection', () => {
  let server: ListenerServer;
  beforeAll(async () => {
    server = await ListenerServer.start({ maxStreams: 100 });
  });
  afterEach(() => server.reset());
  afterAll(() => server.stop());

  it('has no more requests under way than it may, however fast they are reset', async () => {
    const client = await server.client();
    let most = 0;
    const sampling = setInterval(() => {
      most = Math.max(most, server.exchanges.filter(({ closed }) => !closed).length);
    }, 1);
    await send(client, 10_000, (i) => Buffer.concat([get(idOf(i), '/hold'), rstStream(idOf(i))]));
    clearInterval(sampling);
    expect(most).toBeLessThanOrEqual(100);
    expect(server.exchanges.length).toBeLessThan(10_000);
  });

  it('collects no answers for who asks and does not read', async () => {
    const client = await server.client();
    expect(await client.isAlive()).toBe(true);
    client.socket.pause();
    // 80 MB of header fields, which no window holds back, for 600 KB of requests.
    await send(client, 20_000, (i) => headers(idOf(i), small('/wide')));
    let served = -1;
    while (served !== server.exchanges.length) {
      served = server.exchanges.length;
      await new Promise((done) => setTimeout(done, 300));
    }
    expect(served).toBeGreaterThan(100);
    expect(served).toBeLessThan(8000);
  });

  it('ends where requests are refused again and again', async () => {
    const client = await server.client();
    for (let i = 0; i < 100; i++) client.send(get(idOf(i), '/hold'));
    expect(await client.isAlive()).toBe(true);
    expect(await endsOver(client, 20_000, (i) => get(idOf(100 + i)))).toBe(true);
    expect(server.exchanges).toHaveLength(100);
  });

  it('is kept where a client gives up many requests, as those do that watch', async () => {
    const client = await server.client();
    for (let round = 0; round < 8; round++) {
      const ids = Array.from({ length: 90 }, (_, i) => idOf(round * 90 + i));
      client.send(...ids.map((id) => get(id, '/hold')));
      await expect.poll(() => server.exchanges.length).toBe((round + 1) * 90);
      client.send(...ids.map((id) => rstStream(id)));
      expect(await client.isAlive(), client.story()).toBe(true);
    }
    client.send(get(2001));
    expect((await client.answer(2001)).status).toBe(200);
  });

  it('is kept where a client sends a PING with each answer, as gRPC’s and Go’s do', async () => {
    const client = await server.client({ opensWindows: true });
    for (let i = 0; i < 1000; i++) {
      client.send(post(idOf(i), '/echo'), data(idOf(i), 'x', true), ping());
      if (i % 20 === 19) expect((await client.answer(idOf(i))).status).toBe(200);
    }
    expect(await client.isAlive()).toBe(true);
  });

  it('keeps no more of fields than it has to', async () => {
    const client = await server.client();
    const many: Field[] = Array.from({ length: 50 }, (_, i) => [`x-${i}`, 'v'.repeat(100)]);
    const kept = Buffer.concat([block(request('/')), ...many.map((field) => literal(field, true))]);
    for (let i = 0; i < 300; i++) {
      client.send(headers(idOf(i), kept));
      expect((await client.answer(idOf(i))).status).toBe(200);
      client.seen.length = 0;
    }
  });
});
