import { Writer } from '../protobuf/wire.ts';
import {
  any,
  bool,
  double,
  each,
  holding,
  integer,
  message,
  named,
  of,
  type Put,
  type Shape,
  stringArray,
  text,
  within,
} from './gnostic.ts';
import type { Schema } from './schemas.ts';

/**
 * OpenAPI 3 in the protobuf form of gnostic (openapiv3/OpenAPIv3.proto). Only what our documents hold is written.
 */
export function encodeOpenApiV3(document: Schema): Buffer {
  const writer = new Writer(1 << 18);
  message(writer, document, DOCUMENT);
  return writer.finish();
}

/** A message that is either the thing itself or a reference to one. */
const orReference =
  (put: Put): Put =>
  (writer, field, value) =>
    within(writer, field, () => {
      const reference = (value as Schema)['$ref'];
      if (reference === undefined) put(writer, 1, value);
      else within(writer, 2, () => text(writer, 1, reference));
    });

const schema: Put = orReference(of(() => SCHEMA));

const additional: Put = (writer, field, value) =>
  within(writer, field, () =>
    typeof value === 'boolean' ? integer(writer, 2, value ? 1 : 0) : schema(writer, 1, value),
  );

/** Numbers, booleans and texts have a place; of any other default there is that it is one. */
const defaultValue: Put = (writer, field, value) =>
  within(writer, field, () => {
    if (typeof value === 'number') double(writer, 1, value);
    else if (typeof value === 'boolean') integer(writer, 2, value ? 1 : 0);
    else if (typeof value === 'string') text(writer, 3, value);
  });

const SCHEMA: Shape = {
  fields: {
    nullable: [1, bool],
    example: [7, any],
    title: [9, text],
    multipleOf: [10, double],
    maximum: [11, double],
    exclusiveMaximum: [12, bool],
    minimum: [13, double],
    exclusiveMinimum: [14, bool],
    maxLength: [15, integer],
    minLength: [16, integer],
    pattern: [17, text],
    maxItems: [18, integer],
    minItems: [19, integer],
    uniqueItems: [20, bool],
    maxProperties: [21, integer],
    minProperties: [22, integer],
    required: [23, each(text)],
    enum: [24, each(any)],
    type: [25, text],
    allOf: [26, each(schema)],
    oneOf: [27, each(schema)],
    anyOf: [28, each(schema)],
    not: [29, of(() => SCHEMA)],
    items: [30, holding(1, schema)],
    properties: [31, holding(1, named(schema))],
    additionalProperties: [32, additional],
    default: [33, defaultValue],
    description: [34, text],
    format: [35, text],
  },
  extensions: 36,
};

const MEDIA_TYPE: Shape = { fields: { schema: [1, schema] } };
const content: Put = holding(1, named(of(() => MEDIA_TYPE)));

const PARAMETER: Shape = {
  fields: {
    name: [1, text],
    in: [2, text],
    description: [3, text],
    required: [4, bool],
    schema: [10, schema],
  },
};
const parameters: Put = each(orReference(of(() => PARAMETER)));

const REQUEST_BODY: Shape = {
  fields: { description: [1, text], content: [2, content], required: [3, bool] },
};
const RESPONSE: Shape = { fields: { description: [1, text], content: [3, content] } };

const OPERATION: Shape = {
  fields: {
    tags: [1, each(text)],
    description: [3, text],
    operationId: [5, text],
    parameters: [6, parameters],
    requestBody: [7, orReference(of(() => REQUEST_BODY))],
    responses: [8, holding(2, named(orReference(of(() => RESPONSE))))],
  },
  extensions: 13,
};
const operation: Put = of(() => OPERATION);

const PATH_ITEM: Shape = {
  fields: {
    get: [4, operation],
    put: [5, operation],
    post: [6, operation],
    delete: [7, operation],
    options: [8, operation],
    head: [9, operation],
    patch: [10, operation],
    parameters: [13, parameters],
  },
};

const SECURITY_SCHEME: Shape = {
  fields: { type: [1, text], description: [2, text], name: [3, text], in: [4, text], scheme: [5, text] },
};
const COMPONENTS: Shape = {
  fields: {
    schemas: [1, holding(1, named(schema))],
    securitySchemes: [7, holding(1, named(orReference(of(() => SECURITY_SCHEME))))],
  },
};

const INFO: Shape = { fields: { title: [1, text], version: [6, text] } };

const DOCUMENT: Shape = {
  fields: {
    openapi: [1, text],
    info: [2, of(() => INFO)],
    paths: [4, holding(1, named(of(() => PATH_ITEM)))],
    components: [5, of(() => COMPONENTS)],
    security: [6, each(holding(1, named(stringArray)))],
  },
};
