import type {
  Field,
  MapNode,
  ScalarNode,
  Scalar as TableScalar,
  TypeDefinition,
  TypeNode,
  TypeTable,
} from '../type-table.ts';
import { typeTable } from '../type-table.ts';
import {
  ATOMIC,
  blankNode,
  DEDUCED,
  type ListShape,
  type Scalar,
  type SchemaField,
  type SchemaNode,
} from './schema-node.ts';

/** Types that apply takes for one scalar, whatever they hold: kube-openapi's pkg/schemaconv names them so. */
const SCALARS: Partial<Record<TableScalar, Scalar>> = {
  string: 'string',
  bytes: 'string',
  duration: 'string',
  int32: 'numeric',
  int64: 'numeric',
  double: 'numeric',
  boolean: 'boolean',
  time: 'untyped',
  microTime: 'untyped',
  quantity: 'untyped',
  intOrString: 'untyped',
  rawExtension: 'untyped',
};

/** Makes merge schemas of the type table's types; each is made once, when it is first asked for. */
export class TypeTableSchemas {
  private readonly nodes = new Map<string, SchemaNode>();
  private readonly table: TypeTable;

  constructor(table: TypeTable) {
    this.table = table;
  }

  /** The schema of a type such as `core/v1.Pod`; throws where there is none. */
  type(name: string): SchemaNode {
    return this.struct(this.table.type(name), undefined);
  }

  private struct(type: TypeDefinition, relation: 'atomic' | 'granular' | undefined): SchemaNode {
    const id = relation ? `${type.name} ${relation}` : type.name;
    const known = this.nodes.get(id);
    if (known) return known;
    const node = blankNode(type.goName);
    // Known before it is filled: types may hold themselves.
    this.nodes.set(id, node);
    const fields = type.fields.map((field) => [field.name, this.field(field)] as const);
    node.map = {
      fields: fields.length ? new Map(fields) : undefined,
      element: fields.length ? undefined : DEDUCED,
      atomic: (relation ?? type.mapType) === 'atomic',
    };
    return node;
  }

  private field(field: Field): SchemaField {
    return {
      name: field.name,
      element: `f:${field.name}`,
      node: this.node(field.node, field),
      default: field.hasDefault ? field.default : undefined,
      zero: zeroOf(field),
      patchStrategies: field.patchStrategy,
      patchMergeKey: field.patchMergeKey ?? '',
    };
  }

  private node(of: TypeNode, field: Field | undefined): SchemaNode {
    switch (of.kind) {
      case 'struct':
        return this.struct(of.type, field?.mapType);
      case 'list':
        return { ...blankNode(), list: this.list(this.node(of.items, undefined), field) };
      case 'map':
        return this.map(of, field);
      default:
        return this.scalar(of);
    }
  }

  private map(of: MapNode, field: Field | undefined): SchemaNode {
    const map = {
      fields: undefined,
      element: this.node(of.values, undefined),
      atomic: field?.mapType === 'atomic',
    };
    return { ...blankNode(), map };
  }

  private list(element: SchemaNode, field: Field | undefined): ListShape {
    if (field?.listType === 'map') return { element, relation: 'map', keys: field.listMapKeys ?? [] };
    if (field?.listType === 'set') return { element, relation: 'set', keys: [] };
    // Lists that state no type tell it by their patch strategy.
    if (field && field.listType === undefined && field.patchStrategy.includes('merge')) {
      return field.patchMergeKey
        ? { element, relation: 'map', keys: [field.patchMergeKey] }
        : { element, relation: 'set', keys: [] };
    }
    return { element, relation: 'atomic', keys: [] };
  }

  private scalar({ scalar, goType }: ScalarNode): SchemaNode {
    const id = `${scalar} ${goType}`;
    const known = this.nodes.get(id);
    if (known) return known;
    const node = blankNode(goType.slice(goType.lastIndexOf('.') + 1));
    const simple = SCALARS[scalar];
    if (simple) node.scalar = simple;
    else {
      node.map = { fields: undefined, element: DEDUCED, atomic: false };
      if (scalar !== 'fieldsV1') {
        node.scalar = 'untyped';
        node.list = { element: ATOMIC, relation: 'atomic', keys: [] };
      }
    }
    this.nodes.set(id, node);
    return node;
  }
}

/** Schemas of the server's own types. */
export const builtinSchemas = new TypeTableSchemas(typeTable);

const ZEROES: Partial<Record<TableScalar, unknown>> = {
  string: '',
  duration: '0s',
  int32: 0,
  int64: 0,
  double: 0,
  boolean: false,
  intOrString: 0,
  quantity: '0',
};

/**
 * What Go's zero value of a struct shows of the field when it is written: structs that are no pointers always, other
 * fields only where they may not be left out. Decides which parents a creation owns.
 */
function zeroOf(field: Field): unknown {
  if (field.omitZero) return undefined;
  if (!field.pointer && field.node.kind === 'struct') return zeroStruct(field.node.type);
  if (field.omitEmpty) return undefined;
  if (field.pointer || field.node.kind !== 'scalar') return null;
  return ZEROES[field.node.scalar] ?? null;
}

function zeroStruct(type: TypeDefinition): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of type.fields) {
    const zero = zeroOf(field);
    if (zero !== undefined) out[field.name] = zero;
  }
  return out;
}

/** An object of a built-in type before anything is set (the API machinery's `New` of the kind), as JSON. */
export function emptyObject(type: SchemaNode): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of type.map?.fields?.values() ?? [])
    if (field.zero !== undefined) out[field.name] = field.zero;
  return out;
}
