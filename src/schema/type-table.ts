import type { GroupVersionKind } from '../meta/object.ts';
import data from './data/types.json' with { type: 'json' };

/**
 * What the server knows of the types of the API: fields, defaults, patch and list strategies, protobuf numbers.
 * The table is made by build/schema-data.mjs; a type is unpacked when it is first asked for.
 */

/** Types that have no fields that the table describes. */
export type Scalar =
  | 'string'
  | 'int32'
  | 'int64'
  | 'double'
  | 'boolean'
  /** base64 in JSON. */
  | 'bytes'
  | 'time'
  | 'microTime'
  /** metav1.Duration, `1h0m0s`. */
  | 'duration'
  | 'quantity'
  | 'intOrString'
  /** The set of fields of managedFields: an object, opaque. */
  | 'fieldsV1'
  /** Any object, opaque. */
  | 'rawExtension'
  /** Any JSON value. */
  | 'json'
  | 'schemaOrArray'
  | 'schemaOrBool'
  | 'schemaOrStrings';

export type TypeNode = ScalarNode | StructNode | ListNode | MapNode;

interface GoTyped {
  /** The type as Go prints it in error messages: `v1.PodSpec`, `[]string`. */
  goType: string;
}
export interface ScalarNode extends GoTyped {
  kind: 'scalar';
  scalar: Scalar;
}
export interface ListNode extends GoTyped {
  kind: 'list';
  items: TypeNode;
}
export interface MapNode extends GoTyped {
  kind: 'map';
  values: TypeNode;
}
/** A type with fields; `type` unpacks it on first use, since types may hold themselves. */
export interface StructNode extends GoTyped {
  kind: 'struct';
  name: string;
  readonly type: TypeDefinition;
}

export interface Field {
  name: string;
  node: TypeNode;
  required: boolean;
  /** As OpenAPI says it; zero values stand here too. */
  default: unknown;
  hasDefault: boolean;
  enum: readonly string[] | undefined;
  /** `merge`, `replace`, `retainKeys`, or several, as they are tagged. */
  patchStrategy: readonly string[];
  patchMergeKey: string | undefined;
  listType: 'atomic' | 'set' | 'map' | undefined;
  listMapKeys: readonly string[] | undefined;
  mapType: 'atomic' | 'granular' | undefined;
  /** Go leaves the field out when it is empty; never true of what a struct that is no pointer holds. */
  omitEmpty: boolean;
  omitZero: boolean;
  /** Absent and zero are two things. */
  pointer: boolean;
  /** Protobuf field number; 0 where protobuf has none (kind, apiVersion). */
  pb: number;
  /** Numbers of the embedded messages around it in protobuf, outermost first. */
  pbWay: readonly number[];
  /** Names of the embedded Go structs around it, outermost first; they stand in error messages. */
  goWay: readonly string[];
  /** A list that is a message of its own in protobuf (`ExtraValue`, `Verbs`), itself or as the value of a map. */
  pbWrapped: boolean;
}

export interface Union {
  /** Empty where the union has none. */
  discriminator: string;
  /** Field name → value of the discriminator. */
  fields: Readonly<Record<string, string>>;
}

export interface TypeDefinition {
  /** `core/v1.PodSpec`. */
  name: string;
  /** `PodSpec`: the Go struct's name. */
  goName: string;
  /** In the order in which Go writes them. */
  fields: readonly Field[];
  byName: ReadonlyMap<string, Field>;
  /** The kinds that the type is, the first being its own. */
  kinds: readonly GroupVersionKind[];
  /** `atomic` where apply owns the struct as a whole. */
  mapType: 'atomic' | 'granular' | undefined;
  unions: readonly Union[];
  /** False for the types that no OpenAPI document shows. */
  published: boolean;
  /** The type as a node, for walks that start here. */
  node: StructNode;
}

type RawType = string | [RawType] | { '*': RawType };
type RawMore = {
  d?: unknown;
  e?: string[];
  s?: string;
  m?: string;
  l?: string;
  k?: string[];
  a?: string;
  g?: string;
  i?: string[];
};
type RawField = [RawType, (number | number[])?, string?, RawMore?];
interface RawDefinition {
  f: Record<string, RawField>;
  k?: [string, string, string][];
  a?: string;
  u?: [string, Record<string, string>][];
  x?: 1;
}

const GO_NAMES: Partial<Record<Scalar, string>> = {
  boolean: 'bool',
  double: 'float64',
  bytes: '[]uint8',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  duration: 'v1.Duration',
  fieldsV1: 'v1.FieldsV1',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  rawExtension: 'runtime.RawExtension',
  json: 'v1.JSON',
  schemaOrArray: 'v1.JSONSchemaPropsOrArray',
  schemaOrBool: 'v1.JSONSchemaPropsOrBool',
  schemaOrStrings: 'v1.JSONSchemaPropsOrStringArray',
};

export class TypeTable {
  readonly #raw: Readonly<Record<string, RawDefinition>>;
  readonly #types = new Map<string, TypeDefinition>();
  readonly #scalars = new Map<string, ScalarNode>();
  #kinds: Map<string, string> | undefined;

