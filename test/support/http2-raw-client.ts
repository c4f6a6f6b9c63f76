import { connect, type TLSSocket } from 'node:tls';
import {
  CODE,
  FLAG,
  type Frame,
  hasFlag,
  PREFACE,
  ping,
  SETTING,
  settings,
  settingsAck,
  statusOf,
  TYPE,
  windowUpdate,
} from './http2-frames.ts';

export interface RawClientOptions {
  /** What the client's SETTINGS say, beside that nothing is kept in HPACK's table. */
  settings?: readonly (readonly [number, number])[];
  /** Sends nothing of its own accord: no preface, and no answer to SETTINGS and PING. */
  isSilent?: boolean;
  /** Opens the windows again for what has come. */
  opensWindows?: boolean;
  certificate?: { cert: string; key: string };
}

/** How a stream ended: answered, reset, or with the connection. */
export interface Answer {
  status?: number;
  /** Of answers that came before the one that counts (1xx). */
  interim?: number[];
  body: Buffer;
  /** The header block behind the body. */
  trailers?: Buffer;
  reset?: number;
  goAway?: number;
  isClosed?: true;
}

const WAIT_MS = 4000;
const CODES = Object.keys(CODE);
const TYPES = Object.keys(TYPE);

const describeFrame = ({ type, flags, streamId, payload }: Frame): string =>
  `${TYPES[type] ?? type} flags=${flags} stream=${streamId} ${
    type === TYPE.RST_STREAM
      ? CODES[payload.readUInt32BE()]
      : type === TYPE.GOAWAY
        ? `last=${payload.readUInt32BE()} ${CODES[payload.readUInt32BE(4)]} ${payload.subarray(8)}`
        : `${payload.length} bytes`
  }`;

/**
 * An HTTP/2 client that sends what it is told, right or wrong, and shows each frame that comes back. What is looked for takes all
 * frames before it out of `frames`; they stand in `seen`.
 */
export class RawClient {
  readonly socket: TLSSocket;
  /** Came, and was not looked at yet. */
  readonly frames: Frame[] = [];
  readonly seen: Frame[] = [];
  isClosed = false;
  /** Is shown each frame as it comes. */
  onFrame: ((frame: Frame) => void) | undefined;
  readonly #options: RawClientOptions;
  #bytes: Buffer = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  /** To be answered once what is being sent is out. */
  #postponed: Frame[] | undefined;

