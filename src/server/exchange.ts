import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { CertificateDer } from '../authentication/authenticator.ts';

export type ResponseHeaders = Record<string, string | number | readonly string[]>;

/** A request and the way to answer it, the same over HTTP/1.1 and HTTP/2. */
export interface Exchange {
  readonly method: string;
  /** The request target as sent, without the query. */
  readonly path: string;
  /** What stands behind the question mark, as sent. */
  readonly query: string;
  readonly httpVersion: '1.1' | '2';
  /** Host header or :authority. */
  readonly host: string;
  readonly remoteAddress: string;
  readonly certificates: readonly CertificateDer[];
  header(name: string): string | undefined;
  headerValues(name: string): readonly string[];
  headerNames(): readonly string[];
  /** The body, or undefined where it is longer than `limit` bytes. */
  body(limit: number): Promise<Buffer | undefined>;
  /** The body as it comes, for who passes it on; instead of `body`. */
  source(): Readable;
  /** The connection of a request to change its protocol (HTTP/1.1 alone), and what came behind its head. */
  readonly upgrade?: { socket: Duplex; head: Buffer } | undefined;
  /** Answers whole. The header fields are the exchange's from then on. */
  respond(status: number, headers: ResponseHeaders, body: Uint8Array | string): void;
  /** Begins an answer that is written bit by bit; the stream ends it. */
  stream(status: number, headers: ResponseHeaders): Writable;
  /** Calls back when the client has gone or the answer is out. */
  onClose(listener: () => void): void;
  readonly closed: boolean;
  /** Breaks off an answer under way: the stream over HTTP/2, the connection over HTTP/1.1. */
  cut(): void;
  /** Has the client make its next requests on another connection; what is under way on this one goes on. HTTP/2 alone. */
  goAway?(): void;
}

const NONE: readonly string[] = [];
const BEYOND_ASCII = /[\x80-\xff]/;
const ignore = (): void => {};
/** The header is the whole answer. */
const WHOLE = { endStream: true };

/**
 * Header fields by their lower-case names, in the order sent: names and values by turns. A request has few of them and few of
 * them are asked for, so that looking through is cheaper than sorting them into a map.
 */
class HeaderFields {
  readonly #raw: readonly string[];

  constructor(raw: readonly string[]) {
    this.#raw = raw;
  }

  first(name: string): string | undefined {
    const raw = this.#raw;
    for (let i = 0; i + 1 < raw.length; i += 2) if (raw[i] === name) return fieldText(name, raw[i + 1]!);
    return undefined;
  }

  all(name: string): readonly string[] {
    const raw = this.#raw;
    let values: string[] | undefined;
    for (let i = 0; i + 1 < raw.length; i += 2) {
      if (raw[i] !== name) continue;
      values ??= [];
      values.push(fieldText(name, raw[i + 1]!));
    }
    return values ?? NONE;
  }

  names(): readonly string[] {
    const names: string[] = [];
    for (let i = 0; i + 1 < this.#raw.length; i += 2)
      if (!names.includes(this.#raw[i]!)) names.push(this.#raw[i]!);
    return names;
  }
}

/** Node reads values as Latin-1; what stands in them beyond ASCII, in names of users say, is UTF-8 as in Go. */
function fieldText(name: string, value: string): string {
  // Tokens are long, and ASCII or none.
  if (name === 'authorization' || !BEYOND_ASCII.test(value)) return value;
  return Buffer.from(value, 'latin1').toString('utf8');
}

/** HTTP/1.1 sends names in any case; HTTP/2 in lower case alone (RFC 9113 8.2). */
const lowerNames = (raw: readonly string[]): string[] =>
  raw.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));

function collect(source: NodeJS.ReadableStream, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    source.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
    });
    source.once('end', () =>
      resolve(size > limit ? undefined : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)),
    );
    source.once('error', reject);
    source.once('close', () => reject(new Error('the client went away before its request was whole')));
  });
}

/**
 * The body of a request to change the protocol, of a known length. Some releases of Node read it as they do any other's,
 * some leave it on the connection, its beginning in `head`.
 */
function collectBeforeUpgrade(
  request: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
  limit: number,
): Promise<Buffer | undefined> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (!(length > 0)) return Promise.resolve(Buffer.alloc(0));
  if (length > limit) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      if (size < length) return;
      socket.removeListener('data', take);
      request.removeListener('data', take);
      resolve(Buffer.concat(chunks).subarray(0, length));
    };
    socket.once('close', () => reject(new Error('the client went away before its request was whole')));
    request.on('data', take);
    socket.on('data', take);
    if (head.length) take(head);
  });
}

/** A body whose length is known: HTTP/2 sees to it that neither more nor less comes (RFC 9113 8.1.1). */
function readExactly(source: Readable, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let isWhole = false;
    source.on('readable', () => {
      const body = isWhole ? null : (source.read(length) as Buffer | null);
      if (body?.length !== length) return;
      isWhole = true;
      resolve(body);
    });
    source.once('error', reject);
    source.once('close', () => {
      if (!isWhole) reject(new Error('the client went away before its request was whole'));
    });
  });
}