  constructor(raw: unknown) {
    this.#raw = raw as Readonly<Record<string, RawDefinition>>;
  }

  /** The type of a name such as `core/v1.PodSpec`; throws where there is none, for names come from the program. */
  type(name: string): TypeDefinition {
    const type = this.find(name);
    if (!type) throw new Error(`no type ${name}`);
    return type;
  }

  /** The type of a name, or undefined. */
  find(name: string): TypeDefinition | undefined {
    const known = this.#types.get(name);
    if (known) return known;
    if (!Object.hasOwn(this.#raw, name)) return undefined;
    const type = this.#unpack(name, this.#raw[name]!);
    this.#types.set(name, type);
    return type;
  }

  /** The type that a kind has, or undefined where no built-in kind is called so. */
  kind(gvk: GroupVersionKind): TypeDefinition | undefined {
    const name = this.nameOfKind(gvk);
    return name === undefined ? undefined : this.find(name);
  }

  /** The name of a kind's type; unlike `kind` it unpacks nothing. */
  nameOfKind(gvk: GroupVersionKind): string | undefined {
    this.#kinds ??= this.#indexKinds();
    return this.#kinds.get(`${gvk.group}/${gvk.version}/${gvk.kind}`);
  }

  /** Every kind of the table. */
  allKinds(): GroupVersionKind[] {
    return Object.values(this.#raw).flatMap((raw) =>
      (raw.k ?? []).map(([group, version, kind]) => ({ group, version, kind })),
    );
  }

  /** Every type's name, in the table's order. */
  names(): string[] {
    return Object.keys(this.#raw);
  }

  #indexKinds(): Map<string, string> {
    const kinds = new Map<string, string>();
    for (const name in this.#raw) {
      for (const [group, version, kind] of this.#raw[name]!.k ?? []) {
        const key = `${group}/${version}/${kind}`;
        // A type that is a kind of every group (DeleteOptions) comes after the one that is called so.
        if (!kinds.has(key)) kinds.set(key, name);
      }
    }
    return kinds;
  }

  #unpack(name: string, raw: RawDefinition): TypeDefinition {
    const fields = Object.keys(raw.f).map((field) => this.#field(field, raw.f[field]!));
    return {
      name,
      goName: name.slice(name.lastIndexOf('.') + 1),
      fields,
      byName: new Map(fields.map((field) => [field.name, field])),
      kinds: (raw.k ?? []).map(([group, version, kind]) => ({ group, version, kind })),
      mapType: raw.a as 'atomic' | undefined,
      unions: (raw.u ?? []).map(([discriminator, members]) => ({ discriminator, fields: members })),
      published: raw.x === undefined,
      node: this.#struct(name),
    };
  }

  #field(name: string, [type, pb = 0, flags = '', more = {}]: RawField): Field {
    const way = Array.isArray(pb) ? pb : [pb];
    return {
      name,
      node: this.#node(type, more.g),
      required: flags.includes('r'),
      default: more.d,
      hasDefault: 'd' in more,
      enum: more.e,
      patchStrategy: more.s ? more.s.split(',') : [],
      patchMergeKey: more.m,
      listType: more.l as 'atomic' | undefined,
      listMapKeys: more.k,
      mapType: more.a as 'atomic' | undefined,
      omitEmpty: flags.includes('o'),
      omitZero: flags.includes('z'),
      pointer: flags.includes('p'),
      pb: way[way.length - 1]!,
      pbWay: way.slice(0, -1),
      goWay: more.i ?? [],
      pbWrapped: flags.includes('w'),
    };
  }

  #node(type: RawType, goType: string | undefined): TypeNode {
    if (Array.isArray(type)) {
      const items = this.#node(type[0], goType?.startsWith('[]') ? goType.slice(2) : undefined);
      return { kind: 'list', items, goType: goType ?? `[]${items.goType}` };
    }
    if (typeof type === 'object') {
      const values = this.#node(
        type['*'],
        goType?.startsWith('map[') ? goType.slice(goType.indexOf(']') + 1) : undefined,
      );
      return { kind: 'map', values, goType: goType ?? `map[string]${values.goType}` };
    }
    if (type.startsWith('=')) return this.#struct(type.slice(1));
    const scalar = type as Scalar;
    const printed = goType ?? GO_NAMES[scalar] ?? scalar;
    const key = `${scalar} ${printed}`;
    let node = this.#scalars.get(key);
    if (!node) {
      node = { kind: 'scalar', scalar, goType: printed };
      this.#scalars.set(key, node);
    }
    return node;
  }

  #struct(name: string): StructNode {
    const table = this;
    let unpacked: TypeDefinition | undefined;
    return {
      kind: 'struct',
      name,
      goType: name.slice(name.lastIndexOf('/') + 1),
      get type() {
        unpacked ??= table.type(name);
        return unpacked;
      },
    };
  }
}

/** The types of Kubernetes v1.36. */
export const typeTable = new TypeTable(data);
