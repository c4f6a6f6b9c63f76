import { ConnectionError, ErrorCode } from './error-code.ts';
import { FRAME_HEAD, MAX_PAYLOAD, PREFACE, readUint31 } from './frame.ts';

/** A frame that has come whole: its payload is `bytes[start..end)`, to be read before the call returns or to be kept as it is. */
export type OnFrame = (
  type: number,
  flags: number,
  streamId: number,
  bytes: Buffer,
  start: number,
  end: number,
) => void;

/** Cuts what comes over a connection into frames (RFC 9113 section 4.1), after the preface (3.4). */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #preface = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** So many bytes are needed before anything can be made of those that are held. */
  #needed = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** A frame has begun and not ended. */
  get isWithinFrame(): boolean {
    return this.#heldBytes > 0;
  }

  /** @throws ConnectionError for a frame that is too long, or another preface */
  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#heldBytes > 0) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      // Joined once there is enough, so that a frame that comes byte by byte is copied once.
      if (this.#heldBytes < this.#needed) return;
      bytes = Buffer.concat(this.#held, this.#heldBytes);
      this.#held = [];
      this.#heldBytes = 0;
    }
    let at = this.#preface < PREFACE.length ? this.#readPreface(bytes) : 0;
    const end = bytes.length;
    this.#needed = FRAME_HEAD;
    while (end - at >= FRAME_HEAD) {
      const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
      if (length > MAX_PAYLOAD)
        throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'a frame is longer than 16384 bytes');
      const next = at + FRAME_HEAD + length;
      if (next > end) {
        this.#needed = FRAME_HEAD + length;
        break;
      }
      this.#onFrame(bytes[at + 3]!, bytes[at + 4]!, readUint31(bytes, at + 5), bytes, at + FRAME_HEAD, next);
      at = next;
    }
    if (at === end) return;
    this.#held.push(at === 0 ? bytes : bytes.subarray(at));
    this.#heldBytes = end - at;
  }

  /** @returns where the first frame begins */
  #readPreface(bytes: Buffer): number {
    let at = 0;
    while (this.#preface < PREFACE.length && at < bytes.length)
      if (bytes[at++] !== PREFACE[this.#preface++])
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'the connection does not begin as HTTP/2 does');
    return at;
  }
}
