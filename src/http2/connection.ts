import type { Duplex } from 'node:stream';
import { Allowance } from './allowance.ts';
import { ConnectionError, ErrorCode } from './error-code.ts';
import { Flag, FrameType, readUint31 } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { HeaderBlocks } from './header-blocks.ts';
import { ReceiveWindow } from './receive-window.ts';
import { isGoodTrailer, RequestHeads } from './request-head.ts';
import { Sender } from './sender.ts';
import { readSettings, SETTINGS_ACK, settingsFrame } from './settings.ts';
import { ServerStream, type StreamOwner } from './stream.ts';

/** What a client may send of a body before anybody has read it, in bytes: kube-apiserver's MaxUploadBufferPerStream. */
const STREAM_WINDOW = 256 * 1024;
/** The same for all bodies of a connection. */
const CONNECTION_WINDOW = 1024 * 1024;
const FIRST_WINDOW = 65_535;
/** Of a request's header fields as RFC 9113 section 10.5.1 counts them; Go's limit of 1 MiB and what it adds. */
const MAX_HEADER_LIST = 1_048_896;
/** With so many bytes not taken by the client beyond what flow control holds back, it is not going to take them. */
const MOST_UNSENT = 4 * 1024 * 1024;
/** So long a client that is at fault may take to read why its connection ends, in milliseconds. */
const LINGER_MS = 1000;
/** The same for one that is owed answers. */
const GRACE_MS = 10_000;
/** Streams that live so long, in milliseconds, are not what a flood of resets is made of. */
const SHORT_LIVED_MS = 1000;

export interface ConnectionOptions {
  maxStreams: number;
  /** Milliseconds of a clock that does not go back. */
  monotonic: () => number;
  onRequest(stream: ServerStream): void;
  /** Something of ours broke while frames were read; the connection has been ended. */
  onFault?(error: unknown): void;
}

/** One HTTP/2 connection, the server's side (RFC 9113). */
export class Connection implements StreamOwner {
  readonly sender: Sender;
  readonly #socket: Duplex;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #blocks = new HeaderBlocks(MAX_HEADER_LIST);
  readonly #heads = new RequestHeads();
  readonly #streams = new Map<number, ServerStream>();
  readonly #window: ReceiveWindow;
  /** Streams that the client resets soon after it has opened them, and those it makes us reset. */
  readonly #resets: Allowance;
  /** Frames that bring nothing on. */
  readonly #idleFrames: Allowance;
  /** Requests whose frames stand in what is just being read. */
  #arrived: ServerStream[] = [];
  #answered: ServerStream[] = [];
  #lastStreamId = 0;
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  #peerWindow = FIRST_WINDOW;
  #hasSettings = false;
  #isGoingAway = false;
  #isOver = false;
  #isReading = false;
  #idleSince: number;

