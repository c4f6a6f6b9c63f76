import { formatDuration } from '../../meta/duration.ts';
import { formatMicroTime, formatTime } from '../../meta/go-time.ts';
import { parseQuantity } from '../../meta/quantity.ts';
import { type Field, type Scalar, type TypeDefinition, type TypeNode, typeTable } from '../type-table.ts';
import { type MessagePlan, planOf } from './plan.ts';
import { BYTES, FIXED64, ProtobufError, type Reader, VARINT } from './wire.ts';

/** Protobuf messages into objects as JSON has them; zero values that Go leaves out of JSON are left out here too. */

type Fields = Record<string, unknown>;

/** Reads a message of a type; throws ProtobufError. */
export function readMessage(reader: Reader, type: TypeDefinition): Fields {
  const object: Fields = {};
  readPlan(reader, planOf(type), type.goName, object);
  return object;
}

function readPlan(reader: Reader, plan: MessagePlan, name: string, into: Fields): void {
  while (!reader.done) {
    const wire = reader.varint();
    const number = Math.floor(wire / 8);
    const wireType = wire % 8;
    if (wireType === 4) throw new ProtobufError(`proto: ${name}: wiretype end group for non-group`);
    if (number <= 0 || number > 0x7fffffff)
      throw new ProtobufError(`proto: ${name}: illegal tag ${number} (wire type ${wire})`);
    const entry = plan.byNumber.get(number);
    if (!entry) reader.skip(wireType);
    else if (entry.embedded) {
      expect(wireType, BYTES, 'embedded');
      readPlan(reader.part(), entry.embedded, name, into);
    } else readField(reader, wireType, entry.field, into);
  }
}

function expect(wireType: number, wanted: number, name: string): void {
  if (wireType === wanted) return;
  throw new ProtobufError(
    `proto: wrong wireType = ${wireType} for field ${name.charAt(0).toUpperCase()}${name.slice(1)}`,
  );
}

function readField(reader: Reader, wireType: number, field: Field, into: Fields): void {
  const { node, name } = field;
  switch (node.kind) {
    case 'list': {
      const list = member(into, name, () => []) as unknown[];
      if (field.pbWrapped) {
        expect(wireType, BYTES, name);
        readWrapped(reader.part(), node.items, list);
      } else readItem(reader, wireType, node.items, name, list);
      return;
    }
    case 'map':
      expect(wireType, BYTES, name);
      readEntry(reader.part(), node.values, field, member(into, name, () => ({})) as Fields);
      return;
    case 'struct':
      expect(wireType, BYTES, name);
      readPlan(reader.part(), planOf(node.type), node.type.goName, member(into, name, () => ({})) as Fields);
      return;
  }
  const value = readScalar(reader, wireType, node.scalar, name);
  if (field.pointer || (value !== undefined && !(field.omitEmpty && isZero(value, node.scalar))))
    into[name] = value;
}

function member(into: Fields, name: string, make: () => unknown): unknown {
  into[name] ??= make();
  return into[name];
}

/** What `omitempty` leaves out; structs such as a quantity or an int-or-string are never empty. */
function isZero(value: unknown, scalar: Scalar): boolean {
  return value === ''
    ? scalar === 'string' || scalar === 'bytes'
    : (value === 0 && scalar !== 'intOrString') || value === false;
}

function readWrapped(reader: Reader, items: TypeNode, list: unknown[]): void {
  while (!reader.done) {
    const wire = reader.varint();
    if (Math.floor(wire / 8) === 1) readItem(reader, wire % 8, items, 'items', list);
    else reader.skip(wire % 8);
  }
}

function readItem(reader: Reader, wireType: number, node: TypeNode, name: string, list: unknown[]): void {
  if (node.kind === 'struct') {
    expect(wireType, BYTES, name);
    list.push(readMessage(reader.part(), node.type));
    return;
  }
  if (node.kind !== 'scalar') throw new ProtobufError(`proto: ${name}: no list of this kind`);
  if (
    wireType === BYTES &&
    (node.scalar === 'int32' || node.scalar === 'int64' || node.scalar === 'boolean')
  ) {
    // Packed: several numbers in one part.
    const packed = reader.part();
    while (!packed.done) list.push(readScalar(packed, VARINT, node.scalar, name));
    return;
  }
  list.push(readScalar(reader, wireType, node.scalar, name) ?? null);
}

