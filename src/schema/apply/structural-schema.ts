import type { Fields } from '../../meta/object.ts';
import {
  ATOMIC,
  blankNode,
  DEDUCED,
  type ListShape,
  type MapShape,
  type SchemaField,
  type SchemaNode,
  scalarNode,
} from './schema-node.ts';

/**
 * The merge schema of a custom resource from its version's openAPIV3Schema (kube-openapi pkg/schemaconv/openapi.go over
 * the models that apiextensions-apiserver builds).
 *
 * @param schema the structural schema; undefined for a version without one, whose objects are merged field by field
 * @param objectMeta the schema of meta.k8s.io/v1 ObjectMeta
 * @param preserveUnknownFields spec.preserveUnknownFields of the definition
 */
export function structuralSchema(
  schema: Fields | undefined,
  objectMeta: SchemaNode,
  preserveUnknownFields = false,
): SchemaNode {
  if (!schema) return DEDUCED;
  return node({ ...schema, 'x-kubernetes-embedded-resource': true }, objectMeta, preserveUnknownFields);
}

function node(schema: Fields, meta: SchemaNode, preserve: boolean): SchemaNode {
  const keep = preserve || schema['x-kubernetes-preserve-unknown-fields'] === true;
  switch (schema['type'] ?? '') {
    case 'object':
      return { ...blankNode(), map: mapShape(schema, meta, keep) };
    case 'array':
      return { ...blankNode(), list: listShape(schema, meta, keep) };
    case 'integer':
    case 'number':
      return scalarNode('numeric');
    case 'boolean':
      return scalarNode('boolean');
    case 'string':
      // Formats other than base64 have values that may be written in several ways.
      return scalarNode(
        schema['format'] === undefined || schema['format'] === '' || schema['format'] === 'byte'
          ? 'string'
          : 'untyped',
      );
    default:
      return {
        ...blankNode(),
        scalar: 'untyped',
        list: listShape(schema, meta, keep),
        map: mapShape(schema, meta, keep),
      };
  }
}

function mapShape(schema: Fields, meta: SchemaNode, preserve: boolean): MapShape {
  const fields = new Map<string, SchemaField>();
  for (const [name, property] of Object.entries((schema['properties'] ?? {}) as Record<string, Fields>)) {
    fields.set(name, field(name, node(property, meta, preserve), property['default']));
  }
  if (schema['x-kubernetes-embedded-resource'] === true) {
    fields.set('apiVersion', field('apiVersion', scalarNode('string'), undefined));
    fields.set('kind', field('kind', scalarNode('string'), undefined));
    fields.set('metadata', field('metadata', meta, undefined));
  }
  return {
    fields: fields.size ? fields : undefined,
    element: freeKeys(schema, meta, preserve, fields.size > 0),
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
  };
}

function freeKeys(
  schema: Fields,
  meta: SchemaNode,
  preserve: boolean,
  declared: boolean,
): SchemaNode | undefined {
  const additional: unknown = schema['additionalProperties'];
  if (additional === undefined || additional === null) return preserve || !declared ? DEDUCED : undefined;
  if (typeof additional === 'object') return node(additional, meta, preserve);
  return additional ? DEDUCED : undefined;
}

function listShape(schema: Fields, meta: SchemaNode, preserve: boolean): ListShape {
  const items: unknown = schema['items'];
  const element = typeof items === 'object' && items !== null ? node(items, meta, preserve) : ATOMIC;
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return { element, relation: 'set', keys: [] };
    case 'map':
      return { element, relation: 'map', keys: schema['x-kubernetes-list-map-keys'] ?? [] };
    default:
      return { element, relation: 'atomic', keys: [] };
  }
}

const field = (name: string, of: SchemaNode, value: unknown): SchemaField => ({
  name,
  element: `f:${name}`,
  node: of,
  default: value,
  zero: undefined,
  patchStrategies: [],
  patchMergeKey: '',
});
