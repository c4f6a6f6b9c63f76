import { CODE, FLAG, type Frame, hasFlag, TYPE } from './http2-frames.ts';

const FIRST_WINDOW = 65_535;
const MOST_PAYLOAD = 16_384;

interface StreamState {
  /** What the client has let the server send, in bytes, and what it sent. */
  allowed: number;
  sent: number;
  hasHead: boolean;
  isOver: boolean;
}

/**
 * Looks over a server's shoulder: each frame it sends has to be one that it may send, whatever the client did (RFC 9113). Windows
 * are counted as wide as they may be by then, as it cannot be known when the server came to read of them.
 */
export class ServerWatch {
  readonly faults: string[] = [];
  readonly #streams = new Map<number, StreamState>();
  #allowed = FIRST_WINDOW;
  #sent = 0;
  #initial = FIRST_WINDOW;
  #isGone = false;
  #hasSettings = false;
  #openBlock: number | undefined;

  /** The client says that streams begin with this window. */
  initialWindow(bytes: number): void {
    if (bytes <= this.#initial) return;
    for (const stream of this.#streams.values()) stream.allowed += bytes - this.#initial;
    this.#initial = bytes;
  }

  /** The client widens a window. */
  widened(streamId: number, bytes: number): void {
    if (streamId === 0) this.#allowed += bytes;
    else this.#stream(streamId).allowed += bytes;
  }

  #stream(id: number): StreamState {
    let stream = this.#streams.get(id);
    if (!stream) {
      stream = { allowed: this.#initial, sent: 0, hasHead: false, isOver: false };
      this.#streams.set(id, stream);
    }
    return stream;
  }

  sent(frame: Frame): void {
    const { type, flags, streamId, payload } = frame;
    const wrong = (what: string): void => {
      this.faults.push(`${what}: type ${type}, flags ${flags}, stream ${streamId}, ${payload.length} bytes`);
    };
    if (this.#isGone) wrong('a frame behind a GOAWAY that tells of an error');
    if (payload.length > MOST_PAYLOAD) wrong('a frame that is too long');
    if (!this.#hasSettings && (type !== TYPE.SETTINGS || hasFlag(frame, FLAG.ACK)))
      wrong('not SETTINGS first');
    this.#hasSettings = true;
    if (this.#openBlock !== undefined && (type !== TYPE.CONTINUATION || streamId !== this.#openBlock))
      wrong('a frame within a header block');
    const ofStream = ([TYPE.DATA, TYPE.HEADERS, TYPE.RST_STREAM, TYPE.CONTINUATION] as number[]).includes(
      type,
    );
    if (ofStream && streamId % 2 === 0) wrong('a stream that is no client’s');
    if (type === TYPE.HEADERS || type === TYPE.CONTINUATION)
      this.#openBlock = hasFlag(frame, FLAG.END_HEADERS) ? undefined : streamId;
    switch (type) {
      case TYPE.HEADERS: {
        const stream = this.#stream(streamId);
        if (stream.isOver) wrong('HEADERS on a stream that is over');
        stream.hasHead = true;
        stream.isOver ||= hasFlag(frame, FLAG.END_STREAM);
        break;
      }
      case TYPE.DATA: {
        const stream = this.#stream(streamId);
        if (stream.isOver) wrong('DATA on a stream that is over');
        if (!stream.hasHead) wrong('DATA before HEADERS');
        stream.sent += payload.length;
        this.#sent += payload.length;
        if (payload.length > 0 && stream.sent > stream.allowed) wrong('more than the stream’s window');
        if (payload.length > 0 && this.#sent > this.#allowed) wrong('more than the connection’s window');
        stream.isOver ||= hasFlag(frame, FLAG.END_STREAM);
        break;
      }
      case TYPE.RST_STREAM:
        if (payload.length !== 4) wrong('RST_STREAM of another length');
        this.#stream(streamId).isOver = true;
        break;
      case TYPE.WINDOW_UPDATE:
        if (payload.length !== 4 || payload.readUInt32BE() === 0) wrong('WINDOW_UPDATE by nothing');
        break;
      case TYPE.GOAWAY:
        if (payload.readUInt32BE(4) === CODE.INTERNAL_ERROR) wrong('a fault of the server’s');
        this.#isGone = payload.readUInt32BE(4) !== CODE.NO_ERROR;
        break;
      case TYPE.PUSH_PROMISE:
      case TYPE.PRIORITY:
        wrong('a frame that this server has no use for');
    }
  }
}
