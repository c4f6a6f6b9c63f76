import type { Duplex } from 'node:stream';
import type { ErrorCode } from './error-code.ts';
import {
  Flag,
  FRAME_HEAD,
  FrameType,
  MAX_PAYLOAD,
  MAX_WINDOW,
  writeFrameHead,
  writeUint32,
} from './frame.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { Outbox } from './outbox.ts';

/** Header fields of an answer: names in lower case. */
export type Fields = Record<string, string | number | readonly string[] | undefined>;

/** Payloads up to this many bytes are copied behind their frame's head, longer ones are sent as they are. */
const COPIED_BYTES = 4096;
/** With so many bytes waiting for the client to read, no more data is made ready for it. */
const MOST_UNSENT = 256 * 1024;
/** What most header blocks fit into, in bytes. */
const HEADER_ROOM = 2048;

/** A stream that has data to send. */
export interface Source {
  /** Sends one frame of it, of at most so many bytes. @returns whether there is more that may be sent now */
  sendSome(): boolean;
}

/** The sending side of a connection: makes frames, compresses header fields and keeps to the connection's window. */
export class Sender {
  /** What the peer lets the connection send at the moment, in bytes of DATA. */
  window = 65_535;
  readonly #outbox: Outbox;
  readonly #hpack = new HpackEncoder();
  /** Streams whose windows are open, in the order of their turns. */
  #ready: Source[] = [];

  constructor(socket: Duplex, onFlush: () => void) {
    this.#outbox = new Outbox(socket, onFlush, () => this.pump());
  }

  get unsent(): number {
    return this.#outbox.unsent;
  }

  /** Whether data may be sent right now; where it may not, a stream asks for a turn (`enqueue`). */
  get isOpen(): boolean {
    return this.window > 0 && this.#ready.length === 0 && this.#outbox.unsent < MOST_UNSENT;
  }

  set peerTableSize(bytes: number) {
    this.#hpack.setMaxTableSize(bytes);
  }

  /** @returns whether the window is still one (RFC 9113 section 6.9.1) */
  widen(bytes: number): boolean {
    if (this.window + bytes > MAX_WINDOW) return false;
    this.window += bytes;
    this.pump();
    return true;
  }

  /** HEADERS, and CONTINUATION frames behind it where the block is too long for one. */
  head(streamId: number, status: number, fields: Fields, isEnd: boolean): void {
    const into = this.#outbox.room(FRAME_HEAD + HEADER_ROOM);
    const { at } = this.#outbox;
    const begin = at + FRAME_HEAD;
    const end = this.#hpack.encode(status, fields, into, begin);
    const flags = isEnd ? Flag.END_STREAM : 0;
    if (end >= 0 && end - begin <= MAX_PAYLOAD) {
      writeFrameHead(into, at, end - begin, FrameType.HEADERS, flags | Flag.END_HEADERS, streamId);
      this.#outbox.wrote(end);
    } else if (end >= 0) this.#longHead(streamId, Buffer.from(into.subarray(begin, end)), flags);
    else {
      let block = Buffer.allocUnsafe(MAX_PAYLOAD);
      let length = this.#hpack.encode(status, fields, block, 0);
      while (length < 0) {
        block = Buffer.allocUnsafe(block.length * 2);
        length = this.#hpack.encode(status, fields, block, 0);
      }
      this.#longHead(streamId, block.subarray(0, length), flags);
    }
  }

  #longHead(streamId: number, block: Buffer, flags: number): void {
    for (let at = 0; at < block.length; at += MAX_PAYLOAD) {
      const part = block.subarray(at, at + MAX_PAYLOAD);
      const last = at + MAX_PAYLOAD >= block.length ? Flag.END_HEADERS : 0;
      const [type, own] = at === 0 ? [FrameType.HEADERS, flags] : [FrameType.CONTINUATION, 0];
      this.#frame(type, own | last, streamId, part);
    }
  }

  /** DATA: `bytes[from..to)`, which both windows have to have room for. */
  data(streamId: number, bytes: Uint8Array, from: number, to: number, isEnd: boolean): void {
    this.window -= to - from;
    const part = from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
    this.#frame(FrameType.DATA, isEnd ? Flag.END_STREAM : 0, streamId, part);
  }

  /** A whole body as text. @returns its length in bytes, or -1 where it may not fit into `most` bytes of one frame */
  text(streamId: number, text: string, most: number): number {
    const bound = text.length * 3;
    if (bound > Math.min(most, this.window, MAX_PAYLOAD)) return -1;
    const into = this.#outbox.room(FRAME_HEAD + bound);
    const { at } = this.#outbox;
    const length = into.write(text, at + FRAME_HEAD, 'utf8');
    writeFrameHead(into, at, length, FrameType.DATA, Flag.END_STREAM, streamId);
    this.#outbox.wrote(at + FRAME_HEAD + length);
    this.window -= length;
    return length;
  }

  reset(streamId: number, code: ErrorCode): void {
    this.#numbers(FrameType.RST_STREAM, streamId, code);
  }

  /** Lets the peer send so many bytes more, on a stream or (0) the connection. */
  windowUpdate(streamId: number, bytes: number): void {
    this.#numbers(FrameType.WINDOW_UPDATE, streamId, bytes);
  }

  goAway(lastStreamId: number, code: ErrorCode): void {
    this.#numbers(FrameType.GOAWAY, 0, lastStreamId, code);
  }

  pong(payload: Buffer): void {
    this.#frame(FrameType.PING, Flag.ACK, 0, payload);
  }

  /** A frame that is made already. */
  raw(frame: Buffer): void {
    const into = this.#outbox.room(frame.length);
    const { at } = this.#outbox;
    into.set(frame, at);
    this.#outbox.wrote(at + frame.length);
  }

  /** Gives the stream a turn as soon as there is room for its data. */
  enqueue(source: Source): void {
    this.#ready.push(source);
    if (this.#ready.length === 1) this.pump();
  }

  /** Lets streams send by turns, a frame each, as long as the window is open and the client reads. */
  pump(): void {
    const ready = this.#ready;
    while (ready.length > 0 && this.window > 0 && this.#outbox.unsent < MOST_UNSENT) {
      const source = ready[0]!;
      const hasMore = source.sendSome();
      ready.shift();
      if (hasMore) ready.push(source);
    }
  }

  flush(): void {
    this.#outbox.flush();
  }

  #frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const { length } = payload;
    const isCopied = length <= COPIED_BYTES;
    const into = this.#outbox.room(FRAME_HEAD + (isCopied ? length : 0));
    const begin = writeFrameHead(into, this.#outbox.at, length, type, flags, streamId);
    if (isCopied) {
      into.set(payload, begin);
      this.#outbox.wrote(begin + length);
    } else {
      this.#outbox.wrote(begin);
      this.#outbox.attach(payload);
    }
  }

  #numbers(type: number, streamId: number, ...numbers: readonly number[]): void {
    const length = 4 * numbers.length;
    const into = this.#outbox.room(FRAME_HEAD + length);
    let at = writeFrameHead(into, this.#outbox.at, length, type, 0, streamId);
    for (const number of numbers) at = writeUint32(into, at, number);
    this.#outbox.wrote(at);
  }
}
