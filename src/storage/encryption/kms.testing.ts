import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { ProtoReader, ProtoWriter } from '../protobuf-wire.ts';

/** A key service on a Unix socket, as plugins are, with one key in memory for each key ID. */
export class KmsPlugin {
  keyId = 'key-1';
  healthz = 'ok';
  calls = { Status: 0, Encrypt: 0, Decrypt: 0 };
  readonly #server = new Server();
  readonly #keys = new Map<string, Buffer>();

  async listen(path: string): Promise<void> {
    const method = (name: 'Status' | 'Encrypt' | 'Decrypt', answer: (request: Buffer) => Buffer) => ({
      path: `/v2.KeyManagementService/${name}`,
      requestStream: false as const,
      responseStream: false as const,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
      answer,
    });
    const definition = {
      Status: method('Status', () =>
        new ProtoWriter().string(1, 'v2').string(2, this.healthz).string(3, this.keyId).finish(),
      ),
      Encrypt: method('Encrypt', (request) => this.#encrypt(fields(request).get(1)!)),
      Decrypt: method('Decrypt', (request) => this.#decrypt(fields(request))),
    };
    const handlers = Object.fromEntries(
      Object.entries(definition).map(([name, { answer }]) => [
        name,
        (call: { request: Buffer }, done: (error: Error | null, answer?: Buffer) => void) => {
          this.calls[name as 'Status']++;
          try {
            done(null, answer(call.request));
          } catch (error) {
            done(error as Error);
          }
        },
      ]),
    );
    this.#server.addService(definition, handlers);
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  close(): void {
    this.#server.forceShutdown();
  }

  /** The same keys in another process, as it were. */
  again(): KmsPlugin {
    const other = new KmsPlugin();
    other.keyId = this.keyId;
    for (const [id, key] of this.#keys) other.#keys.set(id, key);
    return other;
  }

  #key(id: string): Buffer {
    const key = this.#keys.get(id) ?? randomBytes(32);
    this.#keys.set(id, key);
    return key;
  }

  #encrypt(plain: Buffer): Buffer {
    const iv = randomBytes(16);
    const cipher = createCipheriv('aes-256-cbc', this.#key(this.keyId), iv);
    const sealed = Buffer.concat([iv, cipher.update(plain), cipher.final()]);
    const annotation = new ProtoWriter().string(1, 'version.example.com').bytes(2, Buffer.from('1'));
    return new ProtoWriter().bytes(1, sealed).string(2, this.keyId).message(3, annotation).finish();
  }

  #decrypt(request: Map<number, Buffer>): Buffer {
    const sealed = request.get(1)!;
    if (!request.get(4)?.includes('version.example.com')) throw new Error('the annotation is missing');
    const decipher = createDecipheriv(
      'aes-256-cbc',
      this.#key(request.get(3)!.toString()),
      sealed.subarray(0, 16),
    );
    return new ProtoWriter()
      .bytes(1, Buffer.concat([decipher.update(sealed.subarray(16)), decipher.final()]))
      .finish();
  }
}

function fields(message: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  const reader = new ProtoReader(message);
  for (let field = reader.next(); field !== 0; field = reader.next()) found.set(field, reader.bytes());
  return found;
}
