import type { KubeObject } from '../meta/object.ts';
import { StatusError } from '../meta/status.ts';
import { encodeProtobuf as encode, watchEventFrame } from '../schema/protobuf/envelope.ts';
import { emitYaml } from '../schema/yaml/emit.ts';

/** YAML as sigs.k8s.io/yaml writes it: keys in order, long texts folded. */
export function encodeYaml(object: unknown): string {
  return emitYaml(object);
}

/** An object in its protobuf envelope; 406 for kinds without a protobuf form: Tables and custom resources. */
export function encodeProtobuf(object: Record<string, unknown>): Uint8Array {
  const bytes = encode(object);
  if (!bytes)
    throw new StatusError({
      code: 406,
      reason: 'NotAcceptable',
      message: `object ${goTypeOf(object)} does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message`,
    });
  return bytes;
}

function goTypeOf({ kind, items }: Record<string, unknown>): string {
  if (kind === 'Table') return '*v1.Table';
  return Array.isArray(items) ? '*unstructured.UnstructuredList' : '*unstructured.Unstructured';
}

export function encodeWatchFrame(type: string, object: KubeObject): Uint8Array {
  return watchEventFrame(type, Buffer.from(encodeProtobuf(object)));
}
