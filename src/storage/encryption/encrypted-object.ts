import { ProtoReader, ProtoWriter } from '../protobuf-wire.ts';

/**
 * A value under envelope encryption: the data under a key of this server's making, and that key (or the seed of it) as the
 * key service encrypted it (storage/value/encrypt/envelope/kmsv2/v2/api.proto, EncryptedObject).
 */
export interface EncryptedObject {
  data: Buffer;
  keyId: string;
  encryptedSource: Buffer;
  annotations: ReadonlyMap<string, Buffer>;
  sourceType: number;
}

/** The source is the AES-GCM key itself. */
export const sourceIsKey = 0;
/** The source is a seed from which each value's key is derived. */
export const sourceIsSeed = 1;

const maxKeyId = 1024;
const maxSource = 1024;
const maxAnnotations = 32 * 1024;

export function encodeEncryptedObject(object: EncryptedObject): Buffer {
  const writer = new ProtoWriter()
    .bytes(1, object.data)
    .string(2, object.keyId)
    .bytes(3, object.encryptedSource);
  writeAnnotations(writer, 4, object.annotations);
  return writer.int(5, object.sourceType).finish();
}

/** Throws what is wrong with it. */
export function decodeEncryptedObject(bytes: Buffer): EncryptedObject {
  const annotations = new Map<string, Buffer>();
  const object: EncryptedObject = {
    data: empty,
    keyId: '',
    encryptedSource: empty,
    annotations,
    sourceType: 0,
  };
  const reader = new ProtoReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) object.data = reader.bytes();
    else if (field === 2) object.keyId = reader.string();
    else if (field === 3) object.encryptedSource = reader.bytes();
    else if (field === 4) readAnnotation(reader.bytes(), annotations);
    else if (field === 5) object.sourceType = reader.int();
    else reader.skip();
  }
  if (object.data.length === 0) throw new Error('encrypted data is empty');
  checkSource(object);
  return object;
}

/** Throws what is wrong with all but the data. */
export function checkSource(object: Omit<EncryptedObject, 'data'>): void {
  const { sourceType, encryptedSource, annotations } = object;
  if (sourceType !== sourceIsKey && sourceType !== sourceIsSeed) {
    throw new Error(`unknown encryptedDEKSourceType: ${sourceType}`);
  }
  const source = 'failed to validate encrypted DEK source: encrypted DEK source is';
  if (encryptedSource.length === 0) throw new Error(`${source} empty`);
  if (encryptedSource.length > maxSource) {
    throw new Error(`${source} ${encryptedSource.length} bytes, which exceeds the max size of ${maxSource}`);
  }
  const fault = keyIdFault(object.keyId);
  if (fault) throw new Error(`failed to validate key id: ${fault}`);
  let size = 0;
  for (const [name, value] of annotations) {
    size += Buffer.byteLength(name) + value.length;
    if (!domainName.test(name)) {
      throw new Error(
        `failed to validate annotations: annotations: Invalid value: ${JSON.stringify(name)}: should be a domain with at least two segments separated by dots`,
      );
    }
  }
  if (size > maxAnnotations) {
    throw new Error(
      `failed to validate annotations: total size of annotations is ${size}, which exceeds the max size of ${maxAnnotations}`,
    );
  }
}

const domainName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\.?$/;

export function keyIdFault(keyId: string): string | undefined {
  const size = Buffer.byteLength(keyId);
  if (size === 0) return 'keyID is empty';
  return size > maxKeyId ? `keyID is ${size} bytes, which exceeds the max size of ${maxKeyId}` : undefined;
}

/** A protobuf map: a message of key and value for each entry. */
export function writeAnnotations(
  writer: ProtoWriter,
  field: number,
  annotations: ReadonlyMap<string, Buffer>,
): void {
  for (const [name, value] of annotations)
    writer.message(field, new ProtoWriter().string(1, name).bytes(2, value));
}

export function readAnnotation(entry: Buffer, annotations: Map<string, Buffer>): void {
  let name = '';
  let value: Buffer = empty;
  const reader = new ProtoReader(entry);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.string();
    else if (field === 2) value = reader.bytes();
    else reader.skip();
  }
  annotations.set(name, value);
}

const empty = Buffer.alloc(0);
