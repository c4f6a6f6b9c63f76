import type { KubeObject } from '../meta/object.ts';
import { encodeProtobuf as encode, watchEventFrame } from '../schema/protobuf/envelope.ts';
import { emitYaml } from '../schema/yaml/emit.ts';
import { MEDIA_TYPES, notAcceptableError } from './negotiation.ts';

/** YAML as sigs.k8s.io/yaml writes it: keys in order, long texts folded. */
export function encodeYaml(object: unknown): string {
  return emitYaml(object);
}

/** An object in its protobuf envelope; 406 for kinds without a protobuf form. */
export function encodeProtobuf(object: Record<string, unknown>): Uint8Array {
  const bytes = encode(object);
  if (!bytes) throw notAcceptableError(MEDIA_TYPES.filter((type) => !type.includes('protobuf')));
  return bytes;
}

export function encodeWatchFrame(type: string, object: KubeObject): Uint8Array {
  return watchEventFrame(type, Buffer.from(encodeProtobuf(object)));
}
