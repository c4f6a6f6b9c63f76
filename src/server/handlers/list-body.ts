import { pipeline, type Writable } from 'node:stream';
import { answerBytes } from '../answer.ts';
import type { ApiRequest } from '../api-request.ts';
import { acceptsGzip, compress } from '../compression.ts';

/** Bodies up to this are put together and sent whole. */
const WHOLE_BYTES = 256 * 1024;
/** Longer ones go out in pieces of about this, each once the one before has gone. */
const CHUNK_BYTES = 128 * 1024;
/** Lists whose items have to be made are sent in pieces from so many items on, whatever their size. */
export const MANY_ITEMS = 1000;
/** Nothing keeps the others waiting for longer than about this. */
const SLICE_MS = 5;

/** A JSON document that is mostly a long array. */
export interface LongBody {
  /** Up to and with the bracket that opens the array. */
  head: string;
  count: number;
  /** The bytes of an element; `size` is cheap where they are there already, and absent where they have to be made. */
  piece(index: number): Uint8Array;
  size?(index: number): number;
  /** Throws where an element cannot be made: found out before the answer begins. */
  check(index: number): void;
  /** From the bracket that closes the array on. */
  tail: string;
}

/**
 * Answers 200 with a body that may be too long to hold: what does not fit is made and sent piece by piece, as fast as the client
 * reads. A client that reads slowly holds one piece, and the objects as they were when it asked.
 */
export async function answerLongBody(request: ApiRequest, body: LongBody): Promise<void> {
  const isWhole = body.size ? bytesOf(body) <= WHOLE_BYTES : body.count < MANY_ITEMS;
  // Who audits the answer has to have it all.
  if (isWhole || request.audit?.events.wantsResponse) {
    const { body: bytes, headers } = await compress(request, join(body));
    answerBytes(request, 200, { 'content-type': 'application/json', ...headers }, bytes);
    return;
  }
  await checkAll(body);
  if (request.exchange.closed) return;
  request.record.status = 200;
  const headers: Record<string, string> = { 'content-type': 'application/json', vary: 'Accept-Encoding' };
  const zips = acceptsGzip(request);
  if (zips) headers['content-encoding'] = 'gzip';
  const out = request.exchange.stream(200, request.answerHeaders(headers));
  let sink: Writable = out;
  if (zips) {
    const { createGzip } = await import('node:zlib');
    const gzip = createGzip({ level: 1, chunkSize: CHUNK_BYTES });
    pipeline(gzip, out, () => {});
    sink = gzip;
  }
  for (const chunk of chunks(body)) {
    if (request.exchange.closed || sink.destroyed) return;
    if (!sink.write(chunk)) await drained(sink, out);
  }
  if (sink.destroyed || request.exchange.closed) return;
  const ended = new Promise<void>((resolve) => {
    out.once('finish', resolve);
    out.once('close', resolve);
  });
  sink.end();
  await ended;
}

async function checkAll({ count, check }: LongBody): Promise<void> {
  const slices = new Slices();
  for (let i = 0; i < count; i++) {
    check(i);
    if (slices.isOver()) await slices.next();
  }
}

/** Cuts work on many objects into slices, between which others have their turn. */
export class Slices {
  #began = performance.now();
  #steps = 0;

  /** Asked after each object; looks at the clock now and then. */
  isOver(): boolean {
    return ++this.#steps % 64 === 0 && performance.now() - this.#began >= SLICE_MS;
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#began = performance.now();
  }
}

/** Resolves when there is room again, or nobody left to write to. `out`: where `sink` leads to. */
export function drained(sink: Writable, out: Writable = sink): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      sink.removeListener('drain', done);
      sink.removeListener('close', done);
      out.removeListener('close', done);
      resolve();
    };
    if (out.destroyed || sink.destroyed) return resolve();
    sink.once('drain', done);
    sink.once('close', done);
    if (out !== sink) out.once('close', done);
  });
}

function bytesOf({ head, count, size, tail }: LongBody): number {
  let bytes = Buffer.byteLength(head) + tail.length + Math.max(count - 1, 0);
  for (let i = 0; i < count && bytes <= WHOLE_BYTES; i++) bytes += size!(i);
  return bytes;
}

const COMMA = 0x2c;

/** Pieces with commas between them, in one copy. */
function join({ head, count, piece, tail }: LongBody): Buffer {
  const pieces: Uint8Array[] = [];
  let size = Buffer.byteLength(head) + Buffer.byteLength(tail) + Math.max(count - 1, 0);
  for (let i = 0; i < count; i++) {
    const bytes = piece(i);
    pieces.push(bytes);
    size += bytes.length;
  }
  const body = Buffer.allocUnsafe(size);
  let at = body.write(head);
  for (let i = 0; i < count; i++) {
    if (i > 0) body[at++] = COMMA;
    body.set(pieces[i]!, at);
    at += pieces[i]!.length;
  }
  body.write(tail, at);
  return body;
}

function* chunks({ head, count, piece, tail }: LongBody): Generator<Uint8Array> {
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let at = 0;
  const begin = Buffer.from(head);
  const end = Buffer.from(tail);
  for (let i = -1; i <= count; i++) {
    const bytes = i < 0 ? begin : i === count ? end : piece(i);
    const needed = bytes.length + 1;
    if (at + needed > CHUNK_BYTES) {
      yield chunk.subarray(0, at);
      chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, needed));
      at = 0;
    }
    if (i > 0 && i < count) chunk[at++] = COMMA;
    chunk.set(bytes, at);
    at += bytes.length;
  }
  yield chunk.subarray(0, at);
}
