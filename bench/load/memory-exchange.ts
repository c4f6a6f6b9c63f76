import { Readable, type Writable } from 'node:stream';
import type { CertificateDer } from '../../src/authentication/authenticator.ts';
import type { Exchange, ResponseHeaders } from '../../src/server/exchange.ts';
import { HeaderFields } from '../../src/server/header-fields.ts';

/** A request that is sent over and over: its strings are the same each time, as a connection's header table has them. */
export interface Sent {
  method: string;
  path: string;
  /** Names in lower case and values by turns. */
  fields: readonly string[];
  body?: Buffer;
  certificates?: readonly CertificateDer[];
}

const NONE: readonly never[] = [];

/** A request without a connection: its answer is kept, and it ends when told. */
export class MemoryExchange implements Exchange {
  readonly method: string;
  readonly path: string;
  readonly query = '';
  readonly httpVersion = '2';
  readonly host = '127.0.0.1:6443';
  readonly remoteAddress = '127.0.0.1';
  readonly certificates: readonly CertificateDer[];
  status = 0;
  headers: ResponseHeaders | undefined = undefined;
  answer: Uint8Array | string = '';
  readonly #sent: Sent;
  readonly #fields: HeaderFields;
  #listener: (() => void) | undefined = undefined;
  #others: (() => void)[] | undefined = undefined;
  #told: ((exchange: this) => void) | undefined;
  #isClosed = false;

  constructor(sent: Sent, told?: (exchange: MemoryExchange) => void) {
    this.#sent = sent;
    this.#fields = new HeaderFields(sent.fields);
    this.#told = told;
    this.method = sent.method;
    this.path = sent.path;
    this.certificates = sent.certificates ?? NONE;
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

  body(): Promise<Buffer | undefined> {
    return Promise.resolve(this.#sent.body ?? Buffer.alloc(0));
  }

  source(): Readable {
    return Readable.from(this.#sent.body ?? NONE);
  }

  respond(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    this.status = status;
    this.headers = headers;
    this.answer = body;
    this.#told?.(this);
  }

  stream(): Writable {
    throw new Error('answers in pieces are not measured here');
  }

  onClose(listener: () => void): void {
    if (this.#listener === undefined) this.#listener = listener;
    else {
      this.#others ??= [];
      this.#others.push(listener);
    }
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  /** The answer is out, or the client has gone. */
  cut(): void {
    this.#isClosed = true;
    this.#listener?.();
    for (const listener of this.#others ?? NONE) listener();
  }
}
