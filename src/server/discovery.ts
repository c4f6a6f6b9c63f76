import { createHash } from 'node:crypto';
import { compareVersions } from '../meta/kube-version.ts';
import { groupVersion } from '../meta/object.ts';
import type { Registry, ServedResource } from '../registry/registry.ts';
import type { RemoteVersion } from './aggregation/aggregator.ts';

/** The groups and versions of the API, as legacy and aggregated discovery tell them (apiserver pkg/endpoints/discovery). */
/** Position of a built-in group; custom groups follow by name. */
export type GroupOrder = (group: string) => number;

interface Version {
  version: string;
  resources: ServedResource[];
  /** Of a version that another server serves. */
  remote?: RemoteVersion;
}

/** What other servers serve beside this one. */
export interface RemoteVersions {
  /** Grows with every change. */
  generation: number;
  versions(): Iterable<RemoteVersion>;
}

interface Group {
  name: string;
  versions: Version[];
}

export class Discovery {
  readonly #registry: Registry;
  readonly #order: GroupOrder;
  readonly #address: () => string;
  readonly #remote: RemoteVersions | undefined;
  #remoteGeneration = 0;
  #groups: Group[] = [];
  #generation = -1;
  #aggregated = new Map<string, { body: Buffer; etag: string }>();

  /** `address` is the host and port that clients are told to reach the server at. */
  constructor(registry: Registry, order: GroupOrder, address: () => string, remote?: RemoteVersions) {
    this.#remote = remote;
    this.#registry = registry;
    this.#order = order;
    this.#address = address;
  }

  /** `/api` */
  apiVersions(): Record<string, unknown> {
    return {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: this.#address() }],
    };
  }

  /** `/apis` */
  groupList(): Record<string, unknown> {
    const groups = this.#all().filter((g) => g.name !== '');
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupJson) };
  }

  /** `/apis/GROUP`; undefined where the group is not served. */
  group(name: string): Record<string, unknown> | undefined {
    const group = name === '' ? undefined : this.#all().find((g) => g.name === name);
    return group && { kind: 'APIGroup', apiVersion: 'v1', ...groupJson(group) };
  }

  hasGroup(name: string): boolean {
    return this.#all().some((g) => g.name === name);
  }

  /** Whether all that a group has is defined by CustomResourceDefinitions. */
  isCustom(name: string): boolean {
    const group = this.#all().find((g) => g.name === name);
    return (
      group?.versions.every(({ resources }) => resources.every((served) => served.discoveryVerbs)) ?? false
    );
  }

  /** `/api/v1` and `/apis/GROUP/VERSION` */
  resourceList(group: string, version: string): Record<string, unknown> | undefined {
    const found = this.#all()
      .find((g) => g.name === group)
      ?.versions.find((v) => v.version === version);
    if (!found) return undefined;
    return {
      kind: 'APIResourceList',
      ...(group === '' ? {} : { apiVersion: 'v1' }),
      groupVersion: groupVersion({ group, version }),
      resources: found.resources.flatMap(apiResources),
    };
  }

  /** `/api` or `/apis` as one APIGroupDiscoveryList, with the ETag of its content. */
  aggregated(prefix: 'api' | 'apis'): { body: Buffer; etag: string } {
    const groups = this.#all();
    let made = this.#aggregated.get(prefix);
    if (!made) {
      const items = groups.filter((g) => (g.name === '') === (prefix === 'api')).map(groupDiscovery);
      const list = {
        kind: 'APIGroupDiscoveryList',
        apiVersion: 'apidiscovery.k8s.io/v2',
        metadata: {},
        items,
      };
      const body = Buffer.from(`${JSON.stringify(list)}\n`);
      made = { body, etag: createHash('sha512').update(body).digest('hex').toUpperCase() };
      this.#aggregated.set(prefix, made);
    }
    return made;
  }

  /** Paths of groups and versions, for the index at `/`. */
  paths(): string[] {
    const out = ['/api', '/apis'];
    for (const group of this.#all()) {
      const base = group.name === '' ? '/api' : `/apis/${group.name}`;
      if (group.name !== '') out.push(base);
      for (const { version } of group.versions) out.push(`${base}/${version}`);
    }
    return out;
  }

  #all(): Group[] {
    const remoteGeneration = this.#remote?.generation ?? 0;
    if (this.#generation === this.#registry.generation && this.#remoteGeneration === remoteGeneration)
      return this.#groups;
    const groups = new Map<string, Map<string, ServedResource[]>>();
    const remotes = new Map<string, Map<string, RemoteVersion>>();
    for (const remote of this.#remote?.versions() ?? []) {
      const versions = remotes.get(remote.group) ?? new Map<string, RemoteVersion>();
      remotes.set(remote.group, versions.set(remote.version, remote));
      const local = groups.get(remote.group) ?? new Map<string, ServedResource[]>();
      groups.set(remote.group, local.set(remote.version, []));
    }
    const order = (name: string): number => {
      const priorities = [...(remotes.get(name)?.values() ?? [])].map((one) => one.groupPriority);
      // Groups of custom resources have the priority 1000 and the place that this comes to.
      return priorities.length ? 1000 + (1000 - Math.max(...priorities)) / 100_000 : this.#order(name);
    };
    for (const served of this.#registry.all()) {
      const { group, version } = served.descriptor;
      const versions = groups.get(group) ?? new Map<string, ServedResource[]>();
      groups.set(group, versions);
      const list = versions.get(version);
      if (list) list.push(served);
      else versions.set(version, [served]);
    }
    this.#groups = [...groups]
      .map(([name, versions]) => ({
        name,
        versions: [...versions]
          .map(([version, resources]): Version => {
            const remote = remotes.get(name)?.get(version);
            return {
              version,
              resources: resources.sort((a, b) => (a.descriptor.plural < b.descriptor.plural ? -1 : 1)),
              ...(remote ? { remote } : {}),
            };
          })
          .sort(
            (a, b) =>
              (b.remote && a.remote ? b.remote.versionPriority - a.remote.versionPriority : 0) ||
              compareVersions(a.version, b.version),
          ),
      }))
      .sort((a, b) => order(a.name) - order(b.name) || (a.name < b.name ? -1 : 1));
    this.#aggregated.clear();
    this.#generation = this.#registry.generation;
    this.#remoteGeneration = remoteGeneration;
    return this.#groups;
  }
}