function readEntry(reader: Reader, values: TypeNode, field: Field, map: Fields): void {
  let key = '';
  let value: unknown = values.kind === 'list' ? [] : values.kind === 'scalar' ? zero(values.scalar) : {};
  while (!reader.done) {
    const wire = reader.varint();
    const number = Math.floor(wire / 8);
    if (number === 1) key = reader.text();
    else if (number !== 2) reader.skip(wire % 8);
    else if (values.kind === 'scalar') value = readScalar(reader, wire % 8, values.scalar, field.name);
    else if (values.kind === 'list') readWrapped(reader.part(), values.items, value as unknown[]);
    else if (values.kind === 'struct') value = readMessage(reader.part(), values.type);
  }
  // `__proto__` is a key like any other.
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

function zero(scalar: Scalar): unknown {
  switch (scalar) {
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0;
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    case 'string':
    case 'bytes':
      return '';
    default:
      return null;
  }
}

/** undefined stands for a time, or raw JSON, that is not set. */
function readScalar(reader: Reader, wireType: number, scalar: Scalar, name: string): unknown {
  switch (scalar) {
    case 'int32':
    case 'int64':
      expect(wireType, VARINT, name);
      return reader.signed(scalar === 'int32' ? 32 : 64);
    case 'boolean':
      expect(wireType, VARINT, name);
      return reader.varint() !== 0;
    case 'double':
      expect(wireType, FIXED64, name);
      return reader.double();
  }
  expect(wireType, BYTES, name);
  switch (scalar) {
    case 'string':
      return reader.text();
    case 'bytes':
      return reader.raw().toString('base64');
    case 'quantity': {
      const text = String(readParts(reader.part())[1] ?? '');
      const quantity = parseQuantity(text);
      if (typeof quantity === 'string') throw new ProtobufError(quantity);
      return quantity.toString();
    }
    case 'time':
    case 'microTime': {
      const part = reader.part();
      if (part.done) return undefined;
      const { 1: seconds = 0, 2: nanos = 0 } = readParts(part) as Record<number, number>;
      if (!(seconds >= -62135596800 && seconds <= 253402300799))
        throw new ProtobufError('time is out of range');
      return scalar === 'time' ? formatTime({ seconds }) : formatMicroTime({ seconds, nanos });
    }
    case 'duration':
      return formatDuration(BigInt((readParts(reader.part())[1] as number) ?? 0));
    case 'intOrString': {
      const parts = readParts(reader.part());
      return parts[1] === 1 ? (parts[3] ?? '') : (parts[2] ?? 0);
    }
    case 'fieldsV1':
    case 'rawExtension':
    case 'json':
      return readJson(reader.part());
    default:
      return readSchemaUnion(reader.part(), scalar);
  }
}

/** The fields of a small message of numbers and texts, by number. */
function readParts(reader: Reader): Record<number, number | string> {
  const parts: Record<number, number | string> = {};
  while (!reader.done) {
    const wire = reader.varint();
    const number = Math.floor(wire / 8);
    if (wire % 8 === VARINT) parts[number] = reader.signed(64);
    else if (wire % 8 === BYTES) parts[number] = reader.text();
    else reader.skip(wire % 8);
  }
  return parts;
}

function readJson(reader: Reader): unknown {
  const text = readParts(reader)[1];
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(String(text));
  } catch {
    throw new ProtobufError('invalid JSON in a raw field');
  }
}

function readSchemaUnion(reader: Reader, scalar: Scalar): unknown {
  const type = typeTable.type('apiextensions/v1.JSONSchemaProps');
  let schema: unknown;
  let allows = false;
  const list: unknown[] = [];
  while (!reader.done) {
    const wire = reader.varint();
    const number = Math.floor(wire / 8);
    if (scalar === 'schemaOrBool') {
      if (number === 1) allows = reader.varint() !== 0;
      else if (number === 2) schema = readMessage(reader.part(), type);
      else reader.skip(wire % 8);
    } else if (number === 1) schema = readMessage(reader.part(), type);
    else if (number === 2)
      list.push(scalar === 'schemaOrStrings' ? reader.text() : readMessage(reader.part(), type));
    else reader.skip(wire % 8);
  }
  if (list.length) return list;
  return schema ?? (scalar === 'schemaOrBool' ? allows : undefined);
}
