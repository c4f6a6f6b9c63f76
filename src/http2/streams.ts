import { Allowance } from './allowance.ts';
import { ConnectionError, ErrorCode } from './error-code.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { RequestHead } from './request-head.ts';
import type { Sender } from './sender.ts';
import { ServerStream, type StreamOwner } from './stream.ts';
import { StreamTable } from './stream-table.ts';

/** What a client may send of a body before anybody has read it, in bytes: kube-apiserver's MaxUploadBufferPerStream. */
export const STREAM_WINDOW = 256 * 1024;
/** The peer's SETTINGS_INITIAL_WINDOW_SIZE before it says otherwise, and the connection's at first. */
export const FIRST_WINDOW = 65_535;
/** With so many bytes not taken by the client beyond what flow control holds back, it is not going to take them. */
export const MOST_UNSENT = 4 * 1024 * 1024;
/** Streams that live so long, in milliseconds, are not what a flood of resets is made of. */
const SHORT_LIVED_MS = 1000;
/** Streams that may be reset soon after they were opened: at once, and a second on average. */
const RESETS = 1000;
const RESETS_PER_SECOND = 33;

/** So many streams that were ended from here are remembered: what their client had sent by then is still on its way. */
const REMEMBERED = 500;

/** So much of a request that has been answered already is passed over, in bytes; one that goes on after that is reset. */
const MOST_PASSED_OVER = 4 * 1024 * 1024;
/** Of so many at a time: a client that ends none of them is not to be kept from opening others. */
const MOST_RESTS = 32;

/** The rest of a request that has been answered. */
interface Rest {
  readonly window: ReceiveWindow;
  /** Bytes that have come of it. */
  passedOver: number;
}

/** The streams of a connection (RFC 9113 section 5): which are open, and what ends them. */
export class Streams implements StreamOwner {
  readonly sender: Sender;
  /** Of the connection. */
  readonly #window: ReceiveWindow;
  readonly #monotonic: () => number;
  readonly #open = new StreamTable();
  /** Streams that the client resets soon after it has opened them, and those it makes us reset. */
  readonly #resets: Allowance;
  /** Answers of which the connection has not been given the end yet. */
  #answered: ServerStream[] = [];
  /** Those ended from here before their request was whole, the latest ones. */
  readonly #cut = new Set<number>();
  /** Of requests that were answered before they were whole, the latest ones. */
  readonly #rests = new Map<number, Rest>();
  #peerWindow = FIRST_WINDOW;
  #idleSince: number;
  /** The highest that the client has opened. */
  lastId = 0;

  constructor(sender: Sender, window: ReceiveWindow, monotonic: () => number) {
    this.sender = sender;
    this.#window = window;
    this.#monotonic = monotonic;
    this.#idleSince = monotonic();
    this.#resets = new Allowance(RESETS, RESETS_PER_SECOND, this.#idleSince);
  }

  get size(): number {
    return this.#open.size;
  }

