/** Frames as bytes, made by hand so that a test can make any, wrong ones too (RFC 9113 sections 4.1 and 6). */

export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20 } as const;

export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

export const CODE = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
} as const;

/** What a client sends before its first frame. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export interface Frame {
  type: number;
  flags: number;
  streamId: number;
  payload: Buffer;
}

export const hasFlag = (frame: Frame, flag: number): boolean => (frame.flags & flag) !== 0;

/** `length`: what the frame says of itself, where that is not how long its payload is. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
  length = payload.length,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
}

export function settings(...values: readonly (readonly [number, number])[]): Buffer {
  const payload = values.map(([id, value]) => {
    const bytes = Buffer.alloc(6);
    bytes.writeUInt16BE(id);
    bytes.writeUInt32BE(value, 2);
    return bytes;
  });
  return frame(TYPE.SETTINGS, 0, 0, Buffer.concat(payload));
}

export const settingsAck = (): Buffer => frame(TYPE.SETTINGS, FLAG.ACK, 0);

export const headers = (streamId: number, block: Uint8Array, isEnd = true, isWhole = true): Buffer =>
  frame(TYPE.HEADERS, (isEnd ? FLAG.END_STREAM : 0) | (isWhole ? FLAG.END_HEADERS : 0), streamId, block);

export const continuation = (streamId: number, block: Uint8Array, isWhole = true): Buffer =>
  frame(TYPE.CONTINUATION, isWhole ? FLAG.END_HEADERS : 0, streamId, block);

export const data = (streamId: number, body: Uint8Array | string, isEnd = false): Buffer =>
  frame(TYPE.DATA, isEnd ? FLAG.END_STREAM : 0, streamId, Buffer.from(body));

/** A payload with `padding` bytes behind it, which says that it has so many. */
export const padded = (payload: Uint8Array | string, padding: number, said = padding): Buffer =>
  Buffer.concat([Buffer.of(said), Buffer.from(payload), Buffer.alloc(padding)]);

export const rstStream = (streamId: number, code: number = CODE.CANCEL): Buffer =>
  frame(TYPE.RST_STREAM, 0, streamId, uint32(code));

export const windowUpdate = (streamId: number, increment: number): Buffer =>
  frame(TYPE.WINDOW_UPDATE, 0, streamId, uint32(increment));

export const ping = (payload: Uint8Array | string = 'sallypor', flags = 0): Buffer =>
  frame(TYPE.PING, flags, 0, Buffer.from(payload));

export const goAway = (lastStreamId: number, code: number): Buffer =>
  frame(TYPE.GOAWAY, 0, 0, uint32(lastStreamId, code));

/** On what a stream depends, and its weight less one (RFC 7540 section 5.3). */
export const priority = (dependency: number, weight = 15): Buffer =>
  Buffer.concat([uint32(dependency), Buffer.of(weight)]);

export type Field = readonly [name: string, value: string | Uint8Array];

/** An integer of HPACK, its first byte's high bits given (RFC 7541 section 5.1). */
export function integer(value: number, prefixBits: number, high: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.of(high | value);
  const bytes = [high | most];
  let left = value - most;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  bytes.push(left);
  return Buffer.from(bytes);
}

/** A string of HPACK that is not compressed (RFC 7541 section 5.2). Text is sent as UTF-8. */
export function string(text: string | Uint8Array): Buffer {
  const bytes = Buffer.from(text as string);
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** A field that is spelled out; both sides remember it where it `isKept` (RFC 7541 section 6.2). */
export const literal = ([name, value]: Field, isKept = false): Buffer =>
  Buffer.concat([Buffer.of(isKept ? 0x40 : 0), string(name), string(value)]);

/** A field of the static table (1 to 61) or of those that were kept, the newest being 62 (RFC 7541 section 6.1). */
export const indexed = (index: number): Buffer => integer(index, 7, 0x80);

export const block = (fields: readonly Field[]): Buffer =>
  Buffer.concat(fields.map((field) => literal(field)));

/** The fields of a request, in the order in which a good one has them. */
export const request = (path: string, method = 'GET', more: readonly Field[] = []): Field[] => [
  [':method', method],
  [':scheme', 'https'],
  [':authority', 'sallyport.test'],
  [':path', path],
  ...more,
];

export const get = (streamId: number, path = '/', more: readonly Field[] = []): Buffer =>
  headers(streamId, block(request(path, 'GET', more)));

/** The head of a request that is to have a body. */
export const post = (streamId: number, path = '/', more: readonly Field[] = []): Buffer =>
  headers(streamId, block(request(path, 'POST', more)), false);

/** The statuses of the static table, which begin at its eighth entry. */
const STATUSES = [200, 204, 206, 304, 400, 404, 500];
const HUFFMAN_DIGITS = new Map<string, string>(
  Array.from('0123456789', (digit, i) => [
    (i < 3 ? i : 22 + i).toString(2).padStart(i < 3 ? 5 : 6, '0'),
    digit,
  ]),
);

/**
 * The status that an answer's header block begins with. Reads no more than that: the client has told the server to keep
 * nothing, so that it is either in the static table or spelled out.
 */
export function statusOf(headerBlock: Buffer): number {
  let at = 0;
  // What the size of the table is from now on: 0, as the client asked.
  while ((headerBlock[at]! & 0xe0) === 0x20) at++;
  const first = headerBlock[at]!;
  if (first >= 0x88 && first <= 0x8e) return STATUSES[first - 0x88]!;
  if (!([0x08, 0x18, 0x48] as number[]).includes(first))
    throw new Error(`an answer does not begin with its status: ${headerBlock.toString('hex')}`);
  const length = headerBlock[at + 1]! & 0x7f;
  const text = headerBlock.subarray(at + 2, at + 2 + length);
  if (headerBlock[at + 1]! < 0x80) return Number(text.toString());
  let digits = '';
  let bits = '';
  for (const bit of Array.from(text, (byte) => byte.toString(2).padStart(8, '0')).join('')) {
    bits += bit;
    const digit = HUFFMAN_DIGITS.get(bits);
    if (digit === undefined) continue;
    digits += digit;
    bits = '';
  }
  return Number(digits);
}
