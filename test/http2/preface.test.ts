import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectConnectionError } from '../support/http2-expectations.ts';
import {
  CODE,
  FLAG,
  frame,
  get,
  hasFlag,
  PREFACE,
  ping,
  SETTING,
  settings,
  TYPE,
} from '../support/http2-frames.ts';
import { ListenerServer } from '../support/http2-server.ts';

/** RFC 9113 section 3.4. */
describe('the beginning of a connection', () => {
  let server: ListenerServer;
  beforeAll(async () => {
    server = await ListenerServer.start({ maxStreams: 77 });
  });
  afterEach(() => server.reset());
  afterAll(() => server.stop());

  it('is SETTINGS that tell how many streams there may be, and then the answer to the client’s', async () => {
    const client = await server.client();
    const first = (await client.next(() => true, 'frame'))!;
    expect(first).toMatchObject({ type: TYPE.SETTINGS, flags: 0, streamId: 0 });
    const values = new Map<number, number>();
    for (let at = 0; at < first.payload.length; at += 6)
      values.set(first.payload.readUInt16BE(at), first.payload.readUInt32BE(at + 2));
    expect(values.get(SETTING.MAX_CONCURRENT_STREAMS)).toBe(77);
    const second = (await client.next(({ type }) => type === TYPE.SETTINGS, 'SETTINGS'))!;
    expect(second).toMatchObject({ flags: FLAG.ACK, payload: Buffer.alloc(0) });
  });

  it('may be all that a client has to say, request included', async () => {
    const client = await server.client({ isSilent: true });
    client.send(PREFACE, settings([SETTING.HEADER_TABLE_SIZE, 0]), get(1));
    expect(await client.answer(1)).toEqual({ status: 200, body: Buffer.from('ok') });
  });

  it('may come byte by byte', async () => {
    const client = await server.client({ isSilent: true });
    await client.sendByBytes(PREFACE, settings([SETTING.HEADER_TABLE_SIZE, 0]), get(1, '/fields'));
    const { status, body } = await client.answer(1);
    expect(status).toBe(200);
    expect(JSON.parse(body.toString())).toMatchObject({ method: 'GET', path: '/fields', version: '2' });
  });

  it('may be cut anywhere', async () => {
    const all = Buffer.concat([PREFACE, settings([SETTING.HEADER_TABLE_SIZE, 0]), get(1)]);
    for (let cut = 1; cut < all.length; cut += 5) {
      const client = await server.client({ isSilent: true });
      client.send(all.subarray(0, cut));
      await client.flushed();
      client.send(all.subarray(cut));
      expect((await client.answer(1)).status, `cut at ${cut}`).toBe(200);
      client.close();
    }
  });

  it.each([
    ['another word', Buffer.from('PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n'.padEnd(64))],
    ['a request of HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
    ['nothing but noughts', Buffer.alloc(100)],
  ])('ends the connection where it is %s', async (_, bytes) => {
    const client = await server.client({ isSilent: true });
    client.send(bytes);
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
    expect(server.exchanges).toHaveLength(0);
  });

  it.each([
    ['a request', get(1)],
    ['a PING', ping()],
    ['an acknowledgement', frame(TYPE.SETTINGS, FLAG.ACK, 0)],
  ])('ends the connection where %s stands before SETTINGS', async (_, bytes) => {
    const client = await server.client({ isSilent: true });
    client.send(PREFACE, bytes);
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
    expect(server.exchanges).toHaveLength(0);
  });

  it('may end early, and nobody minds', async () => {
    for (const bytes of [PREFACE.subarray(0, 10), PREFACE, Buffer.concat([PREFACE, Buffer.alloc(5)])]) {
      const client = await server.client({ isSilent: true });
      client.send(bytes);
      await client.flushed();
      client.socket.end();
      await client.end();
    }
    const client = await server.client();
    client.send(get(1));
    expect((await client.answer(1)).status).toBe(200);
  });

  it('acknowledges each SETTINGS in turn', async () => {
    const client = await server.client();
    client.send(settings(), settings([SETTING.ENABLE_PUSH, 0]), settings([SETTING.MAX_FRAME_SIZE, 20_000]));
    // The client's first, and these three.
    for (let i = 0; i < 4; i++)
      expect(
        await client.next((one) => one.type === TYPE.SETTINGS && hasFlag(one, FLAG.ACK), 'acknowledgement'),
      ).toMatchObject({ streamId: 0, payload: Buffer.alloc(0) });
    expect(await client.isAlive()).toBe(true);
  });
});