  constructor(socket: Duplex, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    const now = options.monotonic();
    this.#idleSince = now;
    this.#resets = new Allowance(1000, 33, now);
    this.#idleFrames = new Allowance(10_000, 500, now);
    this.sender = new Sender(socket, () => this.#flushed());
    this.#window = new ReceiveWindow(CONNECTION_WINDOW, (bytes) => this.sender.windowUpdate(0, bytes));
    this.#reader = new FrameReader((type, flags, id, bytes, start, end) =>
      this.#frame(type, flags, id, bytes, start, end),
    );
    this.sender.raw(
      settingsFrame({
        maxConcurrentStreams: options.maxStreams,
        initialWindowSize: STREAM_WINDOW,
        maxHeaderListSize: MAX_HEADER_LIST,
      }),
    );
    this.sender.windowUpdate(0, CONNECTION_WINDOW - FIRST_WINDOW);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#gone());
    socket.on('close', () => this.#gone());
    socket.on('error', () => {});
  }

  /** Since when nothing has been asked for, in milliseconds of the clock; undefined while something is under way. */
  get idleSince(): number | undefined {
    return this.#streams.size === 0 && this.#answered.length === 0 ? this.#idleSince : undefined;
  }

  /** Whether any request has come. */
  get isFresh(): boolean {
    return this.#lastStreamId === 0;
  }

  /** Tells the client to make its next requests elsewhere, lets those under way end, and closes. */
  close(): void {
    if (this.#isOver || this.#isGoingAway) return;
    this.#isGoingAway = true;
    this.sender.goAway(this.#lastStreamId, ErrorCode.NO_ERROR);
    this.#endIfDone();
  }

  /** Ends the connection and all that is under way on it. */
  destroy(): void {
    this.#socket.destroy();
    this.#gone();
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#isReading = true;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error.code);
      else {
        this.#fail(ErrorCode.INTERNAL_ERROR);
        this.#options.onFault?.(error);
      }
    }
    this.#isReading = false;
    // What has been reset by a frame behind it never was a request.
    const arrived = this.#arrived;
    if (arrived.length === 0) return;
    this.#arrived = [];
    for (const stream of arrived) if (!stream.isClosed) this.#options.onRequest(stream);
  }

  #frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.#isOver) return;
    if (!this.#hasSettings && (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0))
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'the first frame is not SETTINGS');
    if (this.#blocks.isOpen && (type !== FrameType.CONTINUATION || id !== this.#blocks.streamId))
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a header block is interrupted');
    switch (type) {
      case FrameType.DATA:
        return this.#data(flags, id, bytes, start, end);
      case FrameType.HEADERS:
        if (this.#blocks.begin(flags, id, bytes, start, end)) this.#headers();
        return;
      case FrameType.CONTINUATION:
        if (this.#blocks.goOn(flags, id, bytes, start, end)) this.#headers();
        return;
      case FrameType.PRIORITY:
        return this.#priority(id, bytes, start, end);
      case FrameType.RST_STREAM:
        return this.#rstStream(id, end - start);
      case FrameType.SETTINGS:
        return this.#settings(flags, id, bytes, start, end);
      case FrameType.PUSH_PROMISE:
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a client promises a push');
      case FrameType.PING:
        return this.#ping(flags, id, bytes, start, end);
      case FrameType.GOAWAY:
        return this.#goAway(id, end - start);
      case FrameType.WINDOW_UPDATE:
        return this.#windowUpdate(id, bytes, start, end);
      default:
        // Frames of types that nobody knows are passed over (RFC 9113 section 4.1).
        this.#idle();
    }
  }

  /** Counts a frame that brings nothing on. */
  #idle(): void {
    if (!this.#idleFrames.spend(this.#options.monotonic()) || this.sender.unsent > MOST_UNSENT)
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many frames of no use');
  }

  #data(flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    this.#checkOpened(id);
    const size = to - from;
    let start = from;
    let end = to;
    if (flags & Flag.PADDED) {
      const padding = size > 0 ? bytes[from]! : size;
      if (padding >= size) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'more padding than payload');
      start = from + 1;
      end = to - padding;
    }
    if (!this.#window.take(size))
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'more DATA than the connection has room for');
    const isEnd = (flags & Flag.END_STREAM) !== 0;
    if (end === start && !isEnd) this.#idle();
    const stream = this.#streams.get(id);
    if (!stream || stream.isEndedByPeer) {
      this.#window.used(size);
      // It may have been on its way when the stream ended: only a client that goes on and on is at fault.
      if (stream) this.#misbehaved(stream, ErrorCode.STREAM_CLOSED);
      else if (id <= this.#lastStreamId) this.#refuse(id, ErrorCode.STREAM_CLOSED);
      return;
    }
    if (!stream.receiveWindow!.take(size)) {
      this.#window.used(size);
      return this.#misbehaved(stream, ErrorCode.FLOW_CONTROL_ERROR);
    }
    if (size > end - start) this.used(stream, size - (end - start));
    if (end > start && !stream.received(bytes.subarray(start, end))) {
      this.#window.used(end - start);
      this.#misbehaved(stream, ErrorCode.PROTOCOL_ERROR);
    } else if (isEnd && !stream.receivedAll()) this.#misbehaved(stream, ErrorCode.PROTOCOL_ERROR);
  }

  /** Of frames that only make sense for a stream that is or was there. */
  #checkOpened(id: number): void {
    // Those that come after GOAWAY are for streams that were not served: they are passed over.
    if (id === 0 || (id > this.#lastStreamId && !this.#isGoingAway))
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a frame for a stream that was never opened');
  }

  #headers(): void {
    const { streamId: id, isEndOfStream, isTooLong, selfDependent, fields } = this.#blocks;
    if (id % 2 === 0)
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a client opens a stream of the server');
    const open = this.#streams.get(id);
    if (open) return this.#trailers(open, isEndOfStream, fields);
    if (id <= this.#lastStreamId)
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'HEADERS on a stream that is closed');
    // A client that has been told to go away knows that this one is not served.
    if (this.#isGoingAway) return;
    this.#lastStreamId = id;
    if (this.#streams.size >= this.#options.maxStreams) return this.#refuse(id, ErrorCode.REFUSED_STREAM);
    const head = isTooLong ? undefined : this.#heads.read(fields);
    if (isTooLong) return this.#tooLong(id, isEndOfStream);
    if (!head || selfDependent || (isEndOfStream && head.contentLength > 0))
      return this.#refuse(id, ErrorCode.PROTOCOL_ERROR);
    const window = isEndOfStream
      ? undefined
      : new ReceiveWindow(STREAM_WINDOW, (bytes) => this.sender.windowUpdate(id, bytes));
    const now = this.#options.monotonic();
    const stream = new ServerStream(this, id, fields, head, this.#peerWindow, window, now);
    this.#streams.set(id, stream);
    this.#arrived.push(stream);
  }

  /** Fields behind a body: they end it, and nobody asks for them. */
  #trailers(stream: ServerStream, isEnd: boolean, fields: readonly string[]): void {
    if (stream.isEndedByPeer) return this.#misbehaved(stream, ErrorCode.STREAM_CLOSED);
    if (!isEnd || !isGoodTrailer(fields) || !stream.receivedAll())
      this.#misbehaved(stream, ErrorCode.PROTOCOL_ERROR);
  }

  #tooLong(id: number, isEndOfStream: boolean): void {
    this.#countReset();
    this.sender.head(id, 431, { 'content-type': 'text/plain; charset=utf-8' }, true);
    if (!isEndOfStream) this.sender.reset(id, ErrorCode.NO_ERROR);
  }

  #priority(id: number, bytes: Buffer, start: number, end: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PRIORITY without a stream');
    this.#idle();
    const stream = this.#streams.get(id);
    if (end - start !== 5) {
      if (stream) this.#misbehaved(stream, ErrorCode.FRAME_SIZE_ERROR);
      else this.#refuse(id, ErrorCode.FRAME_SIZE_ERROR);
    } else if (readUint31(bytes, start) === id) {
      if (stream) this.#misbehaved(stream, ErrorCode.PROTOCOL_ERROR);
      else this.#refuse(id, ErrorCode.PROTOCOL_ERROR);
    }
  }

  #rstStream(id: number, length: number): void {
    if (length !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'RST_STREAM is not 4 bytes long');
    this.#checkOpened(id);
    const stream = this.#streams.get(id);
    if (!stream) return;
    const now = this.#options.monotonic();
    this.#forget(stream);
    stream.broken();
    if (now - stream.began < SHORT_LIVED_MS) this.#countReset(now);
  }

  #settings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'SETTINGS of a stream');
    if (flags & Flag.ACK) {
      if (end > start)
        throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'an acknowledgement with settings');
      return this.#idle();
    }
    this.#idle();
    const settings = readSettings(bytes, start, end);
    this.#hasSettings = true;
    if (settings.headerTableSize !== undefined) this.sender.peerTableSize = settings.headerTableSize;
    const window = settings.initialWindowSize;
    if (window !== undefined && window !== this.#peerWindow) {
      const change = window - this.#peerWindow;
      this.#peerWindow = window;
      for (const stream of this.#streams.values())
        if (!stream.widen(change))
          throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a window is too large');
    }
    this.sender.raw(SETTINGS_ACK);
  }

  #ping(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PING of a stream');
    if (end - start !== 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'PING is not 8 bytes long');
    this.#idle();
    if (!(flags & Flag.ACK)) this.sender.pong(bytes.subarray(start, end));
  }