  private constructor(socket: TLSSocket, options: RawClientOptions) {
    this.socket = socket;
    this.#options = options;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake?.();
    });
    // A server that has had enough may reset the connection while the client still sends.
    socket.on('error', () => {});
  }

  static connect(port: number, options: RawClientOptions = {}): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
        ...options.certificate,
      });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.removeListener('error', reject);
        socket.setNoDelay(true);
        const client = new RawClient(socket, options);
        if (!options.isSilent)
          client.send(PREFACE, settings([SETTING.HEADER_TABLE_SIZE, 0], ...(options.settings ?? [])));
        resolve(client);
      });
    });
  }

  /** In one write. */
  send(...bytes: readonly Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(bytes));
  }

  /** Each byte for itself. */
  async sendByBytes(...bytes: readonly Uint8Array[]): Promise<void> {
    this.#postponed = [];
    for (const byte of Buffer.concat(bytes)) {
      this.socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    const postponed = this.#postponed;
    this.#postponed = undefined;
    for (const frame of postponed) this.#answer(frame);
  }

  /** Waits until the operating system has taken what was sent, or the connection has ended. */
  async flushed(): Promise<void> {
    if (this.isClosed || this.socket.destroyed) return;
    await new Promise<void>((resolve) => {
      this.socket.once('close', resolve);
      this.socket.write('', () => {
        this.socket.removeListener('close', resolve);
        resolve();
      });
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    let bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, chunk]) : chunk;
    for (; bytes.length >= 9; ) {
      const length = bytes.readUIntBE(0, 3);
      if (bytes.length < 9 + length) break;
      const frame = {
        type: bytes[3]!,
        flags: bytes[4]!,
        streamId: bytes.readUInt32BE(5),
        payload: Buffer.from(bytes.subarray(9, 9 + length)),
      };
      this.frames.push(frame);
      this.onFrame?.(frame);
      if (!this.#options.isSilent) this.#answer(frame);
      bytes = bytes.subarray(9 + length);
    }
    this.#bytes = bytes;
    this.#wake?.();
  }

  #answer(frame: Frame): void {
    const { type, streamId, payload } = frame;
    if (this.#postponed) this.#postponed.push(frame);
    else if (type === TYPE.SETTINGS && !hasFlag(frame, FLAG.ACK)) this.send(settingsAck());
    else if (type === TYPE.PING && !hasFlag(frame, FLAG.ACK)) this.send(ping(payload, FLAG.ACK));
    else if (type === TYPE.DATA && payload.length > 0 && this.#options.opensWindows)
      this.send(
        windowUpdate(0, payload.length),
        ...(hasFlag(frame, FLAG.END_STREAM) ? [] : [windowUpdate(streamId, payload.length)]),
      );
  }

  /** The next frame that is looked for, or undefined where the connection ends before one comes. */
  async next(isIt: (frame: Frame) => boolean, what: string): Promise<Frame | undefined> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      while (this.frames.length > 0) {
        const frame = this.frames.shift()!;
        this.seen.push(frame);
        if (isIt(frame)) return frame;
      }
      if (this.isClosed) return undefined;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${what} came, but ${this.story()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Like `next`, where the connection is not to end. */
  async frame(type: number, streamId: number): Promise<Frame> {
    const what = `${TYPES[type]} on stream ${streamId}`;
    const found = await this.next((frame) => frame.type === type && frame.streamId === streamId, what);
    if (!found) throw new Error(`the connection ended without ${what}: ${this.story()}`);
    return found;
  }

  /** All that has come, in words. */
  story(): string {
    const all = [...this.seen, ...this.frames].map(describeFrame);
    return `${all.slice(-20).join('; ') || 'nothing'}${this.isClosed ? '; closed' : ''}`;
  }

  /** Waits until the stream ends one way or another. Frames of other streams that come before stay in `seen`. */
  async answer(streamId: number): Promise<Answer> {
    const answer: Answer = { body: Buffer.alloc(0) };
    const parts: Buffer[] = [];
    let headerBlock: Buffer | undefined;
    let isLast = false;
    // Frames of this stream that came while another's were looked for.
    const before = this.seen.filter((frame) => frame.streamId === streamId && streamId > 0);
    const take = (frame: Frame): boolean => {
      const { type, payload } = frame;
      if (type === TYPE.GOAWAY && payload.readUInt32BE(4) !== CODE.NO_ERROR) {
        answer.goAway = payload.readUInt32BE(4);
        return true;
      }
      if (frame.streamId !== streamId) return false;
      if (type === TYPE.RST_STREAM) {
        answer.reset = payload.readUInt32BE();
        return true;
      }
      if (type === TYPE.HEADERS || type === TYPE.CONTINUATION) {
        if (type === TYPE.HEADERS) isLast = hasFlag(frame, FLAG.END_STREAM);
        headerBlock = Buffer.concat([headerBlock ?? Buffer.alloc(0), payload]);
        if (!hasFlag(frame, FLAG.END_HEADERS)) return false;
        if (answer.status === undefined || answer.status < 200) {
          if (answer.status !== undefined) answer.interim = [...(answer.interim ?? []), answer.status];
          answer.status = statusOf(headerBlock);
        } else answer.trailers = headerBlock;
        headerBlock = undefined;
        return isLast;
      }
      if (type === TYPE.DATA) {
        parts.push(payload);
        return hasFlag(frame, FLAG.END_STREAM);
      }
      return false;
    };
    if (!before.some(take) && !(await this.next(take, `end of stream ${streamId}`))) answer.isClosed = true;
    answer.body = Buffer.concat(parts);
    return answer;
  }

  /** Whether the connection still answers a PING; sees to it that all that was sent before was read. */
  async isAlive(): Promise<boolean> {
    const payload = Buffer.alloc(8);
    payload.writeDoubleBE(Math.random());
    this.send(ping(payload));
    const answer = await this.next(
      (frame) => frame.type === TYPE.PING && hasFlag(frame, FLAG.ACK) && frame.payload.equals(payload),
      'answer to a PING',
    );
    return answer !== undefined;
  }

  /** Waits until the connection ends; the code of its GOAWAY, undefined where there was none that said why. */
  async end(): Promise<number | undefined> {
    await this.next(() => false, 'end of the connection');
    const last = this.seen.findLast(({ type }) => type === TYPE.GOAWAY);
    return last?.payload.readUInt32BE(4);
  }
}
