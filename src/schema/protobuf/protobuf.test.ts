import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalize } from '../normalize.ts';
import { type TypeDefinition, type TypeNode, typeTable } from '../type-table.ts';
import { decodeProtobuf, encodeAs, encodeProtobuf, openEnvelope, watchEventFrame } from './envelope.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const ascii = (text: string): string => Buffer.from(text).toString('hex');

/** The message alone, without its envelope. */
function message(object: Record<string, unknown>): Buffer {
  const opened = openEnvelope(encodeProtobuf(object)!);
  if (!opened.ok) throw new Error(opened.error);
  return opened.envelope.raw!;
}

describe('bytes on the wire', () => {
  it('wraps a message in its envelope', () => {
    const bytes = encodeProtobuf({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'a' },
      data: { k: 'v' },
    })!;
    // k8s\0, TypeMeta {apiVersion, kind}, raw {metadata, data}, contentEncoding, contentType
    const meta = `0a01${ascii('a')} 1200 1a00 2200 2a00 3200 3800 4200`;
    const data = `0a01${ascii('k')} 1201${ascii('v')}`;
    expect(bytes.toString('hex')).toBe(
      hex(
        `6b387300 0a0f 0a02${ascii('v1')} 1209${ascii('ConfigMap')} 121b 0a11 ${meta} 1206 ${data} 1a00 2200`,
      ).toString('hex'),
    );
  });

  it('writes times, quantities, either-ors and negative numbers', () => {
    const service = message({
      kind: 'Service',
      apiVersion: 'v1',
      spec: { ports: [{ port: -1, targetPort: 'http' }] },
    });
    // ports: name, protocol, port, targetPort {type 1, intVal, strVal}, nodePort
    expect(service.toString('hex')).toContain(
      hex(`0a00 1200 18ffffffffffffffffff01 220a 0801 1000 1a04${ascii('http')} 2800`).toString('hex'),
    );
    const claim = message({
      kind: 'PersistentVolumeClaim',
      apiVersion: 'v1',
      spec: { resources: { requests: { storage: '1Gi' } } },
    });
    expect(claim.toString('hex')).toContain(
      hex(`0a07${ascii('storage')} 1205 0a03${ascii('1Gi')}`).toString('hex'),
    );
    const pod = message({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { deletionTimestamp: '1970-01-01T00:01:00Z' },
    });
    expect(pod.toString('hex')).toContain(hex('4a04 083c 1000').toString('hex'));
  });

  it('puts embedded structs into messages of their own, and named lists too', () => {
    const pod = message({ kind: 'Pod', apiVersion: 'v1', spec: { volumes: [{ name: 'v', emptyDir: {} }] } });
    expect(pod.toString('hex')).toContain(hex(`0a01${ascii('v')} 1204 1202 0a00`).toString('hex'));
    const review = message({
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      status: { user: { extra: { k: ['a', 'b'] } } },
    });
    expect(review.toString('hex')).toContain(
      hex(`220b 0a01${ascii('k')} 1206 0a01${ascii('a')} 0a01${ascii('b')}`).toString('hex'),
    );
  });

  it('frames watch events', () => {
    const object = encodeProtobuf({ kind: 'ConfigMap', apiVersion: 'v1' })!;
    const frame = watchEventFrame('ADDED', object);
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4, 11).toString('hex')).toBe(hex(`0a05${ascii('ADDED')}`).toString('hex'));
    expect(frame.subarray(frame.length - object.length)).toEqual(object);
  });

  it('has none for custom resources', () => {
    expect(encodeProtobuf({ kind: 'Gizmo', apiVersion: 'example.com/v1' })).toBeUndefined();
  });
});

describe('bytes that are bad', () => {
  it.each([
    ['', 'empty data'],
    ['7b7d', 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]'],
    ['6b387300', 'empty body'],
    ['6b3873000aff', 'unexpected EOF'],
    ['6b3873000f', 'proto: illegal wireType 7'],
  ])('%s', (bytes, error) => {
    expect(openEnvelope(hex(bytes))).toEqual({ ok: false, error });
  });

  it('of a wrong type name the field', () => {
    expect(decodeProtobuf(hex('0a0208 01'), typeTable.type('core/v1.ConfigMap'))).toEqual({
      ok: false,
      error: 'proto: wrong wireType = 1 for field Name'.replace('= 1', '= 0'),
    });
  });

  it('never break anything but themselves', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = decodeProtobuf(Buffer.from(bytes), typeTable.type('core/v1.Pod'));
        expect(typeof decoded.ok).toBe('boolean');
      }),
      { numRuns: 300 },
    );
  });
});

/** Values of a type, a few levels deep. */
function valuesOf(node: TypeNode, depth: number): fc.Arbitrary<unknown> {
  switch (node.kind) {
    case 'struct':
      return structsOf(node.type, depth - 1);
    case 'list':
      return fc.array(valuesOf(node.items, depth - 1), { minLength: 1, maxLength: 2 });
    case 'map':
      return fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), valuesOf(node.values, depth - 1), {
        minKeys: 1,
        maxKeys: 2,
      });
  }
  switch (node.scalar) {
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 8 });
    case 'int32':
      return fc.integer();
    case 'int64':
      return fc.maxSafeInteger();
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n));
    case 'boolean':
      return fc.boolean();
    case 'bytes':
      return fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    case 'time':
      return fc.integer({ min: 0, max: 4e9 }).map((s) => `${new Date(s * 1000).toISOString().slice(0, 19)}Z`);
    case 'microTime':
      return fc
        .integer({ min: 0, max: 4e9 })
        .map((s) => `${new Date(s * 1000).toISOString().slice(0, 19)}.123456Z`);
    case 'duration':
      return fc.constantFrom('0s', '1h0m0s', '1.5s');
    case 'quantity':
      return fc.constantFrom('0', '1', '100m', '1Gi', '12e6');
    case 'intOrString':
      return fc.oneof(fc.integer(), fc.constantFrom('http', '25%'));
    case 'schemaOrBool':
      return fc.boolean();
    case 'schemaOrArray':
      return fc.constantFrom<unknown>({ type: 'string' }, [{ type: 'string' }, {}]);
    case 'schemaOrStrings':
      return fc.constant(['a', 'b']);
    default:
      return fc.constant({ a: 1, b: ['x', null] });
  }
}

function structsOf(type: TypeDefinition, depth: number): fc.Arbitrary<Record<string, unknown>> {
  if (depth <= 0) return fc.constant({});
  const fields = type.fields.filter((field) => field.pb > 0);
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, valuesOf(field.node, depth)])), {
    requiredKeys: [],
  });
}

describe('every type', () => {
  const kind = { group: '', version: 'v1', kind: 'Any' };
  it.each(typeTable.names())('%s comes back as it went', (name) => {
    const type = typeTable.type(name);
    fc.assert(
      fc.property(structsOf(type, 3), (object) => {
        const opened = openEnvelope(encodeAs(object, type, kind));
        if (!opened.ok) throw new Error(opened.error);
        const decoded = decodeProtobuf(opened.envelope.raw, type);
        if (!decoded.ok) throw new Error(decoded.error);
        const before = normalize(object, type);
        expect(normalize(decoded.object, type)).toEqual(before);
      }),
      { numRuns: 4 },
    );
  });

  it('has a number for every field but kind and apiVersion', () => {
    const bare = typeTable.names().flatMap((name) =>
      typeTable
        .type(name)
        .fields.filter((field) => field.pb === 0 && field.name !== 'kind' && field.name !== 'apiVersion')
        .map((field) => `${name}.${field.name}`),
    );
    expect(bare).toEqual([]);
  });
});
