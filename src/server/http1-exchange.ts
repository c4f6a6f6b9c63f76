import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { CertificateDer } from '../authentication/authenticator.ts';
import type { Exchange, Peer, ResponseHeaders } from './exchange.ts';
import { HeaderFields, splitTarget } from './header-fields.ts';

const ignore = (): void => {};

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

/** What is left of a body that nobody wants may come for so long; a connection that goes on after that ends. */
const UNREAD_MS = 5000;

function endUnread(request: IncomingMessage): void {
  const timer = setTimeout(() => request.socket.destroy(), UNREAD_MS).unref();
  request.once('end', () => clearTimeout(timer));
  request.once('close', () => clearTimeout(timer));
}

/** A request over HTTP/1.1, as Node's parser reads it. */
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
    peer: Peer,
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
