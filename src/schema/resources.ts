import type { GroupResource, GroupVersionKind } from '../meta/object.ts';
import data from './data/resources.json' with { type: 'json' };
import { typeTable } from './type-table.ts';

/** A column of a Table as facts have it: what clients print for a kind. */
export interface Column {
  name: string;
  type: string;
  /** `name` marks the column that names the object. */
  format: string;
  /** 0 is shown always, 1 with `-o wide`. */
  priority: number;
}

export interface SubresourceDescriptor {
  name: string;
  kind: string;
  /** Where the kind is of another group than the resource: `autoscaling` and `v1` for Scale. */
  kindGroup?: string;
  kindVersion?: string;
  verbs: readonly string[];
}

export interface ResourceDescriptor {
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  namespaced: boolean;
  verbs: readonly string[];
  shortNames: readonly string[];
  categories: readonly string[];
  subresources: readonly SubresourceDescriptor[];
  /** `PodList`. */
  listKind: string;
  /** The row of the type table; undefined for custom resources. */
  typeName: string | undefined;
  /** `/registry/minions`: below it stands `/<namespace>/<name>` or `/<name>`. Undefined for what is not stored. */
  storagePrefix: string | undefined;
  /** Undefined for kinds that have no printer of their own. */
  columns: readonly Column[] | undefined;
}

interface RawResource {
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  namespaced: boolean;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: SubresourceDescriptor[];
  storagePrefix?: string;
  columns?: [string, string, string, number][];
}

function describe(raw: RawResource): ResourceDescriptor {
  return {
    group: raw.group,
    version: raw.version,
    kind: raw.kind,
    plural: raw.plural,
    singular: raw.singular,
    namespaced: raw.namespaced,
    verbs: raw.verbs,
    shortNames: raw.shortNames ?? [],
    categories: raw.categories ?? [],
    subresources: raw.subresources ?? [],
    listKind: `${raw.kind}List`,
    typeName: typeTable.nameOfKind(raw),
    storagePrefix: raw.storagePrefix,
    columns: raw.columns?.map(([name, type, format, priority]) => ({ name, type, format, priority })),
  };
}

/** Every built-in resource, in the order of kube-apiserver's discovery: groups by priority, newest version first. */
export const resources: readonly ResourceDescriptor[] = (data as unknown as RawResource[]).map(describe);

const byPath = new Map(resources.map((r) => [`${r.group}/${r.version}/${r.plural}`, r]));
const byKind = new Map(resources.map((r) => [`${r.group}/${r.version}/${r.kind}`, r]));
const byGroupResource = new Map<string, ResourceDescriptor>();
for (const r of resources) {
  const key = `${r.group}/${r.plural}`;
  if (!byGroupResource.has(key)) byGroupResource.set(key, r);
}

/** The built-in resource of a path. */
export function findResource(group: string, version: string, plural: string): ResourceDescriptor | undefined {
  return byPath.get(`${group}/${version}/${plural}`);
}

/** The built-in resource whose objects are of a kind. */
export function resourceOfKind(gvk: GroupVersionKind): ResourceDescriptor | undefined {
  return byKind.get(`${gvk.group}/${gvk.version}/${gvk.kind}`);
}

/** The built-in resource in the version that discovery prefers. */
export function preferredResource(gr: GroupResource): ResourceDescriptor | undefined {
  return byGroupResource.get(`${gr.group}/${gr.resource}`);
}

/** Built-in groups and their versions, in discovery's order. */
export function builtInGroups(): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, version } of resources) {
    const versions = groups.get(group);
    if (!versions) groups.set(group, [version]);
    else if (!versions.includes(version)) versions.push(version);
  }
  return groups;
}