/** A target is a path or, as proxies send it, a whole URL; of a URL nothing but path and query is looked at (RFC 9112 3.2). */
const splitTarget = (sent: string): [string, string] => {
  const target = sent.startsWith('/') ? sent : sent.replace(/^https?:\/\/[^/?#]*\/?/i, '/');
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
};

/** What is left of a body that nobody wants may come for so long; a connection that goes on after that ends. */
const UNREAD_MS = 5000;

function endUnread(request: IncomingMessage): void {
  const timer = setTimeout(() => request.socket.destroy(), UNREAD_MS).unref();
  request.once('end', () => clearTimeout(timer));
  request.once('close', () => clearTimeout(timer));
}

export class Http2Exchange implements Exchange {
  readonly httpVersion = '2';
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly remoteAddress: string;
  readonly certificates: readonly CertificateDer[];
  readonly #stream: ServerHttp2Stream;
  readonly #fields: HeaderFields;
  /** The body was read to its last byte, though not to its end. */
  #isRead = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: Record<string, unknown>,
    raw: readonly string[],
    peer: { certificates: readonly CertificateDer[]; address: string },
  ) {
    this.#stream = stream;
    this.#fields = new HeaderFields(raw);
    this.method = headers[':method'] as string;
    [this.path, this.query] = splitTarget((headers[':path'] as string | undefined) ?? '/');
    this.host = (headers[':authority'] as string | undefined) ?? '';
    this.remoteAddress = peer.address;
    this.certificates = peer.certificates;
    // A client that resets its stream is no fault of ours.
    stream.on('error', ignore);
  }

  header(name: string): string | undefined {
    return this.#fields.first(name);
  }

  headerValues(name: string): readonly string[] {
    return this.#fields.all(name);
  }

  headerNames(): readonly string[] {
    return this.#fields.names();
  }

  body(limit: number): Promise<Buffer | undefined> {
    const length = Number(this.header('content-length') ?? 0);
    if (!(length > 0 && length <= limit)) return collect(this.#stream, limit);
    this.#isRead = true;
    return readExactly(this.#stream, length);
  }

  source(): Readable {
    return this.#stream;
  }

  respond(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.headersSent) return;
    const empty = body.length === 0 || this.method === 'HEAD';
    headers[':status'] = status;
    stream.respond(headers as never, empty ? WHOLE : undefined);
    if (!empty) stream.end(body);
    // The rest of a body that nobody read would hold the stream open. Where there is none the stream is left alone: one whose
    // end was read is destroyed before its last write is done, for which Node makes an error that costs more than the answer.
    if (!this.#isRead && !stream.endAfterHeaders && !stream.readableEnded) stream.resume();
  }

  stream(status: number, headers: ResponseHeaders): Writable {
    if (!this.#stream.destroyed) this.#stream.respond({ ':status': status, ...headers } as never);
    return this.#stream;
  }

  onClose(listener: () => void): void {
    if (this.#stream.destroyed) queueMicrotask(listener);
    else this.#stream.once('close', listener);
  }

  get closed(): boolean {
    return this.#stream.destroyed;
  }

  cut(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  goAway(): void {
    this.#stream.session?.close();
  }
}

export class Http1Exchange implements Exchange {
  readonly httpVersion = '1.1';
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly remoteAddress: string;
  readonly certificates: readonly CertificateDer[];
  readonly upgrade: { socket: Duplex; head: Buffer } | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #fields: HeaderFields | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    peer: { certificates: readonly CertificateDer[]; address: string },
    upgrade?: { socket: Duplex; head: Buffer },
  ) {
    this.upgrade = upgrade;
    this.#request = request;
    this.#response = response;
    this.method = request.method ?? 'GET';
    [this.path, this.query] = splitTarget(request.url ?? '/');
    this.host = request.headers.host ?? '';
    this.remoteAddress = peer.address;
    this.certificates = peer.certificates;
    response.on('error', ignore);
  }

  get #headers(): HeaderFields {
    this.#fields ??= new HeaderFields(lowerNames(this.#request.rawHeaders));
    return this.#fields;
  }

  header(name: string): string | undefined {
    return this.#headers.first(name);
  }

  headerValues(name: string): readonly string[] {
    return this.#headers.all(name);
  }

  headerNames(): readonly string[] {
    return this.#headers.names();
  }

  body(limit: number): Promise<Buffer | undefined> {
    if (this.upgrade) return collectBeforeUpgrade(this.#request, this.upgrade, limit);
    return collect(this.#request, limit);
  }

  source(): Readable {
    return this.#request;
  }

  respond(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    if (this.#response.headersSent || this.#response.destroyed) return;
    // Answers that have no body by their status have no length either.
    const length = status === 204 || status === 304 ? {} : { 'content-length': Buffer.byteLength(body) };
    this.#response.writeHead(status, { ...headers, ...length } as never);
    this.#response.end(body);
    if (!this.#request.readableEnded) this.#request.resume();
    if (!this.#request.complete && !this.upgrade) endUnread(this.#request);
  }

  stream(status: number, headers: ResponseHeaders): Writable {
    this.#response.writeHead(status, headers as never);
    this.#response.flushHeaders();
    return this.#response;
  }

  onClose(listener: () => void): void {
    if (this.#response.destroyed) queueMicrotask(listener);
    else this.#response.once('close', listener);
  }

  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  cut(): void {
    this.upgrade?.socket.destroy();
    this.#response.destroy();
  }
}