  #goAway(id: number, length: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'GOAWAY of a stream');
    if (length < 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'GOAWAY is too short');
    this.#idle();
    this.close();
  }

  #windowUpdate(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4)
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'WINDOW_UPDATE is not 4 bytes long');
    if (id !== 0) this.#checkOpened(id);
    const more = readUint31(bytes, start);
    if (id === 0) {
      if (more === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a window is widened by nothing');
      if (!this.sender.widen(more))
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'the window of the connection is too large');
      return;
    }
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (more === 0) this.#misbehaved(stream, ErrorCode.PROTOCOL_ERROR);
    else if (!stream.widen(more)) this.#misbehaved(stream, ErrorCode.FLOW_CONTROL_ERROR);
  }

  // Streams.

  resetStream(stream: ServerStream, code: ErrorCode): void {
    this.#forget(stream);
    this.sender.reset(stream.id, code);
    stream.broken();
  }

  answered(stream: ServerStream): void {
    this.#forget(stream);
    // What is left of the request is not waited for, as Go's server does it (RFC 9113 section 8.1).
    if (!stream.isEndedByPeer) this.sender.reset(stream.id, ErrorCode.NO_ERROR);
    this.#answered.push(stream);
  }

  used(stream: ServerStream, bytes: number): void {
    this.#window.used(bytes);
    if (!stream.isEndedByPeer && !stream.isClosed) stream.receiveWindow!.used(bytes);
  }

  #forget(stream: ServerStream): void {
    this.#streams.delete(stream.id);
    if (this.#streams.size === 0) this.#idleSince = this.#options.monotonic();
  }

  /** A stream error (RFC 9113 section 5.4.2). */
  #misbehaved(stream: ServerStream, code: ErrorCode): void {
    this.resetStream(stream, code);
    this.#countReset();
  }

  /** The same for one that never began, or is over. */
  #refuse(id: number, code: ErrorCode): void {
    this.sender.reset(id, code);
    this.#countReset();
  }

  /** @throws ConnectionError for too many of them: a flood of streams that nobody means to have answered */
  #countReset(now = this.#options.monotonic()): void {
    if (!this.#resets.spend(now) || this.sender.unsent > MOST_UNSENT)
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many streams are reset');
  }

  // The end of the connection.

  #flushed(): void {
    if (this.#answered.length > 0) {
      const answered = this.#answered;
      this.#answered = [];
      for (const stream of answered) stream.tellClosed();
    }
    if (this.#isGoingAway) this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#isOver || this.#isReading || this.#streams.size > 0 || this.#answered.length > 0) return;
    this.#isOver = true;
    this.sender.flush();
    this.#linger(GRACE_MS);
  }

  #fail(code: ErrorCode): void {
    this.sender.goAway(this.#lastStreamId, code);
    this.#isOver = true;
    this.#breakAll();
    this.sender.flush();
    this.#linger(LINGER_MS);
  }

  /** Lets what was written go out, and then the connection. */
  #linger(ms: number): void {
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), ms);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #gone(): void {
    this.#isOver = true;
    this.#breakAll();
    if (!this.#socket.destroyed) this.#socket.destroy();
  }

  #breakAll(): void {
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#arrived = [];
    for (const stream of streams) stream.broken();
  }
}
