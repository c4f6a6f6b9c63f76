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
import type { ServerStream } from './stream.ts';
import { FIRST_WINDOW, MOST_UNSENT, STREAM_WINDOW, Streams } from './streams.ts';

/** What a client may send of all bodies of a connection before anybody has read it, in bytes. */
const CONNECTION_WINDOW = 1024 * 1024;
/** Of a request's header fields as RFC 9113 section 10.5.1 counts them; Go's limit of 1 MiB and what it adds. */
const MAX_HEADER_LIST = 1_048_896;
/** So long a client that is at fault may take to read why its connection ends, in milliseconds. */
const LINGER_MS = 1000;
/** The same for one that is owed answers. */
const GRACE_MS = 10_000;
/** Frames that bring nothing on: so many at once, and a second on average. */
const IDLE_FRAMES = 10_000;
const IDLE_FRAMES_PER_SECOND = 500;

export interface ConnectionOptions {
  maxStreams: number;
  /** Milliseconds of a clock that does not go back. */
  monotonic: () => number;
  onRequest(stream: ServerStream): void;
  /** Something of ours broke while frames were read, or a request begun: the connection, or the stream, has been ended. */
  onFault?(error: unknown): void;
}

/** One HTTP/2 connection, the server's side (RFC 9113). */
export class Connection {
  readonly #sender: Sender;
  readonly #socket: Duplex;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #blocks = new HeaderBlocks(MAX_HEADER_LIST);
  readonly #heads = new RequestHeads();
  readonly #streams: Streams;
  readonly #window: ReceiveWindow;
  /** Frames that bring nothing on. */
  readonly #idleFrames: Allowance;
  /** Requests whose frames stand in what is just being read. */
  #arrived: ServerStream[] = [];
  #hasSettings = false;
  #isGoingAway = false;
  #isOver = false;
  #isReading = false;

