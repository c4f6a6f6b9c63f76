import type * as Grpc from '@grpc/grpc-js';
import { ProtoReader, ProtoWriter } from '../protobuf-wire.ts';
import { readAnnotation, writeAnnotations } from './encrypted-object.ts';

export interface KmsStatus {
  version: string;
  healthz: string;
  keyId: string;
}

export interface KmsEncrypted {
  ciphertext: Buffer;
  keyId: string;
  annotations: Map<string, Buffer>;
}

/** A key service as KMS v2 describes it (k8s.io/kms apis/v2/api.proto). Failures are rejected. */
export interface KmsService {
  status(): Promise<KmsStatus>;
  encrypt(uid: string, plaintext: Buffer): Promise<KmsEncrypted>;
  decrypt(
    uid: string,
    ciphertext: Buffer,
    keyId: string,
    annotations: ReadonlyMap<string, Buffer>,
  ): Promise<Buffer>;
  close(): void;
}

/** A plugin on a Unix socket: `unix:///var/run/kms.sock`. Calls wait for the socket no longer than the timeout. */
export async function connectKms(endpoint: string, timeoutMs: number): Promise<KmsService> {
  const grpc = await import('@grpc/grpc-js');
  return new GrpcKmsService(grpc, endpoint, timeoutMs);
}

class GrpcKmsService implements KmsService {
  readonly #grpc: typeof Grpc;
  readonly #client: Grpc.Client;
  readonly #timeoutMs: number;

  constructor(grpc: typeof Grpc, endpoint: string, timeoutMs: number) {
    this.#grpc = grpc;
    this.#timeoutMs = timeoutMs;
    const path = decodeURIComponent(endpoint.replace(/^unix:(\/\/)?/i, ''));
    this.#client = new grpc.Client(`unix:${path}`, grpc.credentials.createInsecure(), {
      'grpc.default_authority': 'localhost',
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.service_config_disable_resolution': 1,
    });
  }

  async status(): Promise<KmsStatus> {
    const status: KmsStatus = { version: '', healthz: '', keyId: '' };
    const reader = new ProtoReader(await this.#call('Status', Buffer.alloc(0)));
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) status.version = reader.string();
      else if (field === 2) status.healthz = reader.string();
      else if (field === 3) status.keyId = reader.string();
      else reader.skip();
    }
    return status;
  }

  async encrypt(uid: string, plaintext: Buffer): Promise<KmsEncrypted> {
    const request = new ProtoWriter().bytes(1, plaintext).string(2, uid);
    const answer: KmsEncrypted = { ciphertext: Buffer.alloc(0), keyId: '', annotations: new Map() };
    const reader = new ProtoReader(await this.#call('Encrypt', request.finish()));
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) answer.ciphertext = reader.bytes();
      else if (field === 2) answer.keyId = reader.string();
      else if (field === 3) readAnnotation(reader.bytes(), answer.annotations);
      else reader.skip();
    }
    return answer;
  }

  async decrypt(
    uid: string,
    ciphertext: Buffer,
    keyId: string,
    annotations: ReadonlyMap<string, Buffer>,
  ): Promise<Buffer> {
    const request = new ProtoWriter().bytes(1, ciphertext).string(2, uid).string(3, keyId);
    writeAnnotations(request, 4, annotations);
    const reader = new ProtoReader(await this.#call('Decrypt', request.finish()));
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) return reader.bytes();
      reader.skip();
    }
    return Buffer.alloc(0);
  }

  close(): void {
    this.#client.close();
  }

  #call(method: string, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const metadata = new this.#grpc.Metadata({ waitForReady: true });
      this.#client.makeUnaryRequest(
        `/v2.KeyManagementService/${method}`,
        same,
        same,
        request,
        metadata,
        { deadline: Date.now() + this.#timeoutMs },
        (error, answer) => {
          if (error)
            reject(new Error(`rpc error: code = ${this.#grpc.status[error.code]} desc = ${error.details}`));
          else resolve(answer!);
        },
      );
    });
  }
}

function same(bytes: Buffer): Buffer {
  return bytes;
}
