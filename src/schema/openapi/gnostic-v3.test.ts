import { describe, expect, it } from 'vitest';
import { BYTES, FIXED64, Reader, VARINT } from '../protobuf/wire.ts';
import { encodeOpenApiV3 } from './gnostic-v3.ts';

/** A message's fields by number, as they stand: parts as bytes, numbers as numbers. */
function fields(bytes: Buffer): [number, Buffer | number][] {
  const reader = new Reader(bytes);
  const out: [number, Buffer | number][] = [];
  while (!reader.done) {
    const tag = reader.varint();
    const wire = tag % 8;
    if (wire === BYTES) out.push([tag >> 3, reader.raw()]);
    else if (wire === VARINT) out.push([tag >> 3, reader.varint()]);
    else if (wire === FIXED64) out.push([tag >> 3, reader.double()]);
    else throw new Error(`wire type ${wire}`);
  }
  return out;
}

/** The part that a path of field numbers leads to; the first of several. */
function part(bytes: Buffer, ...path: number[]): Buffer {
  let here = bytes;
  for (const number of path) {
    const found = fields(here).find(([field]) => field === number);
    if (!found) throw new Error(`no field ${number}`);
    here = found[1] as Buffer;
  }
  return here;
}

const text = (bytes: Buffer, ...path: number[]): string => part(bytes, ...path).toString();

describe('OpenAPI 3 as protobuf', () => {
  const bytes = encodeOpenApiV3({
    openapi: '3.0.0',
    info: { title: 'T', version: 'v1' },
    paths: {
      '/a': {
        post: {
          operationId: 'make',
          parameters: [{ name: 'q', in: 'query', schema: { type: 'integer' } }],
          requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/A' } } } },
          responses: { '200': { description: 'OK' } },
          'x-kubernetes-action': 'post',
        },
      },
    },
    components: {
      schemas: {
        A: {
          type: 'object',
          properties: {
            s: { type: 'string', default: 'red' },
            l: { type: 'array', items: { $ref: '#/components/schemas/B' } },
          },
          additionalProperties: true,
        },
      },
      securitySchemes: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
    },
  });

  it('has the numbers of openapiv3/OpenAPIv3.proto', () => {
    expect(text(bytes, 1)).toBe('3.0.0');
    expect(text(bytes, 2, 6)).toBe('v1');
    expect(text(bytes, 4, 1, 1)).toBe('/a');
    const operation = part(bytes, 4, 1, 2, 6);
    expect(text(operation, 5)).toBe('make');
    expect(text(operation, 6, 1, 1)).toBe('q');
    expect(text(operation, 6, 1, 10, 1, 25)).toBe('integer');
    expect(text(operation, 7, 1, 2, 1, 1)).toBe('application/json');
    expect(text(operation, 7, 1, 2, 1, 2, 1, 2, 1)).toBe('#/components/schemas/A');
    expect(text(operation, 8, 2, 1)).toBe('200');
    expect(text(operation, 8, 2, 2, 1, 1)).toBe('OK');
    expect(text(operation, 13, 1)).toBe('x-kubernetes-action');
    expect(text(operation, 13, 2, 2)).toBe('"post"');
    const components = part(bytes, 5);
    expect(text(components, 1, 1, 1)).toBe('A');
    const schema = part(components, 1, 1, 2, 1);
    expect(text(schema, 25)).toBe('object');
    expect(fields(part(schema, 32))).toEqual([[2, 1]]);
    const properties = fields(part(schema, 31)).map(([, one]) => one as Buffer);
    expect(properties.map((one) => text(one, 1))).toEqual(['s', 'l']);
    expect(text(properties[0]!, 2, 1, 33, 3)).toBe('red');
    expect(text(properties[1]!, 2, 1, 30, 1, 2, 1)).toBe('#/components/schemas/B');
    expect(text(components, 7, 1, 2, 1, 3)).toBe('authorization');
  });
});
