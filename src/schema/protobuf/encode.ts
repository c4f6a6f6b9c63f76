import { parseDuration } from '../../meta/duration.ts';
import { type GoTime, parseMicroTime, parseTime } from '../../meta/go-time.ts';
import { type Scalar, type TypeDefinition, type TypeNode, typeTable } from '../type-table.ts';
import { type MessagePlan, planOf } from './plan.ts';
import { BYTES, FIXED64, VARINT, type Writer } from './wire.ts';

/**
 * Objects into protobuf messages as gogo-generated code writes them: fields ascending, values that are no pointers
 * always, maps as sorted entries.
 */

/** Writes the fields of an object, last first, without a tag around them. */
export function writeMessage(writer: Writer, object: Record<string, unknown>, type: TypeDefinition): void {
  writePlan(writer, object, planOf(type));
}

function writePlan(writer: Writer, object: Record<string, unknown>, plan: MessagePlan): void {
  for (let i = plan.entries.length - 1; i >= 0; i--) {
    const { number, field, embedded } = plan.entries[i]!;
    if (embedded) {
      const before = writer.written;
      writePlan(writer, object, embedded);
      writer.close(number, before);
    } else writeField(writer, number, object[field.name], field.node, field.pointer, field.pbWrapped);
  }
}

function writeField(
  writer: Writer,
  number: number,
  value: unknown,
  node: TypeNode,
  pointer: boolean,
  wrapped: boolean,
): void {
  const absent = value === undefined || value === null;
  switch (node.kind) {
    case 'list':
      if (absent) return;
      if (wrapped) writeWrapped(writer, number, value as unknown[], node.items);
      else writeItems(writer, number, value as unknown[], node.items);
      return;
    case 'map':
      if (!absent) writeMap(writer, number, value as Record<string, unknown>, node.values, wrapped);
      return;
    case 'struct': {
      if (absent && pointer) return;
      const before = writer.written;
      writePlan(writer, (value ?? {}) as Record<string, unknown>, planOf(node.type));
      writer.close(number, before);
      return;
    }
  }
  if (absent && (pointer || OPTIONAL.has(node.scalar))) return;
  writeScalar(writer, number, absent ? undefined : value, node.scalar);
}

/** Slices of bytes inside: nil is left out. */
const OPTIONAL: ReadonlySet<Scalar> = new Set(['bytes']);

function writeItems(writer: Writer, number: number, items: unknown[], node: TypeNode): void {
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i];
    if (node.kind === 'scalar') writeScalar(writer, number, item, node.scalar);
    else writeField(writer, number, item ?? {}, node, false, false);
  }
}

/** A named list is a message that holds the items as its field 1. */
function writeWrapped(writer: Writer, number: number, items: unknown[], node: TypeNode): void {
  const before = writer.written;
  writeItems(writer, 1, items, node);
  writer.close(number, before);
}

function writeMap(
  writer: Writer,
  number: number,
  map: Record<string, unknown>,
  values: TypeNode,
  wrapped: boolean,
): void {
  const keys = Object.keys(map).sort();
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i]!;
    const before = writer.written;
    if (wrapped && values.kind === 'list')
      writeWrapped(writer, 2, (map[key] ?? []) as unknown[], values.items);
    else if (values.kind === 'scalar') writeScalar(writer, 2, map[key], values.scalar);
    else writeField(writer, 2, map[key] ?? {}, values, false, false);
    writer.text(key);
    writer.varint(Buffer.byteLength(key, 'utf8'));
    writer.tag(1, BYTES);
    writer.close(number, before);
  }
}

function writeScalar(writer: Writer, number: number, value: unknown, scalar: Scalar): void {
  switch (scalar) {
    case 'int32':
    case 'int64':
      writer.varint((value as number) ?? 0);
      writer.tag(number, VARINT);
      return;
    case 'boolean':
      writer.varint(value === true ? 1 : 0);
      writer.tag(number, VARINT);
      return;
    case 'double':
      writer.double((value as number) ?? 0);
      writer.tag(number, FIXED64);
      return;
  }
  const before = writer.written;
  writeBytes(writer, value, scalar);
  writer.close(number, before);
}

function writeBytes(writer: Writer, value: unknown, scalar: Scalar): void {
  switch (scalar) {
    case 'string':
      writer.text((value as string) ?? '');
      return;
    case 'bytes':
      writer.bytes(Buffer.from((value as string) ?? '', 'base64'));
      return;
    case 'quantity':
      writeText(writer, 1, value === undefined ? '0' : String(value));
      return;
    case 'time':
    case 'microTime':
      writeTime(writer, value as string | null | undefined, scalar);
      return;
    case 'duration':
      writeInteger(writer, 1, Number(nanoseconds(value as string)));
      return;
    case 'intOrString': {
      const text = typeof value === 'string';
      writeText(writer, 3, text ? value : '');
      writeInteger(writer, 2, text ? 0 : ((value as number) ?? 0));
      writeInteger(writer, 1, text ? 1 : 0);
      return;
    }
    case 'fieldsV1':
    case 'rawExtension':
    case 'json':
      if (value === undefined) return;
      writeText(writer, 1, JSON.stringify(value));
      return;
    default:
      writeSchemaUnion(writer, value, scalar);
  }
}

/** The fields of a JSON schema that may be of several kinds: `items`, `additionalProperties`, `dependencies`. */
function writeSchemaUnion(writer: Writer, value: unknown, scalar: Scalar): void {
  const schema = typeTable.type('apiextensions/v1.JSONSchemaProps').node;
  if (Array.isArray(value)) {
    if (scalar === 'schemaOrStrings')
      for (let i = value.length - 1; i >= 0; i--) writeText(writer, 2, String(value[i]));
    else writeItems(writer, 2, value, schema);
    return;
  }
  const isSchema = value !== null && typeof value === 'object';
  if (isSchema) writeField(writer, scalar === 'schemaOrBool' ? 2 : 1, value, schema, true, false);
  if (scalar === 'schemaOrBool') {
    writer.varint(isSchema || value === true ? 1 : 0);
    writer.tag(1, VARINT);
  }
}

function writeTime(writer: Writer, value: string | null | undefined, scalar: 'time' | 'microTime'): void {
  if (value === undefined || value === null) return;
  const time: GoTime | string = scalar === 'time' ? parseTime(value) : parseMicroTime(value);
  if (typeof time === 'string') return;
  writeInteger(writer, 2, scalar === 'time' ? 0 : time.nanos - (time.nanos % 1000));
  writeInteger(writer, 1, time.seconds);
}

function nanoseconds(text: string | undefined): bigint {
  const parsed = parseDuration(text ?? '0');
  return typeof parsed === 'bigint' ? parsed : 0n;
}

function writeText(writer: Writer, number: number, text: string): void {
  const before = writer.written;
  writer.text(text);
  writer.close(number, before);
}

function writeInteger(writer: Writer, number: number, value: number): void {
  writer.varint(value);
  writer.tag(number, VARINT);
}
