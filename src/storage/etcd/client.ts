import type * as Grpc from '@grpc/grpc-js';
import { type Clock, systemClock } from '../../meta/clock.ts';
import type { ReloadReport } from '../../meta/watched-files.ts';
import { StoreUnavailableError } from '../store.ts';
import { Credentials, serverName, type TlsFiles } from './credentials.ts';
import { connectionFault, isLate, isUnavailable, neverSent, storeError } from './failure.ts';
import { encodeRange } from './messages.ts';

export interface EtcdConnection extends TlsFiles {
  /** `https://host:2379`, or `http://` without TLS; all of one kind. */
  endpoints: readonly string[];
  /** How long one call may take before it counts as failed. Default 10 s. */
  timeoutMs?: number;
  clock?: Clock;
  /** Told of certificates and keys that change; new connections are made with them. */
  report?: ReloadReport;
}

/** grpc.connectivityState: READY and TRANSIENT_FAILURE. */
const readyState = 2;
const failedState = 3;
const connectMs = 2000;
/** A member that is silent for so long leaves its readers to another one. */
const silentMs = 3000;
/** A read of a key that nobody has. */
const noKey = encodeRange({ key: Buffer.from('\0'), countOnly: true });
/** Long enough to be told why there is no connection, which is known on this side. */
const reasonMs = 100;

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
 * Calls to the members of an etcd cluster. One member is used at a time; where it fails or falls silent, the next. Reads
 * are tried again, writes only where the failed call is known not to have left this process.
 */
export class EtcdClient {
  readonly #grpc: typeof Grpc;
  readonly #credentials: Credentials;
  #members: Member[];
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
    this.#credentials = new Credentials(
      grpc,
      connection.endpoints,
      connection,
      connection.report ? { report: connection.report } : {},
    );
    const connect = (): Member[] =>
      connection.endpoints.map((endpoint) => {
        const { host, hostname } = new URL(endpoint);
        const name = hostname.replace(/^\[|\]$/g, '');
        const client = new grpc.Client(host, this.#credentials.for(name), {
          ...options,
          ...serverName(name),
        });
        return { address: host, client };
      });
    this.#members = connect();
    this.#credentials.follow(() => {
      const before = this.#members;
      this.#members = connect();
      // What is under way comes to its end.
      for (const { client } of before) client.close();
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
    const patience = repeatable && this.#members.length > 1 ? silentMs : this.#timeoutMs;
    let failure: unknown;
    for (let attempt = 0; attempt <= this.#members.length; attempt++) {
      const left = end - this.#clock.monotonic();
      if (left <= 0) break;
      const member = await this.#ready(left);
      try {
        const rest = Math.max(1, end - this.#clock.monotonic());
        return await this.#unary(member, method, request, decode, Math.min(rest, patience));
      } catch (error) {
        failure = error;
        if (!isUnavailable(error) && !isLate(error)) break;
        this.#leave(member);
        if (!repeatable && !neverSent(error)) break;
      }
    }
    throw storeError(failure);
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
      handlers.ended(storeError(error));
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
    this.#credentials.stop();
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
      `etcd cannot be reached: ${(await this.#faults()) || 'no connection in time'}`,
    );
  }

  /** What keeps each member from being reached; `10.0.0.1:2379, 10.0.0.2:2379: connection refused`. */
  async #faults(): Promise<string> {
    const members = new Map<string, string[]>();
    await Promise.all(
      this.#members.map(async (member) => {
        const fault = await this.#unary(member, '/etcdserverpb.KV/Range', noKey, () => '', reasonMs).catch(
          (error: unknown) =>
            isLate(error) ? 'no answer' : connectionFault((error as Grpc.ServiceError).details ?? ''),
        );
        if (fault !== '') members.set(fault, [...(members.get(fault) ?? []), member.address]);
      }),
    );
    return [...members].map(([fault, addresses]) => `${addresses.join(', ')}: ${fault}`).join('; ');
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
      // Past the library's own surface for callers, which makes an error and a chain of interceptors for each call.
      const deadline = Date.now() + timeoutMs;
      const call = member.client.getChannel().createCall(method, deadline, undefined, null, undefined);
      let message: Buffer | undefined;
      call.start(this.#metadata(), {
        onReceiveMetadata: () => {},
        onReceiveMessage: (bytes: Buffer) => {
          message = bytes;
        },
        onReceiveStatus: (status) => {
          if (status.code !== 0) return reject(status);
          try {
            if (!message) throw new Error('an answer without a message');
            resolve(decode(message));
          } catch (error) {
            reject(error);
          }
        },
      });
      call.sendMessageWithContext({}, request);
      call.startRead();
      call.halfClose();
    });
  }

  /** A member cut off from its cluster answers at once that it is, instead of letting callers wait. */
  #metadata(): Grpc.Metadata {
    const metadata = new this.#grpc.Metadata();
    metadata.set('hasleader', 'true');
    return metadata;
  }
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
