import { ConnectionError, ErrorCode } from './error-code.ts';
import { Flag, readUint31 } from './frame.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { HpackError } from './hpack/hpack-error.ts';

/** SETTINGS_HEADER_TABLE_SIZE as it is when nobody says anything. */
const TABLE_SIZE = 4096;
/** Frames that a block may be made of, however short they are. */
const MOST_FRAMES = 256;

const NO_FIELDS: readonly string[] = [];

/** Puts header blocks together (RFC 9113 section 4.3) and reads what they say. */
export class HeaderBlocks {
  readonly #decoder: HpackDecoder;
  readonly #most: number;
  /** The stream of the block that is read, or was read last. */
  streamId = 0;
  isEndOfStream = false;
  /** A stream that is said to depend on itself is malformed (RFC 7540 section 5.3.1). */
  selfDependent = false;
  /** The fields are more than is taken; they are read over, as the block changes what later ones mean. */
  isTooLong = false;
  fields: readonly string[] = NO_FIELDS;
  /** Its end has not come. */
  isOpen = false;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** `most`: bytes of a block's fields, each counted as RFC 9113 section 6.5.2 has it. */
  constructor(most: number) {
    this.#most = most;
    this.#decoder = new HpackDecoder({ tableSize: TABLE_SIZE, maxListSize: most });
  }

  /** HEADERS. @returns whether the block is whole; @throws ConnectionError */
  begin(flags: number, streamId: number, bytes: Buffer, from: number, to: number): boolean {
    if (streamId === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'HEADERS without a stream');
    let start = from;
    let end = to;
    if (flags & Flag.PADDED) {
      if (start === end) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'HEADERS are too short');
      end -= bytes[start++]!;
    }
    this.selfDependent = false;
    if (flags & Flag.PRIORITY) {
      if (to - start < 5) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'HEADERS are too short');
      this.selfDependent = readUint31(bytes, start) === streamId;
      start += 5;
    }
    if (end < start) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'more padding than payload');
    this.streamId = streamId;
    this.isEndOfStream = (flags & Flag.END_STREAM) !== 0;
    if (flags & Flag.END_HEADERS) {
      this.#decode(bytes, start, end);
      return true;
    }
    this.isOpen = true;
    this.#parts = [bytes.subarray(start, end)];
    this.#bytes = end - start;
    return false;
  }

  /** CONTINUATION. @returns whether the block is whole; @throws ConnectionError */
  goOn(flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean {
    if (!this.isOpen || streamId !== this.streamId)
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'CONTINUATION of nothing');
    this.#parts.push(bytes.subarray(start, end));
    this.#bytes += end - start;
    if (this.#bytes > this.#most || this.#parts.length > MOST_FRAMES)
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'a header block goes on and on');
    if (!(flags & Flag.END_HEADERS)) return false;
    const block = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.isOpen = false;
    this.#decode(block, 0, block.length);
    return true;
  }

  #decode(block: Buffer, start: number, end: number): void {
    try {
      const fields = this.#decoder.decode(block, start, end);
      this.isTooLong = fields === undefined;
      this.fields = fields ?? NO_FIELDS;
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, error.message);
    }
  }
}
