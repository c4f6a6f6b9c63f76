/** A request's header fields, looked through for what RFC 9113 sections 8.2 and 8.3 forbid. */
export interface RequestHead {
  method: string;
  /** `:path` as sent; CONNECT has none. */
  path: string | undefined;
  /** `:authority`, or what the Host field says. */
  authority: string;
  /** Of the body, in bytes; -1: not said. */
  contentLength: number;
}

/** RFC 9110 section 9.1: a token. */
const BAD_METHOD = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const BAD_NAME = /[^!#$%&'*+\-.^_`|~0-9a-z]/;
/** A value may hold none of these, and neither begin nor end with a blank. */
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Names that were found good: there are few, and they come again and again. */
const goodNames = new Set<string>();
const MOST_GOOD_NAMES = 1000;
const LONG_NAME = 64;

function isGoodName(name: string): boolean {
  if (goodNames.has(name)) return true;
  if (name === '' || BAD_NAME.test(name) || CONNECTION_SPECIFIC.has(name)) return false;
  if (goodNames.size < MOST_GOOD_NAMES && name.length <= LONG_NAME) goodNames.add(name);
  return true;
}

/** Values as long as tokens are looked through once in a connection: the decoder gives the same string again. */
const LONG_VALUE = 64;
const MOST_GOOD_VALUES = 16;

/** Reads the heads of one connection's requests. */
export class RequestHeads {
  #goodValues = new Set<string>();

  /** @returns undefined where the request is malformed */
  read(fields: readonly string[]): RequestHead | undefined {
    let method: string | undefined;
    let path: string | undefined;
    let scheme: string | undefined;
    let authority: string | undefined;
    let host: string | undefined;
    let length: string | undefined;
    let isPseudoOver = false;
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const name = fields[i]!;
      const value = fields[i + 1]!;
      if (name.charCodeAt(0) === 0x3a /* : */) {
        if (isPseudoOver || BAD_VALUE.test(value)) return undefined;
        if (name === ':method' && method === undefined) method = value;
        else if (name === ':path' && path === undefined) path = value;
        else if (name === ':scheme' && scheme === undefined) scheme = value;
        else if (name === ':authority' && authority === undefined) authority = value;
        else return undefined;
        continue;
      }
      isPseudoOver = true;
      if (!isGoodName(name) || !this.#isGoodValue(value)) return undefined;
      if (name === 'content-length') {
        if (length !== undefined && length !== value) return undefined;
        length = value;
      } else if (name === 'host') host ??= value;
      else if (name === 'te' && value !== 'trailers') return undefined;
    }
    if (!method || BAD_METHOD.test(method)) return undefined;
    const isConnect = method === 'CONNECT';
    // RFC 9113 section 8.5: CONNECT names a host and nothing else; all others name all.
    if (isConnect ? path !== undefined || scheme !== undefined || !authority : !path || !scheme)
      return undefined;
    if (path && !path.startsWith('/') && !(path === '*' && method === 'OPTIONS')) return undefined;
    let contentLength = -1;
    if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) return undefined;
      contentLength = Number(length);
    }
    return { method, path, authority: authority ?? host ?? '', contentLength };
  }

  #isGoodValue(value: string): boolean {
    if (value.length < LONG_VALUE) return !BAD_VALUE.test(value);
    if (this.#goodValues.has(value)) return true;
    if (BAD_VALUE.test(value)) return false;
    if (this.#goodValues.size >= MOST_GOOD_VALUES) this.#goodValues = new Set();
    this.#goodValues.add(value);
    return true;
  }
}

/** Whether fields behind a body are well-formed: no pseudo-fields among them (RFC 9113 section 8.1). */
export const isGoodTrailer = (fields: readonly string[]): boolean => {
  for (let i = 0; i + 1 < fields.length; i += 2)
    if (!isGoodName(fields[i]!) || BAD_VALUE.test(fields[i + 1]!)) return false;
  return true;
};
