import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectConnectionError, expectError, expectStreamError } from '../support/http2-expectations.ts';
import {
  block,
  CODE,
  continuation,
  data,
  FLAG,
  frame,
  get,
  goAway,
  hasFlag,
  headers,
  literal,
  padded,
  ping,
  post,
  priority,
  request,
  rstStream,
  SETTING,
  settings,
  TYPE,
  uint32,
  windowUpdate,
} from '../support/http2-frames.ts';
import { ListenerServer, pattern } from '../support/http2-server.ts';

let server: ListenerServer;
beforeAll(async () => {
  server = await ListenerServer.start();
});
afterEach(() => server.reset());
afterAll(() => server.stop());

const MOST = 16_384;

/** RFC 9113 sections 4.1, 4.2 and 5.5. */
describe('a frame', () => {
  it('may be as long as 16384 bytes', async () => {
    const client = await server.client();
    const body = pattern(2 * MOST);
    client.send(
      post(1, '/echo'),
      frame(TYPE.DATA, 0, 1, body.subarray(0, MOST)),
      frame(TYPE.DATA, FLAG.END_STREAM, 1, body.subarray(MOST)),
    );
    const answer = await client.answer(1);
    expect(answer.status).toBe(200);
    expect(answer.body.equals(body)).toBe(true);
  });

  it.each([
    ['DATA', () => [post(1, '/hold'), frame(TYPE.DATA, 0, 1, Buffer.alloc(MOST + 1))]],
    ['HEADERS', () => [headers(1, Buffer.concat([block(request('/')), literal(['a', 'x'.repeat(MOST)])]))]],
    ['SETTINGS', () => [frame(TYPE.SETTINGS, 0, 0, Buffer.alloc(6 * 2731))]],
    [
      'CONTINUATION',
      () => [headers(1, block(request('/')), true, false), continuation(1, literal(['a', 'x'.repeat(MOST)]))],
    ],
    ['an unknown frame', () => [frame(0xbe, 0, 0, Buffer.alloc(MOST + 1))]],
  ])('may not be longer: %s', async (_, make) => {
    const client = await server.client();
    client.send(...make());
    await expectError(client, 1, CODE.FRAME_SIZE_ERROR);
  });

  it('that announces 16 MiB is not waited for', async () => {
    const client = await server.client();
    client.send(frame(TYPE.HEADERS, FLAG.END_HEADERS, 1, Buffer.alloc(100), 2 ** 24 - 1));
    await expectConnectionError(client, CODE.FRAME_SIZE_ERROR);
  });

  it('of an unknown type is passed over, on any stream', async () => {
    const client = await server.client();
    client.send(
      frame(0x0a, 0xff, 0, Buffer.from('altsvc')),
      frame(0xfe, 0xff, 1, pattern(MOST)),
      post(1, '/echo'),
      frame(0x0c, 0, 1),
      frame(0x77, 1, 2, Buffer.from('even')),
      data(1, 'he'),
      frame(0xff, 0, 1, Buffer.from('x')),
      data(1, 'llo', true),
      frame(0x10, 0, 0, Buffer.concat([uint32(1), Buffer.from('u=3, i')])),
      frame(0x99, 0, 1),
    );
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.from('hello') });
    expect(await client.isAlive()).toBe(true);
  });

  it('of an unknown type within a header block is an error (6.10)', async () => {
    const client = await server.client();
    const whole = block(request('/'));
    client.send(
      headers(1, whole.subarray(0, 5), true, false),
      frame(0xfe, 0, 1),
      continuation(1, whole.subarray(5)),
    );
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
  });

  it('may have flags that mean nothing for its type', async () => {
    const client = await server.client();
    client.send(
      frame(TYPE.HEADERS, FLAG.END_HEADERS | 0x40 | 0x02 | 0x10, 1, block(request('/echo', 'POST'))),
      frame(TYPE.DATA, 0x04 | 0x20 | 0x40, 1, Buffer.from('a')),
      frame(TYPE.WINDOW_UPDATE, 0xff, 0, uint32(10)),
      frame(TYPE.PRIORITY, 0xff, 1, priority(0)),
      frame(TYPE.DATA, 0x02 | FLAG.END_STREAM, 1, Buffer.from('b')),
    );
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.from('ab') });
    client.send(frame(TYPE.PING, 0xfe, 0, Buffer.from('flagging')));
    const answer = await client.next(({ type }) => type === TYPE.PING, 'PING');
    expect(hasFlag(answer!, FLAG.ACK)).toBe(true);
  });

  it('may have the reserved bit of its stream set', async () => {
    const client = await server.client();
    const bytes = get(1);
    bytes[5] = bytes[5]! | 0x80;
    const update = windowUpdate(0, 5);
    update[9] = update[9]! | 0x80;
    client.send(bytes, update);
    expect((await client.answer(1)).status).toBe(200);
    expect(await client.isAlive()).toBe(true);
  });

  it('may come in pieces, with others beside it', async () => {
    const client = await server.client();
    await client.sendByBytes(post(1, '/echo'), data(1, 'sallyport', true), get(3));
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.from('sallyport') });
    expect((await client.answer(3)).status).toBe(200);
  });
});