  /** Whether nothing is under way, the last answers included. */
  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#answered.length === 0;
  }

  /** Since when nothing has been under way, in milliseconds of the clock. */
  get idleSince(): number {
    return this.#idleSince;
  }

  get(id: number): ServerStream | undefined {
    return this.#open.get(id);
  }

  open(id: number, fields: readonly string[], head: RequestHead, isWhole: boolean): ServerStream {
    const window = isWhole
      ? undefined
      : new ReceiveWindow(STREAM_WINDOW, (bytes) => this.sender.windowUpdate(id, bytes));
    const stream = new ServerStream(this, id, fields, head, this.#peerWindow, window, this.#monotonic());
    this.#open.add(stream);
    return stream;
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE of the peer: the windows of open streams change with it (RFC 9113 section 6.9.2). */
  set peerWindow(bytes: number) {
    const change = bytes - this.#peerWindow;
    this.#peerWindow = bytes;
    if (change === 0) return;
    for (const stream of this.#open.values())
      if (!stream.widen(change))
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a window is too large');
  }

  /** The client has reset it. */
  resetByPeer(stream: ServerStream): void {
    this.#forget(stream);
    stream.broken();
    const now = this.#monotonic();
    if (now - stream.began < SHORT_LIVED_MS) this.#countReset(now);
  }

  /** A stream error (RFC 9113 section 5.4.2). @throws ConnectionError for too many of them */
  misbehaved(stream: ServerStream, code: ErrorCode): void {
    this.resetStream(stream, code);
    this.#countReset();
  }

  /** The same for a stream that never began, or is over. */
  refuse(id: number, code: ErrorCode): void {
    this.#cutOff(id, code);
    this.#countReset();
  }

  /** Whether frames for it are no fault: they may have been sent before its client knew that it had ended. */
  wasCut(id: number): boolean {
    return this.#cut.has(id);
  }

  /** Answers for a request that nobody is shown: its fields are too many (RFC 6585 section 5). */
  refuseFields(id: number, isWhole: boolean): void {
    this.sender.head(id, 431, { 'content-type': 'text/plain; charset=utf-8' }, true);
    if (!isWhole) this.#cutOff(id, ErrorCode.NO_ERROR);
    this.#countReset();
  }

  resetStream(stream: ServerStream, code: ErrorCode): void {
    this.#forget(stream);
    this.#cutOff(stream.id, code);
    stream.broken();
  }

  answered(stream: ServerStream): void {
    this.#forget(stream);
    this.#answered.push(stream);
    const window = stream.receiveWindow;
    if (stream.isEndedByPeer || !window) return;
    // To reset it at once is allowed (RFC 9113 section 8.1), but curl then loses the answer while it still sends.
    window.allUsed();
    this.#rests.set(stream.id, { window, passedOver: 0 });
    if (this.#rests.size > MOST_RESTS) this.#cutOff(this.#rests.keys().next().value!, ErrorCode.NO_ERROR);
  }

  /** DATA has come for a stream that is not open. @returns whether it belongs to a request that has been answered */
  passOver(id: number, bytes: number, isEnd: boolean): boolean {
    const rest = this.#rests.get(id);
    if (!rest) return false;
    rest.passedOver += bytes;
    if (!rest.window.take(bytes)) this.refuse(id, ErrorCode.FLOW_CONTROL_ERROR);
    else if (isEnd) this.#rests.delete(id);
    else if (rest.passedOver > MOST_PASSED_OVER) this.#cutOff(id, ErrorCode.NO_ERROR);
    else rest.window.used(bytes);
    return true;
  }

  /** What was left of an answered request has ended in another way. @returns whether there was such a request */
  endRest(id: number): boolean {
    return this.#rests.delete(id);
  }

  /** What has been answered is on its way: tells those who wait for that. */
  tellAnswered(): void {
    if (this.#answered.length === 0) return;
    const answered = this.#answered;
    this.#answered = [];
    for (const stream of answered) stream.tellClosed();
  }

  used(stream: ServerStream, bytes: number): void {
    this.#window.used(bytes);
    if (!stream.isEndedByPeer && !stream.isClosed) stream.receiveWindow!.used(bytes);
  }

  /** The connection has ended. */
  breakAll(): void {
    const streams = this.#open.values();
    this.#open.clear();
    for (const stream of streams) stream.broken();
    this.tellAnswered();
  }

  #forget(stream: ServerStream): void {
    this.#open.delete(stream);
    if (this.#open.size === 0) this.#idleSince = this.#monotonic();
  }

  #cutOff(id: number, code: ErrorCode): void {
    this.sender.reset(id, code);
    this.#rests.delete(id);
    this.#cut.add(id);
    if (this.#cut.size > REMEMBERED) this.#cut.delete(this.#cut.values().next().value!);
  }

  #countReset(now = this.#monotonic()): void {
    if (!this.#resets.spend(now) || this.sender.unsent > MOST_UNSENT)
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many streams are reset');
  }
}
