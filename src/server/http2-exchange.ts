import type { Readable, Writable } from 'node:stream';
import type { CertificateDer } from '../authentication/authenticator.ts';
import type { Connection } from '../http2/connection.ts';
import { ErrorCode } from '../http2/error-code.ts';
import type { ServerStream } from '../http2/stream.ts';
import type { Exchange, Peer, ResponseHeaders } from './exchange.ts';
import { HeaderFields, splitTarget } from './header-fields.ts';

/** A request over HTTP/2. */
export class Http2Exchange implements Exchange {
  readonly httpVersion = '2';
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly remoteAddress: string;
  readonly certificates: readonly CertificateDer[];
  readonly #stream: ServerStream;
  readonly #connection: Connection;
  readonly #fields: HeaderFields;

  constructor(stream: ServerStream, connection: Connection, peer: Peer) {
    this.#stream = stream;
    this.#connection = connection;
    this.#fields = new HeaderFields(stream.fields);
    const { method, path = '/', authority } = stream.head;
    this.method = method;
    [this.path, this.query] = splitTarget(path);
    this.host = authority;
    this.remoteAddress = peer.address;
    this.certificates = peer.certificates;
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
    return this.#stream.body(limit);
  }

  source(): Readable {
    return this.#stream.source();
  }

  respond(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    headers['date'] ??= httpDate();
    this.#stream.respond(status, headers, body);
  }

  stream(status: number, headers: ResponseHeaders): Writable {
    return this.#stream.open(status, { date: httpDate(), ...headers });
  }

  onClose(listener: () => void): void {
    this.#stream.onClose(listener);
  }

  get closed(): boolean {
    return this.#stream.isClosed;
  }

  cut(): void {
    this.#stream.reset(ErrorCode.CANCEL);
  }

  goAway(): void {
    this.#connection.close();
  }
}

let date = '';
let dateSecond = 0;

/** The time as header fields say it (RFC 9110 section 5.6.7), made once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(second * 1000).toUTCString();
  }
  return date;
}