function groupJson(group: Group) {
  const versions = group.versions.map(({ version }) => ({
    groupVersion: groupVersion({ group: group.name, version }),
    version,
  }));
  return { name: group.name, versions, preferredVersion: versions[0]! };
}

function apiResources(served: ServedResource): Record<string, unknown>[] {
  const { descriptor } = served;
  const { kind, plural } = descriptor;
  const main = {
    name: plural,
    singularName: descriptor.singular,
    namespaced: descriptor.namespaced,
    kind,
    verbs: served.discoveryVerbs ?? descriptor.verbs,
    ...(descriptor.shortNames?.length ? { shortNames: descriptor.shortNames } : {}),
    ...(descriptor.categories?.length ? { categories: descriptor.categories } : {}),
    ...(served.store ? { storageVersionHash: storageVersionHash(served) } : {}),
  };
  const subs = [...served.subresources.values()].map(({ descriptor: sub }) => ({
    name: `${plural}/${sub.name}`,
    singularName: '',
    namespaced: descriptor.namespaced,
    ...(sub.kindGroup === undefined ? {} : { group: sub.kindGroup, version: sub.kindVersion }),
    kind: sub.kind,
    verbs: sub.verbs,
  }));
  return [main, ...subs];
}

/** Eight bytes of a hash over the stored version (apiserver pkg/endpoints/discovery/storageversionhash.go). */
function storageVersionHash(served: ServedResource): string {
  const { group, version, kind } = served.storedAs ?? served.store!.kind;
  return createHash('sha256')
    .update(`${group}/${version}/${kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64');
}

function groupDiscovery(group: Group): Record<string, unknown> {
  return {
    metadata: group.name === '' ? {} : { name: group.name },
    versions: group.versions.map(({ version, resources, remote }) =>
      remote
        ? (remote.discovery ?? { version, freshness: 'Stale' })
        : { version, resources: resources.map(resourceDiscovery), freshness: 'Current' },
    ),
  };
}

function resourceDiscovery(served: ServedResource): Record<string, unknown> {
  const { descriptor } = served;
  // Custom resources name their kind's group and version besides.
  const own = served.discoveryVerbs ? descriptor : { group: '', version: '' };
  const subresources = [...served.subresources.values()].map(({ descriptor: sub }) => ({
    subresource: sub.name,
    responseKind: {
      group: sub.kindGroup ?? own.group,
      version: sub.kindVersion ?? own.version,
      kind: sub.kind,
    },
    verbs: sub.verbs,
  }));
  return {
    resource: descriptor.plural,
    responseKind: { group: own.group, version: own.version, kind: descriptor.kind },
    scope: descriptor.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: descriptor.singular,
    verbs: served.discoveryVerbs ?? descriptor.verbs,
    ...(descriptor.shortNames?.length ? { shortNames: descriptor.shortNames } : {}),
    ...(descriptor.categories?.length ? { categories: descriptor.categories } : {}),
    ...(subresources.length ? { subresources } : {}),
  };
}
