import type { Readable, Writable } from 'node:stream';
import type { ErrorCode } from './error-code.ts';
import { MAX_PAYLOAD, MAX_WINDOW } from './frame.ts';
import type { ReceiveWindow } from './receive-window.ts';
import { RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';
import { ResponseBody } from './response-body.ts';
import type { Fields, Sender, Source } from './sender.ts';

const EMPTY = Buffer.alloc(0);

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly sender: Sender;
  /** Ends the stream with RST_STREAM. */
  resetStream(stream: ServerStream, code: ErrorCode): void;
  /** The answer is out, and nothing more is read of the request. */
  answered(stream: ServerStream): void;
  /** Of a stream, and of the connection: what of its body has been used. */
  used(stream: ServerStream, bytes: number): void;
}

interface Piece {
  bytes: Uint8Array;
  from: number;
  done: (() => void) | undefined;
}

/** A request and its answer (RFC 9113 section 5.1), seen from the server. */
export class ServerStream implements Source {
  readonly id: number;
  /** Names and values by turns as sent, those with a colon first. Latin-1. */
  readonly fields: readonly string[];
  readonly head: RequestHead;
  /** What the peer may send, in bytes of DATA; absent where the request has no body. */
  readonly receiveWindow: ReceiveWindow | undefined;
  /** Milliseconds of the connection's clock. */
  readonly began: number;
  /** The request has come whole. */
  isEndedByPeer: boolean;
  /** The answer is out, or one of both has broken off. */
  isClosed = false;
  headersSent = false;
  /** What the peer takes, in bytes of DATA. */
  #window: number;
  readonly #owner: StreamOwner;
  readonly #body: RequestBody | undefined;
  #received = 0;
  #answer: ResponseBody | undefined;
  #pieces: Piece[] = [];
  /** All that is to be sent is in `pieces`. */
  #isEnding = false;
  #isQueued = false;
  #onClose: (() => void)[] | undefined;

  constructor(
    owner: StreamOwner,
    id: number,
    fields: readonly string[],
    head: RequestHead,
    window: number,
    receiveWindow: ReceiveWindow | undefined,
    began: number,
  ) {
    this.#owner = owner;
    this.id = id;
    this.fields = fields;
    this.head = head;
    this.#window = window;
    this.receiveWindow = receiveWindow;
    this.began = began;
    this.isEndedByPeer = receiveWindow === undefined;
    this.#body = receiveWindow && new RequestBody((bytes) => owner.used(this, bytes));
  }

  // The request.