/** RFC 9113 section 6.1. */
describe('DATA', () => {
  it('on stream 0 ends the connection', async () => {
    const client = await server.client();
    client.send(data(0, 'x'));
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
  });

  it('may be padded, and padding is not part of the body', async () => {
    const client = await server.client();
    client.send(
      post(1, '/echo'),
      frame(TYPE.DATA, FLAG.PADDED, 1, padded('ab', 0)),
      frame(TYPE.DATA, FLAG.PADDED, 1, padded('cd', 255)),
      frame(TYPE.DATA, FLAG.PADDED, 1, padded('', 9)),
      frame(TYPE.DATA, FLAG.PADDED | FLAG.END_STREAM, 1, padded('ef', 3)),
    );
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.from('abcdef') });
  });

  it.each([
    ['padding as long as the frame', padded('', 3, 4)],
    ['more padding than there is', padded('abc', 0, 200)],
  ])('with %s ends the connection', async (_, payload) => {
    const client = await server.client();
    client.send(post(1, '/hold'), frame(TYPE.DATA, FLAG.PADDED, 1, payload));
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
  });

  it('that is said to be padded and is empty ends the connection', async () => {
    const client = await server.client();
    client.send(post(1, '/hold'), frame(TYPE.DATA, FLAG.PADDED, 1));
    await expectConnectionError(client, CODE.FRAME_SIZE_ERROR, CODE.PROTOCOL_ERROR);
  });

  it('may be empty, also where it is the last', async () => {
    const client = await server.client();
    client.send(post(1, '/echo'), data(1, ''), data(1, 'a'), data(1, ''), data(1, '', true));
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.from('a') });
  });
});

/** RFC 9113 section 6.2. */
describe('HEADERS', () => {
  it('on stream 0 end the connection', async () => {
    const client = await server.client();
    client.send(headers(0, block(request('/'))));
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
  });

  it('may be padded and have a priority', async () => {
    const client = await server.client();
    const whole = block(request('/'));
    const flags = FLAG.END_STREAM | FLAG.END_HEADERS;
    client.send(
      frame(TYPE.HEADERS, flags | FLAG.PADDED, 1, padded(whole, 40)),
      frame(TYPE.HEADERS, flags | FLAG.PRIORITY, 3, Buffer.concat([priority(1), whole])),
      frame(
        TYPE.HEADERS,
        flags | FLAG.PADDED | FLAG.PRIORITY,
        5,
        padded(Buffer.concat([priority(0x8000_0003, 255), whole]), 255),
      ),
    );
    for (const id of [1, 3, 5]) expect((await client.answer(id)).status, `stream ${id}`).toBe(200);
  });

  it.each([
    ['more padding than there is', FLAG.PADDED, padded(block(request('/')), 0, 255)],
    ['no room for the length of the padding', FLAG.PADDED, Buffer.alloc(0)],
    ['no room for the priority', FLAG.PRIORITY, Buffer.alloc(4)],
    ['padding over the priority', FLAG.PADDED | FLAG.PRIORITY, padded(priority(0), 0, 1)],
  ])('with %s end the connection', async (_, flags, payload) => {
    const client = await server.client();
    client.send(frame(TYPE.HEADERS, FLAG.END_STREAM | FLAG.END_HEADERS | flags, 1, payload));
    await expectConnectionError(client, CODE.PROTOCOL_ERROR, CODE.FRAME_SIZE_ERROR);
    expect(server.exchanges).toHaveLength(0);
  });
});

