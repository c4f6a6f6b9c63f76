import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { duplexPair } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { Connection } from './connection.ts';
import type { ServerStream } from './stream.ts';

const sessions: ClientHttp2Session[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
});

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

/** A connection of ours, and Node's client at its other end. */
function dial(
  onRequest: (stream: ServerStream) => void,
  maxStreams = 250,
  onFault?: (error: unknown) => void,
) {
  const [ours, theirs] = duplexPair();
  // A socket's bytes have been copied once its write is done; a pair passes on what it was given.
  const write = ours._write.bind(ours);
  ours._write = (chunk: Buffer, encoding, done) => write(Buffer.from(chunk), encoding, done);
  const clock = { now: 0 };
  const connection = new Connection(ours, {
    maxStreams,
    monotonic: () => clock.now,
    onRequest,
    ...(onFault ? { onFault } : {}),
  });
  const session = connect('http://test', { createConnection: () => theirs });
  session.on('error', () => {});
  sessions.push(session);
  return { connection, session, clock };
}

async function answerOf(stream: ClientHttp2Stream) {
  const [headers] = await once(stream, 'response');
  return { headers, body: await text(stream) };
}

describe('Connection', () => {
  it('answers many requests at once, each with its own answer', async () => {
    const { session } = dial((stream) => {
      setTimeout(
        () =>
          stream.respond(
            200,
            { 'content-type': 'text/plain', n: 7 },
            `${stream.head.method} ${stream.head.path}`,
          ),
        stream.id % 5,
      );
    });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => answerOf(session.request({ ':path': `/${i}` }))),
    );
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 100 }, (_, i) => `GET /${i}`));
    expect(answers[0]!.headers).toMatchObject({ ':status': 200, 'content-type': 'text/plain', n: '7' });
  });

  it('passes bodies of any size both ways', async () => {
    const { session } = dial((stream) => {
      void stream.body(10_000_000).then((body) => stream.respond(201, {}, body!));
    });
    for (const size of [0, 1, 16_384, 16_385, 65_535, 65_536, 300_000, 3_000_000]) {
      const sent = Buffer.alloc(size, `${size};`);
      const request = session.request({ ':method': 'POST', ':path': '/' });
      request.end(sent);
      expect((await buffer(request)).equals(sent)).toBe(true);
    }
  });

  it('passes on a body as it comes', async () => {
    const { session } = dial((stream) => stream.source().pipe(stream.open(200, {})));
    const request = session.request({ ':method': 'POST', ':path': '/' });
    const back = buffer(request);
    const sent = Buffer.alloc(2_000_000, 'abcdefg');
    for (let at = 0; at < sent.length; at += 100_000) request.write(sent.subarray(at, at + 100_000));
    request.end();
    expect((await back).equals(sent)).toBe(true);
  });

  it('answers a body that is too long without reading it', async () => {
    const { session } = dial((stream) => {
      void stream.body(1000).then((body) => stream.respond(body ? 200 : 413, {}, 'too long'));
    });
    const request = session.request({ ':method': 'POST', ':path': '/' });
    request.on('error', () => {});
    request.write(Buffer.alloc(2000));
    const { headers, body } = await answerOf(request);
    expect([headers[':status'], body]).toEqual([413, 'too long']);
    expect((await answerOf(session.request({ ':path': '/' }))).headers[':status']).toBe(200);
  });

  it('takes no offence at what was sent before its client knew of the answer', async () => {
    const { session } = dial((stream) => stream.respond(401, {}, 'no'));
    // More in all than a client could cause resets with.
    for (let i = 0; i < 400; i++) {
      const request = session.request({ ':method': 'POST', ':path': '/' });
      request.on('error', () => {});
      const answer = answerOf(request);
      for (let j = 0; j < 4; j++) request.write(Buffer.alloc(20_000));
      expect((await answer).headers[':status']).toBe(401);
    }
    expect(session.destroyed).toBe(false);
  });

  it('sends no body to HEAD', async () => {
    const { session } = dial((stream) => stream.respond(200, { 'content-length': 5 }, 'hello'));
    const { headers, body } = await answerOf(session.request({ ':method': 'HEAD', ':path': '/' }));
    expect([headers['content-length'], body]).toEqual(['5', '']);
  });

  it('tells a client that asks to go on when its body is wanted', async () => {
    const { session } = dial((stream) => {
      void stream.body(1000).then((body) => stream.respond(200, {}, body!));
    });
    const request = session.request(
      { ':method': 'POST', ':path': '/', expect: '100-continue' },
      { endStream: false },
    );
    await once(request, 'continue');
    request.end('now');
    expect((await answerOf(request)).body).toBe('now');
  });

  it('calls back when the client gives up, and sends nothing more', async () => {
    let closed = 0;
    const arrived = resolvers();
    const { session } = dial((stream) => {
      const out = stream.open(200, {});
      out.write('first');
      stream.onClose(() => {
        closed++;
        expect(stream.isClosed).toBe(true);
        stream.respond(200, {}, 'late');
        arrived.resolve(out);
      });
    });
    const request = session.request({ ':path': '/' });
    await once(request, 'data');
    request.close(constants.NGHTTP2_CANCEL);
    const out = (await arrived.promise) as NodeJS.WritableStream & { destroyed: boolean };
    expect(out.destroyed).toBe(true);
    expect(closed).toBe(1);
  });

  it('calls back once the answer is out', async () => {
    const order: string[] = [];
    const { session } = dial((stream) => {
      stream.onClose(() => order.push('closed'));
      stream.respond(200, {}, 'x');
      order.push('answered');
    });
    await answerOf(session.request({ ':path': '/' }));
    await turn();
    expect(order).toEqual(['answered', 'closed']);
  });

  it('makes no more than the client reads', async () => {
    let written = 0;
    const { session } = dial(async (stream) => {
      const out = stream.open(200, {});
      for (let i = 0; i < 1000 && !out.destroyed; i++) {
        written++;
        if (!out.write(Buffer.alloc(16_384))) await once(out, 'drain');
      }
      out.end();
    });
    const request = session.request({ ':path': '/' });
    await once(request, 'response');
    request.pause();
    for (let i = 0; i < 50; i++) await turn();
    expect(written).toBeLessThan(100);
    expect((await buffer(request)).length).toBe(16_384_000);
  });

  it('serves streams by turns, so that a long answer holds up no short one', async () => {
    const { session } = dial((stream) =>
      stream.respond(200, {}, stream.head.path === '/long' ? Buffer.alloc(20_000_000) : 'short'),
    );
    const long = session.request({ ':path': '/long' });
    await once(long, 'data');
    let isLongOver = false;
    long.on('end', () => {
      isLongOver = true;
    });
    expect((await answerOf(session.request({ ':path': '/short' }))).body).toBe('short');
    expect(isLongOver).toBe(false);
    long.close();
  });

  it('refuses streams beyond the number allowed, which the client may try again', async () => {
    const held: ServerStream[] = [];
    const { session } = dial((stream) => held.push(stream), 2);
    // Node's client keeps to the number once it knows it: these are on their way before.
    const requests = [1, 2, 3].map((i) => session.request({ ':path': `/${i}` }));
    const [error] = await once(requests[2]!, 'error');
    expect(String(error)).toContain('REFUSED_STREAM');
    for (const stream of held) stream.respond(200, {}, 'ok');
    expect((await answerOf(requests[0]!)).body).toBe('ok');
  });

  it('resets the stream of a request whose handler breaks, and serves others', async () => {
    const faults: unknown[] = [];
    const { session } = dial(
      (stream) => {
        if (stream.head.path === '/bad') throw new Error('broken');
        stream.respond(200, {}, 'good');
      },
      250,
      (error) => faults.push(error),
    );
    const [error] = await once(session.request({ ':path': '/bad' }), 'error');
    expect(String(error)).toContain('INTERNAL_ERROR');
    expect((await answerOf(session.request({ ':path': '/good' }))).body).toBe('good');
    expect(faults.map(String)).toEqual(['Error: broken']);
  });

  it('goes away once what is under way has been answered', async () => {
    const held: ServerStream[] = [];
    const { connection, session } = dial((stream) => held.push(stream));
    const request = session.request({ ':path': '/' });
    const answer = answerOf(request);
    while (held.length === 0) await turn();
    connection.close();
    const [code] = await once(session, 'goaway');
    expect(code).toBe(constants.NGHTTP2_NO_ERROR);
    const closed = once(session, 'close');
    held[0]!.respond(200, {}, 'still');
    expect((await answer).body).toBe('still');
    await closed;
  });

  it('breaks off what is under way when the connection ends', async () => {
    const gone = resolvers();
    const { session } = dial((stream) => {
      stream.body(1000).catch((error: Error) => stream.onClose(() => gone.resolve(error.message)));
    });
    const request = session.request({ ':method': 'POST', ':path': '/' });
    request.on('error', () => {});
    request.write('a');
    for (let i = 0; i < 5; i++) await turn();
    session.destroy();
    expect(await gone.promise).toContain('went away');
  });

  it('ends a connection that resets stream after stream, and no other', async () => {
    const { session, clock } = dial((stream) => stream.open(200, {}));
    const cancel = async (count: number): Promise<void> => {
      for (let i = 0; i < count && !session.closed && !session.destroyed; i++) {
        const request = session.request({ ':path': '/' });
        request.on('error', () => {});
        request.close(constants.NGHTTP2_CANCEL);
        if (i % 50 === 0) await turn();
      }
      for (let i = 0; i < 5; i++) await turn();
    };
    await cancel(900);
    expect(session.destroyed).toBe(false);
    clock.now += 60_000;
    await cancel(900);
    expect(session.destroyed).toBe(false);
    let code: number | undefined;
    session.on('goaway', (sent: number) => {
      code = sent;
    });
    await cancel(2000);
    expect(code).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });
});

/** Promise.withResolvers, which Node.js 20 has not. */
function resolvers(): { promise: Promise<unknown>; resolve(value?: unknown): void } {
  let resolve: (value?: unknown) => void = () => {};
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
