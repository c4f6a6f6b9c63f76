import { type GroupVersionKind, groupVersion, parseGroupVersion } from '../../meta/object.ts';
import { type TypeDefinition, typeTable } from '../type-table.ts';
import { readMessage } from './decode.ts';
import { writeMessage } from './encode.ts';
import { BYTES, ProtobufError, Reader, Writer } from './wire.ts';

/** Objects as `application/vnd.kubernetes.protobuf`: `k8s\0`, then runtime.Unknown around the message. */

const PREFIX = Buffer.from('k8s\0', 'latin1');

export interface Envelope {
  /** Empty where the sender names none. */
  apiVersion: string;
  kind: string;
  /** The message without its envelope; undefined where it was absent. */
  raw: Buffer | undefined;
}

/** Opens the envelope of a body; errors in kube-apiserver's words. */
export function openEnvelope(body: Buffer): { ok: true; envelope: Envelope } | { ok: false; error: string } {
  if (body.length === 0) return { ok: false, error: 'empty data' };
  if (body.length < 4 || PREFIX.compare(body, 0, 4) !== 0) {
    return {
      ok: false,
      error: 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    };
  }
  if (body.length === 4) return { ok: false, error: 'empty body' };
  const envelope: Envelope = { apiVersion: '', kind: '', raw: undefined };
  return guarded(() => {
    const reader = new Reader(body, 4);
    while (!reader.done) {
      const wire = reader.varint();
      if (wire === 10) readTypeMeta(reader.part(), envelope);
      else if (wire === 18) envelope.raw = reader.raw();
      else reader.skip(wire % 8);
    }
    return { ok: true, envelope };
  });
}

/** Decodes a message of a type; errors in gogo's words. */
export function decodeProtobuf(
  raw: Buffer | undefined,
  type: TypeDefinition,
): { ok: true; object: Record<string, unknown> } | { ok: false; error: string } {
  return guarded(() => ({ ok: true, object: raw ? readMessage(new Reader(raw), type) : {} }));
}

/**
 * An object with kind and apiVersion as a body. undefined where its kind has no protobuf form (custom resources,
 * Tables), which kube-apiserver answers with 406.
 */
export function encodeProtobuf(object: Record<string, unknown>): Buffer | undefined {
  const gv = parseGroupVersion(String(object['apiVersion'] ?? ''));
  const gvk = gv && { group: gv.group, version: gv.version, kind: String(object['kind'] ?? '') };
  const type = gvk && typeTable.kind(gvk);
  return type && encodeAs(object, type, gvk);
}

/** As `encodeProtobuf`, for an object whose type and kind are known already. */
export function encodeAs(
  object: Record<string, unknown>,
  type: TypeDefinition,
  gvk: GroupVersionKind,
): Buffer {
  const writer = new Writer();
  const text = (field: number, value: string): void => {
    const before = writer.written;
    writer.text(value);
    writer.close(field, before);
  };
  text(4, '');
  text(3, '');
  const before = writer.written;
  writeMessage(writer, object, type);
  writer.close(2, before);
  const beforeMeta = writer.written;
  text(2, gvk.kind);
  text(1, groupVersion(gvk));
  writer.close(1, beforeMeta);
  writer.bytes(PREFIX);
  return writer.finish();
}

/** One event of a protobuf watch: four bytes of length, then a bare WatchEvent around the enveloped object. */
export function watchEventFrame(type: string, object: Buffer): Buffer {
  const writer = new Writer(object.length + 64);
  const beforeRaw = writer.written;
  const beforeObject = writer.written;
  writer.bytes(object);
  writer.close(1, beforeObject);
  writer.close(2, beforeRaw);
  const before = writer.written;
  writer.text(type);
  writer.close(1, before);
  const message = writer.finish();
  const frame = Buffer.allocUnsafe(4 + message.length);
  frame.writeUInt32BE(message.length, 0);
  message.copy(frame, 4);
  return frame;
}

function readTypeMeta(reader: Reader, into: Envelope): void {
  while (!reader.done) {
    const wire = reader.varint();
    if (wire === 8 + BYTES) into.apiVersion = reader.text();
    else if (wire === 16 + BYTES) into.kind = reader.text();
    else reader.skip(wire % 8);
  }
}

function guarded<T>(read: () => T): T | { ok: false; error: string } {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof ProtobufError) return { ok: false, error: thrown.message };
    throw thrown;
  }
}
