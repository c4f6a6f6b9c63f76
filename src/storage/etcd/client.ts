import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import { type Clock, systemClock } from '../../meta/clock.ts';
import { CompactedError, FutureRevisionError, StoreUnavailableError } from '../store.ts';

export interface EtcdConnection {
  /** `https://host:2379`, or `http://` without TLS; all of one kind. */
  endpoints: readonly string[];
  /** Files in PEM: what the members' certificates are checked against (absent: the system's), and our own. */
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  /** How long one call may take before it counts as failed. Default 10 s. */
  timeoutMs?: number;
  clock?: Clock;
}

/** gRPC status codes (grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const invalidArgument = 3;
const deadlineExceeded = 4;
const outOfRange = 11;
const unavailable = 14;
/** grpc.connectivityState: READY and TRANSIENT_FAILURE. */
const readyState = 2;
const failedState = 3;
const connectMs = 2000;

interface Member {
  address: string;
  client: Grpc.Client;
}

/** One bidirectional stream to one member. */
export interface EtcdStream {
  write(message: Buffer): void;
  end(): void;
}

/**
 * Calls to the members of an etcd cluster. One member is used at a time; where it fails, the next. Reads are tried
 * again, writes only where the failed call is known not to have left this process.
 */
export class EtcdClient {
  readonly #grpc: typeof Grpc;
  readonly #members: Member[];
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #current = 0;
  #closed = false;

