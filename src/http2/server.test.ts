import { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Flag, FrameType, PREFACE, writeFrameHead } from './frame.ts';
import { Http2Server } from './server.ts';
import type { ServerStream } from './stream.ts';

beforeEach(() =>
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] }),
);
afterEach(() => vi.useRealTimers());

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

function frame(type: number, flags: number, streamId: number, payload: readonly number[]): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.set(payload, writeFrameHead(bytes, 0, payload.length, type, flags, streamId));
  return bytes;
}

const HELLO = Buffer.concat([PREFACE, frame(FrameType.SETTINGS, 0, 0, [])]);
/** GET https:/ of nobody. */
const GET = frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, [0x82, 0x87, 0x84]);

function dial() {
  const clock = { now: 0 };
  const requests: ServerStream[] = [];
  const types: number[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length; at += 9 + chunk.readUIntBE(at, 3)) types.push(chunk[at + 3]!);
      done();
    },
  });
  const server = new Http2Server({ maxStreams: 10, monotonic: () => clock.now, firstRequestMs: 32_000 });
  server.accept(socket, (stream) => requests.push(stream));
  const pass = async (ms: number): Promise<void> => {
    clock.now += ms;
    vi.advanceTimersByTime(5000);
    await turn();
    await turn();
  };
  const send = async (bytes: Buffer): Promise<void> => {
    socket.push(bytes);
    await turn();
    await turn();
  };
  return { server, socket, requests, types, pass, send };
}

it('ends a connection on which nothing is asked', async () => {
  const { socket, pass, send } = dial();
  await send(HELLO);
  await pass(31_000);
  expect(socket.destroyed).toBe(false);
  await pass(2000);
  expect(socket.destroyed).toBe(true);
});

it('has a client that was idle for long go away, but none that waits for an answer', async () => {
  const { socket, requests, types, pass, send } = dial();
  await send(Buffer.concat([HELLO, GET]));
  await pass(200_000);
  expect(types).not.toContain(FrameType.GOAWAY);
  requests[0]!.respond(200, {}, 'x');
  await pass(89_000);
  expect(types).not.toContain(FrameType.GOAWAY);
  await pass(2000);
  expect(types).toContain(FrameType.GOAWAY);
  expect(socket.writableEnded).toBe(true);
});

it('ends all connections when it closes, each once its requests are answered', async () => {
  const { server, socket, requests, types, send } = dial();
  await send(Buffer.concat([HELLO, GET]));
  server.close();
  await turn();
  expect(types).toContain(FrameType.GOAWAY);
  expect(socket.writableEnded).toBe(false);
  requests[0]!.respond(200, {}, 'x');
  await turn();
  expect(socket.writableEnded).toBe(true);
});
