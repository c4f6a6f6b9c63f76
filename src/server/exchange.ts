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

/** Who is at the other end of a connection. */
export interface Peer {
  certificates: readonly CertificateDer[];
  address: string;
}
