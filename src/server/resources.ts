import { randomUUID } from 'node:crypto';
import { admissionExpressions } from '../admission/expressions.ts';
import { groupVersion, type KubeObject, qualified } from '../meta/object.ts';
import { RandomPool } from '../meta/random-pool.ts';
import type { UserInfo } from '../meta/user.ts';
import type { ObjectClient } from '../registry/client.ts';
import {
  type Conversion,
  type KindScheme,
  Registry,
  type ServedResource,
  type SubresourceHandler,
} from '../registry/registry.ts';
import { ResourceStore } from '../registry/resource-store.ts';
import { SCALES } from '../registry/scale.ts';
import { strategyOf } from '../registry/strategies.ts';
import type { AccessCheck, Strategy, StrategyOptions } from '../registry/strategy.ts';
import type { VirtualResource } from '../registry/virtual.ts';
import { type ResourceDescriptor, resources } from '../schema/resources.ts';
import type { IndexFunction } from '../storage/object-index.ts';
import { WatchCache } from '../storage/watch-cache.ts';
import { builtInScheme, managedFieldsOf, normalizer } from './kind-support.ts';
import type { ResourceStorage } from './resource-storage.ts';
import { storedObjectDecoder } from './stored-object.ts';

/** Versions that are stored as another: `events.k8s.io/v1/events` is `v1/events` with other names for some fields. */
export interface OtherVersion {
  /** `group/plural` of the resource it is stored as. */
  storedAs: { group: string; plural: string };
  conversion: Conversion;
}

export interface BuiltInParts {
  storage: ResourceStorage;
  alwaysFresh: boolean;
  client(): ObjectClient;
  access(user: UserInfo): AccessCheck;
  options: StrategyOptions;
  /** By `group/plural`, or `group/plural/subresource`. */
  virtuals: ReadonlyMap<string, VirtualResource>;
  /** Subresources with an update of their own, by `group/plural/subresource`. */
  updates: ReadonlyMap<string, (object: KubeObject, existing: KubeObject) => KubeObject>;
  /** By `group/version/plural`. */
  otherVersions: ReadonlyMap<string, OtherVersion>;
  onError(error: Error): void;
}

const CONNECT = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);

/** Every built-in resource with its store and watch cache, ready to be started. */
export function builtInRegistry(parts: BuiltInParts): { registry: Registry; caches: WatchCache[] } {
  const registry = new Registry();
  const random = new RandomPool();
  const caches: WatchCache[] = [];
  const stores = new Map<string, ResourceStore>();
  for (const descriptor of resources) {
    const other = parts.otherVersions.get(`${descriptor.group}/${descriptor.version}/${descriptor.plural}`);
    if (other || descriptor.storagePrefix === undefined) continue;
    const store = parts.storage.forResource({ group: descriptor.group, resource: descriptor.plural });
    const strategy = strategyOf(descriptor.group, descriptor.plural);
    const cache = new WatchCache({
      store,
      prefix: `${descriptor.storagePrefix}/`,
      kind: descriptor.kind,
      apiVersion: groupVersion(descriptor),
      decode: storedObjectDecoder(descriptor, (object) => strategy.defaults?.(object)),
      indexes: indexesOf(strategy),
      onError: parts.onError,
    });
    caches.push(cache);
    stores.set(
      `${descriptor.group}/${descriptor.plural}`,
      new ResourceStore({
        descriptor,
        strategy,
        store,
        cache,
        besides: () => (descriptor.namespaced ? stores.get('/namespaces')?.cache : undefined),
        managedFields: managedFieldsOf(descriptor),
        normalize: normalizer(descriptor),
        client: lazyClient(parts.client),
        options: parts.options,
        expressions: admissionExpressions,
        access: parts.access,
        alwaysFresh: parts.alwaysFresh,
        random: (bytes) => random.take(bytes),
        uuid: () => randomUUID(),
      }),
    );
  }
  for (const descriptor of resources) {
    const path = `${descriptor.group}/${descriptor.version}/${descriptor.plural}`;
    const other = parts.otherVersions.get(path);
    const storedAs = other
      ? `${other.storedAs.group}/${other.storedAs.plural}`
      : `${descriptor.group}/${descriptor.plural}`;
    const stored = stores.get(storedAs);
    // The same objects under the other version's own rules.
    const store =
      other && stored ? stored.withStrategy(strategyOf(descriptor.group, descriptor.plural)) : stored;
    const virtual = parts.virtuals.get(`${descriptor.group}/${descriptor.plural}`);
    registry.add({
      descriptor,
      ...(store ? { store } : {}),
      ...(virtual ? { virtual } : {}),
      ...(other ? { conversion: other.conversion } : {}),
      scheme: schemeOf(descriptor, store, other?.conversion),
      subresources: subresourcesOf(descriptor, parts),
    });
  }
  return { registry, caches };
}

/** A resource that stores nothing has no defaults but what its own create sets. */
function schemeOf(
  descriptor: ResourceDescriptor,
  store: ResourceStore | undefined,
  conversion: Conversion | undefined,
): KindScheme {
  const managed = store && !conversion ? store.managedFields : managedFieldsOf(descriptor, conversion);
  const defaults = store && !conversion ? (object: KubeObject) => store.setDefaults(object) : () => {};
  return builtInScheme(descriptor, managed, defaults);
}

function subresourcesOf(descriptor: ResourceDescriptor, parts: BuiltInParts): ServedResource['subresources'] {
  const out = new Map<
    string,
    { descriptor: ResourceDescriptor['subresources'][number]; handler: SubresourceHandler }
  >();
  for (const sub of descriptor.subresources) {
    const key = `${descriptor.group}/${descriptor.plural}/${sub.name}`;
    out.set(sub.name, { descriptor: sub, handler: handlerOf(key, sub.name, parts) });
  }
  return out;
}

function handlerOf(key: string, name: string, parts: BuiltInParts): SubresourceHandler {
  const virtual = parts.virtuals.get(key);
  if (virtual) return { as: 'create', virtual };
  const update = parts.updates.get(key);
  if (update) return { as: 'update', update };
  if (CONNECT.has(name)) return { as: 'connect' };
  if (name !== 'scale') return { as: 'object' };
  const [group, plural] = key.split('/') as [string, string];
  return { as: 'scale', mapping: SCALES[qualified({ group, resource: plural })]! };
}

/** The client is made of the registry, and the stores in it need the client: it is looked up when used. */
function lazyClient(client: () => ObjectClient): ObjectClient {
  return {
    lister: (...args) => client().lister(...args),
    get: (...args) => client().get(...args),
    list: (...args) => client().list(...args),
    create: (...args) => client().create(...args),
    update: (...args) => client().update(...args),
    delete: (...args) => client().delete(...args),
  };
}

function indexesOf({ indexedFields = [], selectableFields = {} }: Strategy): Record<string, IndexFunction> {
  return Object.fromEntries(
    indexedFields.map((field): [string, IndexFunction] => {
      const read = selectableFields[field]!;
      return [field, (object) => [read(object)]];
    }),
  );
}
