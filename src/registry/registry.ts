import type { GroupResource, GroupVersionKind, KubeObject } from '../meta/object.ts';
import type { SchemaNode } from '../schema/apply/schema-node.ts';
import type { Decoded } from '../schema/decode.ts';
import type { ResourceDescriptor, SubresourceDescriptor } from '../schema/resources.ts';
import type { ManagedFieldsWriter } from './managed-fields.ts';
import type { ResourceStore } from './resource-store.ts';
import type { ScaleMapping } from './scale.ts';
import type { Cell } from './strategy.ts';
import type { VirtualResource } from './virtual.ts';

/** A resource as another of its versions: objects are stored in one and converted on their way. */
export interface Conversion {
  /** From this version to the stored one. */
  toStored(object: KubeObject): KubeObject;
  /** From the stored version to this one. */
  fromStored(object: KubeObject): KubeObject;
}

/** What answers at `<resource>/NAME/<subresource>`. */
export type SubresourceHandler =
  /** Read and written as the whole object; the strategy says what of it counts. */
  | { as: 'object' }
  | { as: 'scale'; mapping: ScaleMapping }
  | { as: 'create'; virtual: VirtualResource }
  /** Its update is a function of its own, such as namespaces/finalize. */
  | { as: 'update'; update(object: KubeObject, existing: KubeObject): KubeObject }
  /** Needs a kubelet or a proxy behind it. */
  | { as: 'connect' };

export interface TableColumn {
  name: string;
  type: string;
  format: string;
  description: string;
  priority: number;
}

/** How a resource is shown as a Table. */
export interface ResourceTable {
  columns: readonly TableColumn[];
  /** `now` in milliseconds since 1970. */
  cells(object: KubeObject, now: number): Cell[];
}

/** One resource in one version, as it is served. */
export interface ServedResource {
  descriptor: ResourceDescriptor;
  /** Custom resources: the verbs that discovery tells of. */
  discoveryVerbs?: readonly string[];
  /** Custom resources: the kind in the version that is stored. */
  storedAs?: GroupVersionKind;
  /** Custom resources: the columns of their definition. */
  table?: ResourceTable;
  /** Absent for resources that store nothing. */
  store?: ResourceStore;
  virtual?: VirtualResource;
  subresources: ReadonlyMap<string, { descriptor: SubresourceDescriptor; handler: SubresourceHandler }>;
  /** Custom resources: an object of this version in another version of its definition. */
  convertTo?(object: KubeObject, apiVersion: string): KubeObject | Promise<KubeObject>;
  /** Absent where this is the stored version. */
  conversion?: Conversion;
  /** What bodies and patches of this version are read by. */
  scheme: KindScheme;
}

/** How objects of one kind in one version are read, patched and owned. */
export interface KindScheme {
  /** A body as an object of the kind; `expected` says which. */
  decode(body: Buffer, mediaType: string, options: { expected: GroupVersionKind; strict: boolean }): Decoded;
  /** The result of a patch as an object of the kind, with its defaults. */
  redecode(
    value: unknown,
    strict: boolean,
    /** The value was made by a strategic merge, whose faults are worded in another way. */
    merged?: boolean,
  ): { ok: true; object: KubeObject; strictErrors: readonly string[] } | { ok: false; error: string };
  /** Absent for kinds that strategic merge patches do not fit. */
  strategicMerge?: SchemaNode;
  managedFields: ManagedFieldsWriter;
}

/** Every resource this server has, looked up by what a path says. Custom resources come and go. */
export class Registry {
  readonly #served = new Map<string, ServedResource>();
  /** The same by their plurals, which need not be put together first: every request looks here. */
  readonly #byPlural = new Map<string, ServedResource[]>();
  readonly #stores = new Map<string, ResourceStore>();
  readonly #listeners = new Set<() => void>();
  #generation = 0;

  add(resource: ServedResource): void {
    const { group, version, plural } = resource.descriptor;
    this.#served.set(`${group}/${version}/${plural}`, resource);
    this.#indexPlural(plural);
    if (resource.store && !resource.conversion) this.#stores.set(`${group}/${plural}`, resource.store);
    this.#changed();
  }

  remove(group: string, version: string, plural: string): void {
    this.#served.delete(`${group}/${version}/${plural}`);
    this.#indexPlural(plural);
    if (![...this.#served.keys()].some((key) => key.startsWith(`${group}/`) && key.endsWith(`/${plural}`))) {
      this.#stores.delete(`${group}/${plural}`);
    }
    this.#changed();
  }

  /** The store that the server's own parts use, its version served or not; undefined: there is none any more. */
  setStore({ group, resource }: GroupResource, store: ResourceStore | undefined): void {
    if (store) this.#stores.set(`${group}/${resource}`, store);
    else this.#stores.delete(`${group}/${resource}`);
    this.#changed();
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    for (const served of this.#byPlural.get(plural) ?? []) {
      const { descriptor } = served;
      if (descriptor.group === group && descriptor.version === version) return served;
    }
    return undefined;
  }

  #indexPlural(plural: string): void {
    const all = [...this.#served.values()].filter(({ descriptor }) => descriptor.plural === plural);
    if (all.length) this.#byPlural.set(plural, all);
    else this.#byPlural.delete(plural);
  }

  /** The store of a resource, whatever its version. */
  store(resource: GroupResource): ResourceStore | undefined {
    return this.#stores.get(`${resource.group}/${resource.resource}`);
  }

  stores(): Iterable<ResourceStore> {
    return this.#stores.values();
  }

  all(): Iterable<ServedResource> {
    return this.#served.values();
  }

  /** Grows with every resource that comes or goes: what is made from the whole registry is kept by this number. */
  get generation(): number {
    return this.#generation;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    this.#generation++;
    for (const listener of this.#listeners) listener();
  }
}
