/** As much of protobuf's wire format as the messages of etcd and of KMS plugins need (protobuf.dev, "Encoding"): varints and length-delimited fields. */
export class ProtoWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Zero is the default and is left out, as proto3 does. */
  int(field: number, value: number | bigint): this {
    if (value === 0 || value === 0n) return this;
    this.#varint(field * 8);
    this.#varint(value);
    return this;
  }

  bool(field: number, value: boolean): this {
    return this.int(field, value ? 1 : 0);
  }

  /** Empty is the default and is left out. */
  bytes(field: number, value: Uint8Array): this {
    return value.length === 0 ? this : this.#delimited(field, value, value.length);
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  /** A message is written also when it is empty: that it is there says something. */
  message(field: number, message: ProtoWriter): this {
    this.#delimited(field, undefined, message.#length);
    for (const part of message.#parts) this.#push(part);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts, this.#length);
  }

  #delimited(field: number, value: Uint8Array | undefined, length: number): this {
    this.#varint(field * 8 + 2);
    this.#varint(length);
    if (value) this.#push(value);
    return this;
  }

  #varint(value: number | bigint): void {
    const bytes: number[] = [];
    if (typeof value === 'number' && value >= 0) {
      let rest = value;
      for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
      bytes.push(rest);
    } else {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
      bytes.push(Number(rest));
    }
    this.#push(Uint8Array.from(bytes));
  }

  #push(part: Uint8Array): void {
    this.#parts.push(part);
    this.#length += part.length;
  }
}

/** Reads one message, field by field; what it gives shares memory with the message. Throws RangeError on nonsense. */
export class ProtoReader {
  readonly #bytes: Buffer;
  #at = 0;
  #wireType = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The next field's number; 0 at the end. Each field is then read, or skipped. */
  next(): number {
    if (this.#at >= this.#bytes.length) return 0;
    const tag = this.#number();
    this.#wireType = tag & 7;
    return tag >>> 3;
  }

  /** An int64 that is known to fit (revisions, counts), signed. */
  int(): number {
    const start = this.#at;
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 7; i++, factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    this.#at = start;
    return Number(this.bigint());
  }

  bigint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new RangeError('a varint is too long');
  }

  bool(): boolean {
    return this.bigint() !== 0n;
  }

  bytes(): Buffer {
    const length = this.#number();
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new RangeError('a field is longer than its message');
    return this.#bytes.subarray(start, this.#at);
  }

  string(): string {
    return this.bytes().toString();
  }

  skip(): void {
    if (this.#wireType === 0) this.bigint();
    else if (this.#wireType === 1) this.#at += 8;
    else if (this.#wireType === 2) this.bytes();
    else if (this.#wireType === 5) this.#at += 4;
    else throw new RangeError('a field is of no known wire type');
  }

  /** A varint below 2^32: tags and lengths. */
  #number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a varint is too long');
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError('a message ends inside a field');
    return byte;
  }
}
