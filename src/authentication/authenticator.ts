import type { AuthenticationVerdict } from '../explain/verdict.ts';

/** One certificate of the chain a client presented, leaf first, as DER. */
export type CertificateDer = Uint8Array;

/** What authenticators read of a request, before anything of it is trusted. */
export interface AuthenticationRequest {
  method: string;
  /** Decoded path without the query. */
  path: string;
  /** The first value of a header, by its lower-case name. Bytes beyond ASCII are read as UTF-8. */
  header(name: string): string | undefined;
  /** Every value of a header, in the order sent. */
  headerValues(name: string): readonly string[];
  /** All header names, lower-case, in the order sent. */
  headerNames(): readonly string[];
  /** Leaf first; empty without a client certificate. The same array for the life of a connection. */
  certificates: readonly CertificateDer[];
  /** API audiences this request is meant for. */
  audiences: readonly string[];
  /** Milliseconds since 1970. */
  now: number;
  /** Adds a `Warning: 299` header to the answer, whatever it will be. */
  warn(text: string): void;
  /** Adds an annotation to the audit event. */
  annotate?(key: string, value: string): void;
  /** Stands for the connection that the request came over; absent where it came over none. */
  connection?: object | undefined;
  /** What the connection showed before, where it is the same; an authenticator sets it for those behind. */
  shown?: ShownToken | undefined;
  /** A token that is all there is to be read; the Authorization header says the same. */
  token?: string | undefined;
}

/**
 * A token that a connection has shown, for as long as its requests come with the same one: what looking it up takes is done once.
 * A token that is shown is compared with those of its own connection alone, so that nobody learns of another's by how long it takes.
 */
export interface ShownToken {
  /** The whole header. */
  header: string;
  token: string;
  /** A cache's key for it, and for which of the audiences. */
  key?: { cache: object; audiences: readonly string[]; text: string } | undefined;
}

/**
 * Says of a request who makes it. Never throws: what breaks is `refused` with its code. An authenticator made of others
 * puts what each of them said into `asked`, if it is given one.
 */
export interface RequestAuthenticator {
  readonly name: string;
  authenticate(
    request: AuthenticationRequest,
    asked?: AuthenticationVerdict[],
  ): AuthenticationVerdict | Promise<AuthenticationVerdict>;
}

/** What a token is judged by, beside itself. */
export interface TokenContext {
  /** Audiences the caller of the review, or this server, wants the token to be for. */
  audiences: readonly string[];
  /** Milliseconds since 1970. */
  now: number;
  warn(text: string): void;
  /** Adds an annotation to the audit event. */
  annotate?(key: string, value: string): void;
  shown?: ShownToken | undefined;
  /**
   * Names an object that a good answer rests on, before it is read: when that object goes or changes, a remembered
   * answer is forgotten. `namespace` is empty for cluster-scoped resources.
   */
  restsOn?(resource: string, namespace: string, name: string): void;
}

/** Says of a bearer token whose it is. Never throws. One made of others puts their verdicts into `asked`, if given. */
export interface TokenAuthenticator {
  readonly name: string;
  authenticateToken(
    token: string,
    context: TokenContext,
    asked?: AuthenticationVerdict[],
  ): AuthenticationVerdict | Promise<AuthenticationVerdict>;
}

/** A chain's answer: the verdict that counts and every verdict on the way to it. */
export interface AuthenticationOutcome {
  verdict: AuthenticationVerdict;
  asked: readonly AuthenticationVerdict[];
}