/** RFC 9113 section 6.3. Priorities are deprecated: what they say is passed over, how they are said is not. */
describe('PRIORITY', () => {
  it('may come for any stream, whatever its state', async () => {
    const client = await server.client();
    client.send(
      frame(TYPE.PRIORITY, 0, 9, priority(7)),
      get(1),
      frame(TYPE.PRIORITY, 0, 1, priority(9)),
      frame(TYPE.PRIORITY, 0, 2, priority(0)),
    );
    expect((await client.answer(1)).status).toBe(200);
    client.send(frame(TYPE.PRIORITY, 0, 1, priority(0)), get(3));
    expect((await client.answer(3)).status).toBe(200);
  });

  it('on stream 0 ends the connection', async () => {
    const client = await server.client();
    client.send(frame(TYPE.PRIORITY, 0, 0, priority(1)));
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
  });

  it.each([4, 6])('of %d bytes is an error of its stream', async (length) => {
    const client = await server.client();
    client.send(post(1, '/hold'), frame(TYPE.PRIORITY, 0, 1, Buffer.alloc(length)));
    await expectError(client, 1, CODE.FRAME_SIZE_ERROR);
  });

  it.each([
    ['in PRIORITY', frame(TYPE.PRIORITY, 0, 1, priority(1))],
    [
      'in HEADERS',
      frame(
        TYPE.HEADERS,
        FLAG.END_HEADERS | FLAG.END_STREAM | FLAG.PRIORITY,
        1,
        Buffer.concat([priority(1), block(request('/'))]),
      ),
    ],
  ])('that has a stream depend on itself does no harm: %s', async (_, bytes) => {
    const client = await server.client();
    client.send(bytes);
    // RFC 7540 had it end the stream, RFC 9113 has nothing of it.
    const alive = await client.isAlive();
    if (!alive) await expectConnectionError(client, CODE.PROTOCOL_ERROR);
  });
});

/** RFC 9113 section 6.4. */
describe('RST_STREAM', () => {
  it('ends the request', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    const exchange = await server.exchange('/hold');
    const closed = new Promise<void>((resolve) => exchange.onClose(resolve));
    client.send(rstStream(1));
    await closed;
    expect(exchange.closed).toBe(true);
    // Too late, and no harm.
    exchange.respond(200, {}, 'late');
    expect(await client.isAlive()).toBe(true);
    expect([...client.seen, ...client.frames].filter(({ streamId }) => streamId === 1)).toEqual([]);
  });

  it('may have a code that nobody knows', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    await server.exchange('/hold');
    client.send(rstStream(1, 0xfedc_ba98));
    expect(await client.isAlive()).toBe(true);
  });

  it('breaks off a body under way', async () => {
    const client = await server.client();
    client.send(post(1, '/echo'), data(1, 'begun'));
    await server.exchange('/echo');
    client.send(rstStream(1));
    expect(await client.isAlive()).toBe(true);
    await expect.poll(() => server.brokenBodies.length).toBe(1);
  });

  it.each([
    ['on stream 0', rstStream(0), CODE.PROTOCOL_ERROR],
    ['of an idle stream', rstStream(7), CODE.PROTOCOL_ERROR],
    ['of 3 bytes', frame(TYPE.RST_STREAM, 0, 1, Buffer.alloc(3)), CODE.FRAME_SIZE_ERROR],
    ['of 5 bytes', frame(TYPE.RST_STREAM, 0, 1, Buffer.alloc(5)), CODE.FRAME_SIZE_ERROR],
  ])('%s ends the connection', async (_, bytes, code) => {
    const client = await server.client();
    client.send(get(1, '/hold'), bytes);
    await expectConnectionError(client, code);
  });
});