  constructor(socket: Duplex, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#idleFrames = new Allowance(IDLE_FRAMES, IDLE_FRAMES_PER_SECOND, options.monotonic());
    this.#sender = new Sender(socket, () => this.#flushed());
    this.#window = new ReceiveWindow(CONNECTION_WINDOW, (bytes) => this.#sender.windowUpdate(0, bytes));
    this.#streams = new Streams(this.#sender, this.#window, options.monotonic);
    this.#reader = new FrameReader((type, flags, id, bytes, start, end) =>
      this.#frame(type, flags, id, bytes, start, end),
    );
    this.#sender.raw(
      settingsFrame({
        maxConcurrentStreams: options.maxStreams,
        initialWindowSize: STREAM_WINDOW,
        maxHeaderListSize: MAX_HEADER_LIST,
      }),
    );
    this.#sender.windowUpdate(0, CONNECTION_WINDOW - FIRST_WINDOW);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#gone());
    socket.on('close', () => this.#gone());
    socket.on('error', () => {});
  }

  /** Since when nothing has been asked for, in milliseconds of the clock; undefined while something is under way. */
  get idleSince(): number | undefined {
    return this.#streams.isEmpty ? this.#streams.idleSince : undefined;
  }

  /** Whether any request has come. */
  get isFresh(): boolean {
    return this.#streams.lastId === 0;
  }

  /** Tells the client to make its next requests elsewhere, lets those under way end, and closes. */
  close(): void {
    if (this.#isOver || this.#isGoingAway) return;
    this.#isGoingAway = true;
    this.#sender.goAway(this.#streams.lastId, ErrorCode.NO_ERROR);
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
    for (const stream of arrived) {
      if (stream.isClosed) continue;
      try {
        this.#options.onRequest(stream);
      } catch (error) {
        stream.reset(ErrorCode.INTERNAL_ERROR);
        this.#options.onFault?.(error);
      }
    }
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
    if (!this.#idleFrames.spend(this.#options.monotonic()) || this.#sender.unsent > MOST_UNSENT)
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
      if (stream) this.#streams.misbehaved(stream, ErrorCode.STREAM_CLOSED);
      else if (this.#streams.passOver(id, size, isEnd)) return;
      else if (id <= this.#streams.lastId && !this.#streams.wasCut(id))
        this.#streams.refuse(id, ErrorCode.STREAM_CLOSED);
      return;
    }
    if (!stream.receiveWindow!.take(size)) {
      this.#window.used(size);
      return this.#streams.misbehaved(stream, ErrorCode.FLOW_CONTROL_ERROR);
    }
    if (size > end - start) this.#streams.used(stream, size - (end - start));
    if (end > start && !stream.received(bytes.subarray(start, end))) {
      this.#window.used(end - start);
      this.#streams.misbehaved(stream, ErrorCode.PROTOCOL_ERROR);
    } else if (isEnd && !stream.receivedAll()) this.#streams.misbehaved(stream, ErrorCode.PROTOCOL_ERROR);
  }

  /** Of frames that only make sense for a stream that is or was there. */
  #checkOpened(id: number): void {
    // Those that come after GOAWAY are for streams that were not served: they are passed over. Those of even numbers would be ours.
    if (id % 2 === 0 || (id > this.#streams.lastId && !this.#isGoingAway))
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a frame for a stream that was never opened');
  }

  #headers(): void {
    const { streamId: id, isEndOfStream, isTooLong, selfDependent, fields } = this.#blocks;
    if (id % 2 === 0)
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a client opens a stream of the server');
    const open = this.#streams.get(id);
    if (open) return this.#trailers(open, isEndOfStream, fields);
    if (this.#streams.wasCut(id) || this.#streams.endRest(id)) return;
    if (id <= this.#streams.lastId)
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'HEADERS on a stream that is closed');
    // A client that has been told to go away knows that this one is not served.
    if (this.#isGoingAway) return;
    // Header fields are not held back by any window: who does not read them has asked for enough.
    if (this.#sender.unsent > MOST_UNSENT)
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'answers are not read');
    this.#streams.lastId = id;
    if (this.#streams.size >= this.#options.maxStreams)
      return this.#streams.refuse(id, ErrorCode.REFUSED_STREAM);
    if (isTooLong) return this.#streams.refuseFields(id, isEndOfStream);
    const head = this.#heads.read(fields);
    if (!head || selfDependent || (isEndOfStream && head.contentLength > 0))
      return this.#streams.refuse(id, ErrorCode.PROTOCOL_ERROR);
    const stream = this.#streams.open(id, fields, head, isEndOfStream);
    this.#arrived.push(stream);
  }

  /** Fields behind a body: they end it, and nobody asks for them. */
  #trailers(stream: ServerStream, isEnd: boolean, fields: readonly string[]): void {
    if (stream.isEndedByPeer) return this.#streams.misbehaved(stream, ErrorCode.STREAM_CLOSED);
    if (!isEnd || !isGoodTrailer(fields) || !stream.receivedAll())
      this.#streams.misbehaved(stream, ErrorCode.PROTOCOL_ERROR);
  }

  #priority(id: number, bytes: Buffer, start: number, end: number): void {
    if (id === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PRIORITY without a stream');
    this.#idle();
    let code: ErrorCode;
    if (end - start !== 5) code = ErrorCode.FRAME_SIZE_ERROR;
    else if (readUint31(bytes, start) === id) code = ErrorCode.PROTOCOL_ERROR;
    else return;
    const stream = this.#streams.get(id);
    if (stream) this.#streams.misbehaved(stream, code);
    // A stream that was never opened cannot be reset (RFC 9113 section 6.4).
    else if (id % 2 === 0 || id > this.#streams.lastId)
      throw new ConnectionError(code, 'a PRIORITY that is wrong');
    else this.#streams.refuse(id, code);
  }

  #rstStream(id: number, length: number): void {
    if (length !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'RST_STREAM is not 4 bytes long');
    this.#checkOpened(id);
    const stream = this.#streams.get(id);
    if (stream) this.#streams.resetByPeer(stream);
    else this.#streams.endRest(id);
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
    if (settings.headerTableSize !== undefined) this.#sender.peerTableSize = settings.headerTableSize;
    if (settings.initialWindowSize !== undefined) this.#streams.peerWindow = settings.initialWindowSize;
    this.#sender.raw(SETTINGS_ACK);
  }

  #ping(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PING of a stream');
    if (end - start !== 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'PING is not 8 bytes long');
    this.#idle();
    if (!(flags & Flag.ACK)) this.#sender.pong(bytes.subarray(start, end));
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
      if (!this.#sender.widen(more))
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'the window of the connection is too large');
      return;
    }
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (more === 0) this.#streams.misbehaved(stream, ErrorCode.PROTOCOL_ERROR);
    else if (!stream.widen(more)) this.#streams.misbehaved(stream, ErrorCode.FLOW_CONTROL_ERROR);
  }

  // The end of the connection.

  #flushed(): void {
    this.#streams.tellAnswered();
    if (this.#isGoingAway) this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#isOver || this.#isReading || !this.#streams.isEmpty) return;
    this.#isOver = true;
    this.#sender.flush();
    this.#linger(GRACE_MS);
  }

  #fail(code: ErrorCode): void {
    this.#sender.goAway(this.#streams.lastId, code);
    this.#isOver = true;
    this.#breakAll();
    this.#sender.flush();
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
    this.#arrived = [];
    this.#streams.breakAll();
  }
}
