import { type GroupVersionKind, groupVersion, type KubeObject } from '../meta/object.ts';
import { applyTableDefaults, normalizerOf } from '../schema/defaults.ts';
import { decodeProtobuf, openEnvelope } from '../schema/protobuf/envelope.ts';
import { typeTable } from '../schema/type-table.ts';

/** The first of `k8s\0`; JSON begins with a brace. */
const ENVELOPE = 0x6b;

/**
 * Reads what a kube-apiserver has stored of a built-in kind as protobuf, with the defaults that reading sets. Answers
 * undefined for JSON, which needs no decoding. Throws what is wrong with the value; nothing of it stands in the message.
 */
export function storedObjectDecoder(
  gvk: GroupVersionKind,
  defaults: (object: KubeObject) => void,
): (value: Uint8Array, key: string) => KubeObject | undefined {
  return (value) => {
    if (value[0] !== ENVELOPE) return undefined;
    const opened = openEnvelope(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    if (!opened.ok) throw new Error(opened.error);
    const { apiVersion, kind, raw } = opened.envelope;
    const expected = groupVersion(gvk);
    if (apiVersion !== expected || kind !== gvk.kind)
      throw new Error(
        `no kind ${JSON.stringify(kind)} is stored as version ${JSON.stringify(apiVersion)} here`,
      );
    const type = typeTable.kind(gvk);
    if (!type) throw new Error(`${gvk.kind} has no protobuf form`);
    const decoded = decodeProtobuf(raw, type);
    if (!decoded.ok) throw new Error(decoded.error);
    const object = { kind: gvk.kind, apiVersion: expected, metadata: {}, ...decoded.object } as KubeObject;
    normalizerOf(typeTable.nameOfKind(gvk)!)(object as never);
    applyTableDefaults(object, type);
    defaults(object);
    return object;
  };
}