/** RFC 9113 section 6.5. */
describe('SETTINGS', () => {
  it('that are unknown are passed over', async () => {
    const client = await server.client();
    client.send(settings([0xff, 7], [0, 0xffff_ffff], [0x4d44, 1], [0xabab, 0]), get(1));
    expect((await client.answer(1)).status).toBe(200);
  });

  it('may be said more than once: the last counts', async () => {
    const client = await server.client({
      settings: [
        [SETTING.INITIAL_WINDOW_SIZE, 100],
        [SETTING.INITIAL_WINDOW_SIZE, 3],
      ],
    });
    client.send(get(1, '/bytes?1000'));
    expect((await client.frame(TYPE.DATA, 1)).payload).toHaveLength(3);
  });

  it.each([
    [
      'with a payload that acknowledge',
      frame(TYPE.SETTINGS, FLAG.ACK, 0, Buffer.alloc(6)),
      CODE.FRAME_SIZE_ERROR,
    ],
    ['of 5 bytes', frame(TYPE.SETTINGS, 0, 0, Buffer.alloc(5)), CODE.FRAME_SIZE_ERROR],
    ['of 7 bytes', frame(TYPE.SETTINGS, 0, 0, Buffer.alloc(7)), CODE.FRAME_SIZE_ERROR],
    ['on a stream', frame(TYPE.SETTINGS, 0, 1), CODE.PROTOCOL_ERROR],
    ['that enable push by halves', settings([SETTING.ENABLE_PUSH, 2]), CODE.PROTOCOL_ERROR],
    ['with too large a window', settings([SETTING.INITIAL_WINDOW_SIZE, 2 ** 31]), CODE.FLOW_CONTROL_ERROR],
    ['with too small frames', settings([SETTING.MAX_FRAME_SIZE, MOST - 1]), CODE.PROTOCOL_ERROR],
    ['with too large frames', settings([SETTING.MAX_FRAME_SIZE, 2 ** 24]), CODE.PROTOCOL_ERROR],
  ])('%s end the connection', async (_, bytes, code) => {
    const client = await server.client();
    client.send(bytes);
    await expectConnectionError(client, code);
  });

  it.each([
    ['the least frames', settings([SETTING.MAX_FRAME_SIZE, MOST])],
    ['the largest frames', settings([SETTING.MAX_FRAME_SIZE, 2 ** 24 - 1])],
    ['the largest window', settings([SETTING.INITIAL_WINDOW_SIZE, 2 ** 31 - 1])],
    ['no table', settings([SETTING.HEADER_TABLE_SIZE, 0])],
    ['no streams of the server’s', settings([SETTING.MAX_CONCURRENT_STREAMS, 0], [SETTING.ENABLE_PUSH, 0])],
  ])('may allow %s', async (_, bytes) => {
    const client = await server.client();
    client.send(bytes, get(1, '/bytes?40000'));
    expect((await client.answer(1)).body.equals(pattern(40_000))).toBe(true);
    for (const one of client.seen) expect(one.payload.length).toBeLessThanOrEqual(2 ** 24 - 1);
  });

  it('keep frames to 16384 bytes unless they allow more', async () => {
    const client = await server.client({ settings: [[SETTING.INITIAL_WINDOW_SIZE, 1 << 20]] });
    client.send(windowUpdate(0, 1 << 20), get(1, '/bytes?200000'));
    expect((await client.answer(1)).body.equals(pattern(200_000))).toBe(true);
    expect(Math.max(...client.seen.map(({ payload }) => payload.length))).toBeLessThanOrEqual(MOST);
  });
});

/** RFC 9113 section 6.6. */
it('PUSH_PROMISE is not for clients to send', async () => {
  const client = await server.client();
  client.send(
    get(1, '/hold'),
    frame(TYPE.PUSH_PROMISE, FLAG.END_HEADERS, 1, Buffer.concat([uint32(2), block(request('/'))])),
  );
  await expectConnectionError(client, CODE.PROTOCOL_ERROR);
});

/** RFC 9113 section 6.7. */
describe('PING', () => {
  it('is answered with what it said', async () => {
    const client = await server.client();
    client.send(ping(Buffer.of(0, 1, 2, 0xff, 0xfe, 5, 6, 7)));
    const { flags, payload } = await client.frame(TYPE.PING, 0);
    expect([flags, payload]).toEqual([FLAG.ACK, Buffer.of(0, 1, 2, 0xff, 0xfe, 5, 6, 7)]);
  });

  it.each([
    ['of 7 bytes', ping('1234567'), CODE.FRAME_SIZE_ERROR],
    ['of 9 bytes', ping('123456789'), CODE.FRAME_SIZE_ERROR],
    ['of a stream', frame(TYPE.PING, 0, 1, Buffer.alloc(8)), CODE.PROTOCOL_ERROR],
  ])('%s ends the connection', async (_, bytes, code) => {
    const client = await server.client();
    client.send(bytes);
    await expectConnectionError(client, code);
  });

  it('that answers is not answered', async () => {
    const client = await server.client();
    client.send(ping('unwanted', FLAG.ACK));
    // What nobody asked for may end the connection.
    if (await client.isAlive()) expect(client.seen.filter(({ type }) => type === TYPE.PING)).toHaveLength(1);
  });
});

