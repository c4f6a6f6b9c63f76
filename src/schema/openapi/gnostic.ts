import { FIXED64, VARINT, Writer } from '../protobuf/wire.ts';
import type { Schema } from './schemas.ts';

/**
 * OpenAPI 2 in the protobuf form of gnostic (openapiv2/OpenAPIv2.proto), which kubectl asks for first and reads alone.
 * Only what our documents hold is written.
 */
export function encodeOpenApiV2(document: Schema): Buffer {
  const writer = new Writer(1 << 20);
  message(writer, document, DOCUMENT);
  return writer.finish();
}

/** How a JSON value is written under a field number. */
export type Put = (writer: Writer, field: number, value: unknown) => void;
/** JSON key → field number and form. Keys that begin with `x-` go to `extensions`. */
export interface Shape {
  fields: Readonly<Record<string, readonly [number, Put]>>;
  extensions?: number;
}

export function message(writer: Writer, object: Schema, shape: Shape): void {
  if (shape.extensions !== undefined) {
    for (const [key, value] of Object.entries(object).reverse()) {
      if (key.startsWith('x-')) named(any)(writer, shape.extensions, { [key]: value });
    }
  }
  for (const [key, field, put] of backwards(shape))
    if (object[key] !== undefined) put(writer, field, object[key]);
}

const orders = new WeakMap<Shape, [string, number, Put][]>();

/** A shape's fields from the last to the first, as the writer wants them. */
function backwards(shape: Shape): [string, number, Put][] {
  let order = orders.get(shape);
  if (!order) {
    order = Object.entries(shape.fields).map(([key, [field, put]]) => [key, field, put]);
    order.sort(([, a], [, b]) => b - a);
    orders.set(shape, order);
  }
  return order;
}

export const within = (writer: Writer, field: number, write: () => void): void => {
  const before = writer.written;
  write();
  writer.close(field, before);
};

export const text: Put = (writer, field, value) => within(writer, field, () => writer.text(String(value)));
export const bool: Put = (writer, field, value) => {
  if (value !== true) return;
  writer.varint(1);
  writer.tag(field, VARINT);
};
export const integer: Put = (writer, field, value) => {
  writer.varint(value as number);
  writer.tag(field, VARINT);
};
export const double: Put = (writer, field, value) => {
  writer.double(value as number);
  writer.tag(field, FIXED64);
};
/** Any JSON value, as YAML text. */
export const any: Put = (writer, field, value) =>
  within(writer, field, () => text(writer, 2, JSON.stringify(value)));

export const each =
  (put: Put): Put =>
  (writer, field, value) => {
    for (const item of (value as unknown[]).toReversed()) put(writer, field, item);
  };

export const of =
  (shape: () => Shape): Put =>
  (writer, field, value) =>
    within(writer, field, () => message(writer, value as Schema, shape()));

/** A map, as a list of messages with name and value. */
export const named =
  (put: Put): Put =>
  (writer, field, value) => {
    for (const [name, item] of Object.entries(value as Schema).reverse()) {
      within(writer, field, () => {
        put(writer, 2, item);
        text(writer, 1, name);
      });
    }
  };

/** A message that holds nothing but one field. */
export const holding =
  (inner: number, put: Put): Put =>
  (writer, field, value) =>
    within(writer, field, () => put(writer, inner, value));

const schema: Put = of(() => SCHEMA);
const additional: Put = (writer, field, value) =>
  within(writer, field, () =>
    typeof value === 'boolean' ? integer(writer, 2, value ? 1 : 0) : schema(writer, 1, value),
  );
const type: Put = (writer, field, value) =>
  within(writer, field, () => each(text)(writer, 1, [value].flat()));

const SCHEMA: Shape = {
  fields: {
    $ref: [1, text],
    format: [2, text],
    title: [3, text],
    description: [4, text],
    default: [5, any],
    multipleOf: [6, double],
    maximum: [7, double],
    exclusiveMaximum: [8, bool],
    minimum: [9, double],
    exclusiveMinimum: [10, bool],
    maxLength: [11, integer],
    minLength: [12, integer],
    pattern: [13, text],
    maxItems: [14, integer],
    minItems: [15, integer],
    uniqueItems: [16, bool],
    maxProperties: [17, integer],
    minProperties: [18, integer],
    required: [19, each(text)],
    enum: [20, each(any)],
    additionalProperties: [21, additional],
    type: [22, type],
    items: [23, holding(1, schema)],
    allOf: [24, each(schema)],
    properties: [25, holding(1, named(schema))],
    example: [30, any],
  },
  extensions: 31,
};

const QUERY: Shape = {
  fields: {
    required: [1, bool],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [6, text],
    format: [7, text],
    uniqueItems: [20, bool],
  },
};
const PATH: Shape = {
  fields: {
    required: [1, bool],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [5, text],
    format: [6, text],
    uniqueItems: [19, bool],
  },
};
const BODY: Shape = {
  fields: {
    description: [1, text],
    name: [2, text],
    in: [3, text],
    required: [4, bool],
    schema: [5, schema],
  },
};

/** ParametersItem around Parameter around one of its kinds. */
const parameter: Put = (writer, field, value) => {
  const place = (value as Schema)['in'];
  const put: Put =
    place === 'body'
      ? of(() => BODY)
      : holding(
          place === 'query' ? 3 : 4,
          of(() => (place === 'query' ? QUERY : PATH)),
        );
  within(writer, field, () => within(writer, 1, () => put(writer, place === 'body' ? 1 : 2, value)));
};

const RESPONSE: Shape = { fields: { description: [1, text], schema: [2, holding(1, schema)] } };
const responses: Put = holding(
  1,
  named(
    holding(
      1,
      of(() => RESPONSE),
    ),
  ),
);

const OPERATION: Shape = {
  fields: {
    tags: [1, each(text)],
    description: [3, text],
    operationId: [5, text],
    produces: [6, each(text)],
    consumes: [7, each(text)],
    parameters: [8, each(parameter)],
    responses: [9, responses],
    schemes: [10, each(text)],
  },
  extensions: 13,
};
const operation: Put = of(() => OPERATION);
const PATH_ITEM: Shape = {
  fields: {
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    patch: [8, operation],
    parameters: [9, each(parameter)],
  },
};
const API_KEY: Shape = {
  fields: { type: [1, text], name: [2, text], in: [3, text], description: [4, text] },
};
export const stringArray: Put = (writer, field, value) =>
  within(writer, field, () => each(text)(writer, 1, value));

const INFO: Shape = { fields: { title: [1, text], version: [2, text] } };

const DOCUMENT: Shape = {
  fields: {
    swagger: [1, text],
    info: [2, of(() => INFO)],
    paths: [8, holding(2, named(of(() => PATH_ITEM)))],
    definitions: [9, holding(1, named(schema))],
    security: [12, each(holding(1, named(stringArray)))],
    securityDefinitions: [
      13,
      holding(
        1,
        named(
          holding(
            2,
            of(() => API_KEY),
          ),
        ),
      ),
    ],
  },
};