  private constructor(grpc: typeof Grpc, connection: EtcdConnection) {
    this.#grpc = grpc;
    this.#timeoutMs = connection.timeoutMs ?? 10_000;
    this.#clock = connection.clock ?? systemClock;
    const options: Grpc.ClientOptions = {
      // Ranges and values are as large as they are; etcd has its own limit for what is written.
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
    };
    const credentials = channelCredentials(grpc, connection);
    this.#members = connection.endpoints.map((endpoint) => {
      const { host, hostname } = new URL(endpoint);
      const address = hostname.replace(/^\[|\]$/g, '');
      // An address is no server name (RFC 6066 3); the certificate is checked against it all the same.
      const named = isIP(address) === 0 ? options : { ...options, 'grpc.ssl_target_name_override': 'etcd' };
      return { address: host, client: new grpc.Client(host, credentials(address), named) };
    });
  }

  /** Loads the gRPC library and prepares the channels; connects at the first call. Throws what is wrong with the options. */
  static async open(connection: EtcdConnection): Promise<EtcdClient> {
    if (connection.endpoints.length === 0) throw new Error('no etcd endpoint is given');
    return new EtcdClient(await import('@grpc/grpc-js'), connection);
  }

  /**
   * Throws CompactedError, FutureRevisionError, or StoreUnavailableError where no member answers in time. `repeatable`:
   * the call changes nothing, or the same a second time.
   */
  async call<T>(
    method: string,
    request: Buffer,
    decode: (bytes: Buffer) => T,
    repeatable: boolean,
  ): Promise<T> {
    const end = this.#clock.monotonic() + this.#timeoutMs;
    let failure: unknown;
    for (let attempt = 0; attempt <= this.#members.length; attempt++) {
      const left = end - this.#clock.monotonic();
      if (left <= 0) break;
      const member = await this.#ready(left);
      try {
        return await this.#unary(member, method, request, decode, Math.max(1, end - this.#clock.monotonic()));
      } catch (error) {
        failure = error;
        if (!isUnavailable(error)) break;
        this.#leave(member);
        if (!repeatable && !neverSent(error)) break;
      }
    }
    throw this.#translate(failure);
  }

  /** Opens a stream to the member in use. `ended` is called once, whoever ends it. */
  async stream(
    method: string,
    handlers: { message(bytes: Buffer): void; ended(error: Error): void },
  ): Promise<EtcdStream> {
    const member = await this.#ready(this.#timeoutMs);
    const stream = member.client.makeBidiStreamRequest(method, identity, identity, this.#metadata());
    let ended = false;
    const finish = (error: unknown): void => {
      if (ended) return;
      ended = true;
      if (isUnavailable(error)) this.#leave(member);
      handlers.ended(this.#translate(error));
    };
    stream.on('data', (bytes: Buffer) => {
      if (!ended) handlers.message(bytes);
    });
    stream.on('error', finish);
    stream.on('end', () => finish(new Error('the member ended the stream')));
    return {
      write: (message) => {
        if (!ended) stream.write(message);
      },
      end: () => {
        ended = true;
        stream.cancel();
      },
    };
  }

  close(): void {
    this.#closed = true;
    for (const { client } of this.#members) client.close();
  }

  /** A member with a connection, the one in use first. Throws StoreUnavailableError. */
  async #ready(timeoutMs: number): Promise<Member> {
    const end = this.#clock.monotonic() + Math.min(connectMs, timeoutMs);
    // First whoever answers; where nobody does, whoever comes back in time.
    for (const patient of [false, true]) {
      for (let tried = 0; tried < this.#members.length; tried++) {
        if (this.#closed) throw new StoreUnavailableError('the store is closed');
        const member = this.#members[this.#current]!;
        if (await this.#connected(member.client, end, patient)) return member;
        this.#leave(member);
      }
    }
    if (this.#closed) throw new StoreUnavailableError('the store is closed');
    throw new StoreUnavailableError(
      `etcd cannot be reached at ${this.#members.map((m) => m.address).join(', ')}`,
    );
  }

  /** Whether there is a connection before `end`; `patient`: also through failures to connect. */
  async #connected(client: Grpc.Client, end: number, patient: boolean): Promise<boolean> {
    const channel = client.getChannel();
    for (;;) {
      const state = channel.getConnectivityState(true);
      if (state === readyState) return true;
      if (state === failedState && !patient) return false;
      const share = patient ? 1 : 1 / (this.#members.length + 1);
      const left = (end - this.#clock.monotonic()) * share;
      if (left <= 0 || this.#closed) return false;
      const changed = await new Promise<boolean>((resolve) => {
        channel.watchConnectivityState(state, Date.now() + left, (error) => resolve(!error));
      });
      if (!changed) return false;
    }
  }

  #leave(member: Member): void {
    if (this.#members[this.#current] === member) this.#current = (this.#current + 1) % this.#members.length;
  }

  #unary<T>(
    member: Member,
    method: string,
    request: Buffer,
    decode: (bytes: Buffer) => T,
    timeoutMs: number,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs };
      const done = (error: Grpc.ServiceError | null, value?: T): void =>
        error ? reject(error) : resolve(value as T);
      member.client.makeUnaryRequest(method, identity, decode, request, this.#metadata(), options, done);
    });
  }

  /** A member cut off from its cluster answers at once that it is, instead of letting callers wait. */
  #metadata(): Grpc.Metadata {
    const metadata = new this.#grpc.Metadata();
    metadata.set('hasleader', 'true');
    return metadata;
  }

  #translate(error: unknown): Error {
    if (error instanceof StoreUnavailableError) return error;
    const { code, details, message } = (error ?? {}) as Partial<Grpc.ServiceError>;
    if (code === outOfRange && details?.includes('compacted')) return new CompactedError(0);
    if (code === outOfRange && details?.includes('future revision')) return new FutureRevisionError(0);
    const said = details || message || 'no answer in time';
    // A value too large, too many requests: the engine is there, and refuses.
    if (code === invalidArgument) return new Error(said);
    return new StoreUnavailableError(
      code === deadlineExceeded ? 'etcd did not answer in time' : `etcd: ${said}`,
    );
  }
}

/** By the address or name that a member's certificate must be for. */
function channelCredentials(
  grpc: typeof Grpc,
  connection: EtcdConnection,
): (address: string) => Grpc.ChannelCredentials {
  const schemes = new Set(connection.endpoints.map((endpoint) => new URL(endpoint).protocol));
  if (schemes.size > 1) throw new Error('etcd endpoints are either all https or all http');
  if (schemes.has('http:')) return () => grpc.credentials.createInsecure();
  if (!schemes.has('https:')) throw new Error('an etcd endpoint begins with https:// or http://');
  const read = (file: string | undefined): Buffer | null => (file === undefined ? null : readFileSync(file));
  const [ca, key, cert] = [read(connection.caFile), read(connection.keyFile), read(connection.certFile)];
  return (address) =>
    grpc.credentials.createSsl(ca, key, cert, {
      checkServerIdentity: (_name, certificate) =>
        checkServerIdentity(address, certificate as PeerCertificate),
    });
}

function isUnavailable(error: unknown): boolean {
  return (error as Partial<Grpc.ServiceError>)?.code === unavailable;
}

/** The library's own words for a call that found no connection. */
function neverSent(error: unknown): boolean {
  return /^No connection established/.test((error as Partial<Grpc.ServiceError>).details ?? '');
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