/** RFC 9113 section 6.8. */
describe('GOAWAY of a client', () => {
  it('lets what is under way end', async () => {
    const client = await server.client();
    client.send(get(1, '/hold'));
    const exchange = await server.exchange('/hold');
    client.send(goAway(0, CODE.NO_ERROR));
    await new Promise((done) => setTimeout(done, 50));
    expect(exchange.closed).toBe(false);
    exchange.respond(200, {}, 'still here');
    expect(await client.answer(1)).toMatchObject({ status: 200, body: Buffer.from('still here') });
  });

  it.each([
    ['of a stream', frame(TYPE.GOAWAY, 0, 1, uint32(0, 0)), CODE.PROTOCOL_ERROR],
    ['of 7 bytes', frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(7)), CODE.FRAME_SIZE_ERROR],
  ])('%s ends the connection', async (_, bytes, code) => {
    const client = await server.client();
    client.send(bytes);
    await expectConnectionError(client, code);
  });

  it('may say what nobody knows', async () => {
    const client = await server.client();
    client.send(
      get(1),
      frame(TYPE.GOAWAY, 0xff, 0, Buffer.concat([uint32(0, 0xfefe_fefe), Buffer.from('bye')])),
    );
    const { status, isClosed } = await client.answer(1);
    expect(status === 200 || isClosed).toBe(true);
  });
});

/** RFC 9113 section 6.10. */
describe('CONTINUATION', () => {
  const whole = block(request('/fields', 'GET', [['x-split', 'in pieces']]));

  it('may cut a header block anywhere, into many pieces, and empty ones', async () => {
    for (let cut = 0; cut <= whole.length; cut += 7) {
      const client = await server.client();
      client.send(
        headers(1, whole.subarray(0, cut), true, false),
        continuation(1, Buffer.alloc(0), false),
        continuation(1, whole.subarray(cut)),
      );
      const { status, body } = await client.answer(1);
      expect(status, `cut at ${cut}`).toBe(200);
      expect(JSON.parse(body.toString()).fields['x-split']).toEqual(['in pieces']);
      client.close();
    }
    const client = await server.client();
    const bytes = Array.from(whole, (byte) => continuation(1, Buffer.of(byte), false));
    client.send(headers(1, Buffer.alloc(0), true, false), ...bytes.slice(0, 90));
    client.send(...bytes.slice(90), continuation(1, Buffer.alloc(0)));
    // Some find so many pieces too many.
    const answer = await client.answer(1);
    expect(
      answer.status === 200 || answer.goAway === CODE.ENHANCE_YOUR_CALM || answer.isClosed,
      client.story(),
    ).toBe(true);
  });

  it('follows padded HEADERS', async () => {
    const client = await server.client();
    client.send(
      frame(TYPE.HEADERS, FLAG.END_STREAM | FLAG.PADDED, 1, padded(whole.subarray(0, 20), 30)),
      continuation(1, whole.subarray(20)),
    );
    expect((await client.answer(1)).status).toBe(200);
  });

  it.each([
    ['another stream’s HEADERS', get(3)],
    ['another stream’s CONTINUATION', continuation(3, whole.subarray(5))],
    ['DATA', data(1, 'x')],
    ['PING', ping()],
    ['SETTINGS', settings()],
    ['WINDOW_UPDATE', windowUpdate(0, 1)],
    ['PRIORITY', frame(TYPE.PRIORITY, 0, 1, priority(0))],
    ['RST_STREAM', rstStream(1)],
    ['HEADERS again', headers(1, whole)],
  ])('may not be kept waiting by %s', async (_, bytes) => {
    const client = await server.client();
    client.send(headers(1, whole.subarray(0, 5), true, false), bytes, continuation(1, whole.subarray(5)));
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
    expect(server.exchanges).toHaveLength(0);
  });

  it.each([
    ['stream 0', () => [continuation(0, whole)]],
    ['nothing', () => [continuation(1, whole)]],
    ['a header block that has ended', () => [get(1, '/hold'), continuation(1, whole)]],
    [
      'one that ended in another',
      () => [
        headers(1, whole.subarray(0, 9), true, false),
        continuation(1, whole.subarray(9)),
        continuation(1, whole),
      ],
    ],
    ['DATA', () => [post(1, '/hold'), data(1, 'x'), continuation(1, whole)]],
  ])('may not go on %s', async (_, make) => {
    const client = await server.client();
    client.send(...make());
    await expectConnectionError(client, CODE.PROTOCOL_ERROR);
  });
});

/** RFC 9113 section 5.4.2. */
it('an error of one stream leaves the others alone', async () => {
  const client = await server.client();
  client.send(get(1, '/hold'), headers(3, block([[':method', 'GET']])), get(5));
  await expectStreamError(client, 3, CODE.PROTOCOL_ERROR);
  expect((await client.answer(5)).status).toBe(200);
  (await server.exchange('/hold')).respond(200, {}, 'untouched');
  expect((await client.answer(1)).body.toString()).toBe('untouched');
});
