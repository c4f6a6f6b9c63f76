/** Protobuf's wire format, as gogo-generated code reads and writes it. */

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** What is wrong with bytes that were sent, in gogo's words. */
export class ProtobufError extends Error {}

export class Reader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** An unsigned varint of up to 64 bits as its two halves would add up; exact below 2^53. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let shift = 0; ; shift += 7) {
      if (shift >= 64) throw new ProtobufError('proto: integer overflow');
      if (this.at >= this.end) throw new ProtobufError('unexpected EOF');
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }

  /** A signed varint: negative numbers take ten bytes of two's complement. */
  signed(bits: 32 | 64): number {
    const start = this.at;
    const value = this.varint();
    if (value < 2 ** 31) return value;
    if (bits === 64 && value <= Number.MAX_SAFE_INTEGER) return value;
    let exact = 0n;
    for (let at = this.at - 1; at >= start; at--) exact = (exact << 7n) | BigInt(this.bytes[at]! & 0x7f);
    return Number(BigInt.asIntN(bits, exact));
  }

  double(): number {
    if (this.at + 8 > this.end) throw new ProtobufError('unexpected EOF');
    this.at += 8;
    return this.bytes.readDoubleLE(this.at - 8);
  }

  /** A reader of the next length-prefixed part. */
  part(): Reader {
    const length = this.varint();
    if (length > 2 ** 62) throw new ProtobufError('proto: negative length found during unmarshaling');
    const start = this.at;
    if (start + length > this.end) throw new ProtobufError('unexpected EOF');
    this.at = start + length;
    return new Reader(this.bytes, start, this.at);
  }

  raw(): Buffer {
    const part = this.part();
    return this.bytes.subarray(part.at, part.end);
  }

  text(): string {
    const part = this.part();
    return this.bytes.toString('utf8', part.at, part.end);
  }

  /** Past a field that nobody knows. */
  skip(wireType: number): void {
    switch (wireType) {
      case VARINT:
        this.varint();
        return;
      case FIXED64:
        this.#forward(8);
        return;
      case BYTES:
        this.part();
        return;
      case FIXED32:
        this.#forward(4);
        return;
    }
    throw new ProtobufError(`proto: illegal wireType ${wireType}`);
  }

  #forward(length: number): void {
    this.at += length;
    if (this.at > this.end) throw new ProtobufError('unexpected EOF');
  }
}

/** Writes a message from its end to its beginning, so that every length is known when its turn comes. */
export class Writer {
  #bytes: Buffer;
  #at: number;

  constructor(size = 1024) {
    this.#bytes = Buffer.allocUnsafe(size);
    this.#at = size;
  }

  /** Bytes written so far: what was `written` before and after a part differ by its length. */
  get written(): number {
    return this.#bytes.length - this.#at;
  }

  finish(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  /** A number of at most 53 bits; negative ones as 64 bits of two's complement. */
  varint(value: number): void {
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
      this.#wide(BigInt.asUintN(64, BigInt(Math.trunc(value))));
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
    this.#room(size);
    this.#at -= size;
    let at = this.#at;
    let rest = value;
    while (rest >= 128) {
      this.#bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[at] = rest;
  }

  #wide(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    while (rest >= 128n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.bytes(Buffer.from(bytes));
  }

  double(value: number): void {
    this.#room(8);
    this.#at -= 8;
    this.#bytes.writeDoubleLE(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length);
    this.#at -= value.length;
    this.#bytes.set(value, this.#at);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value, 'utf8');
    this.#room(size);
    this.#at -= size;
    this.#bytes.write(value, this.#at, size, 'utf8');
  }

  /** Length and tag of the part that was written since `before`. */
  close(field: number, before: number): void {
    this.varint(this.written - before);
    this.tag(field, BYTES);
  }

  #room(size: number): void {
    if (size <= this.#at) return;
    const written = this.written;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, written + size + 64));
    this.#bytes.copy(larger, larger.length - written, this.#at);
    this.#at = larger.length - written;
    this.#bytes = larger;
  }
}
