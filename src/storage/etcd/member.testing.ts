import { once } from 'node:events';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { ProtoReader, ProtoWriter } from '../protobuf-wire.ts';

type Stream = ServerDuplexStream<Buffer, Buffer>;

const same = (bytes: Buffer): Buffer => bytes;
const header = (revision: number): ProtoWriter => new ProtoWriter().int(3, revision);

/**
 * A member of a newer etcd than is at hand in most places (3.6), as its watches are: what it sends is the test's to say.
 * For messages see etcd api/etcdserverpb/rpc.proto.
 */
export class ScriptedMember {
  /** The revision each watch was to start at, in the order they came. */
  readonly starts: number[] = [];
  progressRequests = 0;
  revision = 5;
  /** What a request for progress is answered with; absent: nothing. */
  progress: number | undefined;
  endpoint = '';
  readonly #server = new Server();
  #stream: Stream | undefined;

  async listen(): Promise<void> {
    const path = (name: string) => ({
      path: `/etcdserverpb.${name}`,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    });
    const unary = { requestStream: false, responseStream: false } as const;
    type Answer = (call: unknown, done: (error: null, bytes: Buffer) => void) => void;
    const status: Answer = (_call, done) => done(null, new ProtoWriter().string(2, '3.6.0').finish());
    const range: Answer = (_call, done) =>
      done(null, new ProtoWriter().message(1, header(this.revision)).finish());
    this.#server.addService(
      {
        status: { ...path('Maintenance/Status'), ...unary },
        range: { ...path('KV/Range'), ...unary },
        watch: { ...path('Watch/Watch'), requestStream: true, responseStream: true },
      },
      { status, range, watch: (stream: Stream) => this.#watch(stream) },
    );
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  /** Sends events of puts to `key` at these revisions; `fragment`: more of the same answer follows. */
  put(key: string, revisions: readonly number[], fragment = false): void {
    const answer = new ProtoWriter().message(1, header(revisions.at(-1)!)).bool(7, fragment);
    for (const revision of revisions) {
      const value = new ProtoWriter()
        .string(1, key)
        .int(2, revision)
        .int(3, revision)
        .int(4, 1)
        .string(5, `value ${revision}`);
      answer.message(11, new ProtoWriter().message(2, value));
    }
    this.#stream!.write(answer.finish());
  }

  cancel(reason: string, compactRevision = 0): void {
    this.#stream!.write(
      new ProtoWriter()
        .message(1, header(this.revision))
        .bool(4, true)
        .int(5, compactRevision)
        .string(6, reason)
        .finish(),
    );
  }

  /** Ends the stream as a member does that loses its leader. */
  break(): void {
    this.#stream!.emit('error', { code: 14, details: 'etcdserver: no leader' });
  }

  async close(): Promise<void> {
    this.#server.forceShutdown();
    if (this.#stream && !this.#stream.destroyed) await once(this.#stream, 'close').catch(() => undefined);
  }

  #watch(stream: Stream): void {
    this.#stream = stream;
    stream.on('error', () => undefined);
    stream.on('data', (bytes: Buffer) => {
      const reader = new ProtoReader(bytes);
      const kind = reader.next();
      if (kind === 1) {
        const create = new ProtoReader(reader.bytes());
        for (let field = create.next(); field !== 0; field = create.next()) {
          if (field === 3) this.starts.push(create.int());
          else create.skip();
        }
        stream.write(new ProtoWriter().message(1, header(this.revision)).bool(3, true).finish());
      } else if (kind === 3) {
        this.progressRequests++;
        if (this.progress !== undefined)
          stream.write(new ProtoWriter().message(1, header(this.progress)).finish());
      }
    });
  }
}