  /** A piece of the body has come. @returns false where it is more than content-length says */
  received(chunk: Buffer): boolean {
    this.#received += chunk.length;
    const { contentLength } = this.head;
    if (contentLength >= 0 && this.#received > contentLength) return false;
    this.#body!.push(chunk);
    return true;
  }

  /** The body is whole. @returns false where it is less than content-length says */
  receivedAll(): boolean {
    const { contentLength } = this.head;
    if (contentLength >= 0 && this.#received !== contentLength) return false;
    this.isEndedByPeer = true;
    this.#body!.end();
    return true;
  }

  /** The body, or undefined where it is longer than `limit` bytes. Rejects where the request breaks off. */
  body(limit: number): Promise<Buffer | undefined> {
    if (!this.#body) return Promise.resolve(EMPTY);
    if (this.head.contentLength > limit) return Promise.resolve(undefined);
    this.#askForBody();
    return this.#body.collect(limit);
  }

  /** The body as it comes. */
  source(): Readable {
    this.#askForBody();
    if (this.#body) return this.#body.readable();
    const none = new RequestBody(() => {});
    none.end();
    return none.readable();
  }

  /** A client that asks first is told to go on once somebody wants what it has (RFC 9110 section 10.1.1). */
  #askForBody(): void {
    if (this.isEndedByPeer || this.#received > 0 || this.headersSent || this.isClosed) return;
    for (let i = 0; i + 1 < this.fields.length; i += 2)
      if (this.fields[i] === 'expect' && this.fields[i + 1]!.toLowerCase() === '100-continue')
        this.#owner.sender.head(this.id, 100, {}, false);
  }

  // The answer.

  /** Answers whole; `body` may not change afterwards. */
  respond(status: number, fields: Fields, body: Uint8Array | string): void {
    if (this.isClosed || this.headersSent) return;
    this.headersSent = true;
    const { sender } = this.#owner;
    if (body.length === 0 || this.head.method === 'HEAD') {
      sender.head(this.id, status, fields, true);
      this.#ended();
      return;
    }
    sender.head(this.id, status, fields, false);
    if (typeof body !== 'string') this.send(body, true);
    else if (sender.isOpen && sender.text(this.id, body, this.#window) >= 0) this.#ended();
    else this.send(Buffer.from(body), true);
  }

  /** Begins an answer that is written bit by bit. */
  open(status: number, fields: Fields): Writable {
    this.#answer ??= new ResponseBody(this);
    if (this.isClosed) this.#answer.destroy();
    else if (!this.headersSent) {
      this.headersSent = true;
      const isEnd = this.head.method === 'HEAD';
      this.#owner.sender.head(this.id, status, fields, isEnd);
      if (isEnd) this.#ended();
    }
    return this.#answer;
  }

  /** Sends bytes of the body behind those before them, as far as windows allow; `done` is called when they are on their way. */
  send(bytes: Uint8Array, isEnd: boolean, done?: () => void): void {
    if (this.isClosed) {
      done?.();
      return;
    }
    const { sender } = this.#owner;
    const { length } = bytes;
    if (this.#pieces.length === 0 && length <= MAX_PAYLOAD && length <= this.#window) {
      if (length === 0 || (sender.isOpen && length <= sender.window)) {
        if (length > 0 || isEnd) sender.data(this.id, bytes, 0, length, isEnd);
        this.#window -= length;
        if (isEnd) this.#ended();
        done?.();
        return;
      }
    }
    this.#pieces.push({ bytes, from: 0, done });
    if (isEnd) this.#isEnding = true;
    this.#queue();
  }

  #queue(): void {
    if (this.#isQueued || this.#pieces.length === 0 || this.isClosed) return;
    // The end alone needs no window.
    if (this.#window <= 0 && !this.#isOnlyEnd()) return;
    this.#isQueued = true;
    this.#owner.sender.enqueue(this);
  }

  #isOnlyEnd = (): boolean => this.#pieces.length === 1 && this.#pieces[0]!.bytes.length === 0;

  sendSome(): boolean {
    const piece = this.#pieces[0];
    if (this.isClosed || !piece || (this.#window <= 0 && !this.#isOnlyEnd())) {
      this.#isQueued = false;
      return false;
    }
    const { sender } = this.#owner;
    const left = piece.bytes.length - piece.from;
    const size = Math.min(left, MAX_PAYLOAD, Math.max(this.#window, 0), sender.window);
    const isPieceOver = size === left;
    const isEnd = isPieceOver && this.#isEnding && this.#pieces.length === 1;
    if (size > 0 || isEnd) sender.data(this.id, piece.bytes, piece.from, piece.from + size, isEnd);
    this.#window -= size;
    piece.from += size;
    if (isPieceOver) this.#pieces.shift();
    const hasMore = this.#pieces.length > 0 && (this.#window > 0 || this.#isOnlyEnd());
    this.#isQueued = hasMore;
    if (isEnd) this.#ended();
    if (isPieceOver) piece.done?.();
    return hasMore && !this.isClosed;
  }

  /** The peer takes so many bytes more, or (by its settings) fewer. @returns whether the window is still one */
  widen(bytes: number): boolean {
    if (this.#window + bytes > MAX_WINDOW) return false;
    this.#window += bytes;
    this.#queue();
    return true;
  }

  #ended(): void {
    this.isClosed = true;
    this.#body?.drop();
    this.#owner.answered(this);
  }

  // The end.

  /** Ends it before its time. */
  reset(code: ErrorCode): void {
    if (!this.isClosed) this.#owner.resetStream(this, code);
  }

  /** It has broken off: by the peer, by us, or with its connection. */
  broken(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#body?.fail(new Error('the client went away before its request was whole'));
    this.#pieces = [];
    this.#answer?.destroy();
    this.tellClosed();
  }

  onClose(listener: () => void): void {
    if (this.isClosed && !this.#onClose) queueMicrotask(listener);
    else {
      this.#onClose ??= [];
      this.#onClose.push(listener);
    }
  }

  /** Calls back those who wait for the end. */
  tellClosed(): void {
    const listeners = this.#onClose;
    this.#onClose = undefined;
    if (listeners) for (const listener of listeners) listener();
  }
}
