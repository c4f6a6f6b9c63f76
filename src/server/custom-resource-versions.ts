import { cloneJson } from '../meta/clone.ts';
import { groupVersion, type KubeObject } from '../meta/object.ts';
import type { ObjectClient } from '../registry/client.ts';
import { normalizeObject } from '../registry/custom-resources/coercion.ts';
import { customTable } from '../registry/custom-resources/columns.ts';
import type { ConversionWebhook } from '../registry/custom-resources/conversion-webhook.ts';
import type { Definition } from '../registry/custom-resources/definition.ts';
import type { DefinitionVersion } from '../registry/custom-resources/definition-version.ts';
import { CustomOwners, customScheme } from '../registry/custom-resources/kind-scheme.ts';
import { scaleMapping } from '../registry/custom-resources/scale.ts';
import { ConvertingStore, DefinitionStore } from '../registry/custom-resources/stored-versions.ts';
import { customStrategy } from '../registry/custom-resources/strategy.ts';
import type { ServedResource, SubresourceHandler } from '../registry/registry.ts';
import { ResourceStore, type ResourceStoreParts } from '../registry/resource-store.ts';
import type { StrategyOptions } from '../registry/strategy.ts';
import type { ResourceDescriptor, SubresourceDescriptor } from '../schema/resources.ts';
import type { Store } from '../storage/store.ts';
import { WatchCache } from '../storage/watch-cache.ts';
import { columnDescription } from './column-descriptions.ts';
import { REGISTRY_PREFIX } from './resource-storage.ts';

/** What the stores of custom resources share with those of built-in ones. */
export interface VersionParts {
  store: Store;
  /** Undefined: versions differ in what their schemas know, and in nothing else. */
  webhook: ConversionWebhook | undefined;
  client: ObjectClient;
  options: StrategyOptions;
  alwaysFresh: boolean;
  /** The cache of namespaces, which writes are checked against. */
  namespaces(): WatchCache | undefined;
  /** The definition is on its way out: nothing is created any more. */
  terminating(): boolean;
  random(bytes: number): Uint8Array;
  uuid(): string;
  onError(error: Error): void;
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];
/** In the order of kube-apiserver's discovery. */
export const DISCOVERY_VERBS = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
];
export const TERMINATING_VERBS = ['delete', 'deletecollection', 'get', 'list', 'watch'];

/** One version of a definition with its store, ready to be served once its cache has started. */
export interface VersionStore {
  version: DefinitionVersion;
  store: ResourceStore;
  served: ServedResource;
}

/**
 * A store and a cache for each version of a definition, over the same stored values: each version's clients read, watch
 * and write objects of that version alone.
 */
export function versionStores(definition: Definition, parts: VersionParts): VersionStore[] {
  const owners = new CustomOwners(definition.object, (object, apiVersion) =>
    relabelled(definition, parts, object as KubeObject, apiVersion),
  );
  return [...definition.versions.values()]
    .filter(({ served, storage }) => served || storage)
    .map((version) => versionStore(definition, version, owners, parts));
}

/** With a webhook the answer would take too long: then the fields have the same names in all versions, as far as owners go. */
function relabelled(
  definition: Definition,
  parts: VersionParts,
  object: KubeObject,
  apiVersion: string,
): KubeObject {
  return parts.webhook ? { ...object, apiVersion } : definition.relabel(object, apiVersion);
}

function versionStore(
  definition: Definition,
  version: DefinitionVersion,
  owners: CustomOwners,
  parts: VersionParts,
): VersionStore {
  const { webhook } = parts;
  const descriptor = descriptorOf(definition, version);
  const converting = webhook && new ConvertingStore(parts.store, definition, version, webhook);
  const store = converting ?? new DefinitionStore(parts.store, definition);
  const cache = new WatchCache({
    store,
    prefix: `${descriptor.storagePrefix}/`,
    kind: definition.kind,
    apiVersion: groupVersion(version.kind),
    ...(converting ? {} : { decode: (value: Uint8Array) => definition.readAs(value, version) }),
    onError: parts.onError,
  });
  const managedFields = owners.of(version.kind);
  const { client, options, random, uuid } = parts;
  const resourceStore = new ResourceStore({
    descriptor,
    strategy: customStrategy(version, parts.terminating),
    store,
    cache,
    managedFields,
    normalize: normalizeObject,
    ...toStored(definition, version, converting),
    client,
    options,
    alwaysFresh: parts.alwaysFresh && !converting,
    ...(descriptor.namespaced ? { besides: parts.namespaces } : {}),
    random,
    uuid,
  });
  const { group, plural } = descriptor;
  return {
    version,
    store: resourceStore,
    served: {
      descriptor,
      discoveryVerbs: DISCOVERY_VERBS,
      storedAs: definition.storage.kind,
      convertTo: (object, apiVersion) =>
        converting
          ? converting.toVersion(cloneJson(object), definition.versionOf(apiVersion, 'to'))
          : { ...object, apiVersion },
      table: customTable(version.raw, {
        name: columnDescription(`${group}/${plural}`, 'Name'),
        creationTimestamp: columnDescription(`${group}/${plural}`, 'Age'),
      }),
      store: resourceStore,
      scheme: customScheme(version, managedFields),
      subresources: new Map(
        descriptor.subresources.map((sub) => [
          sub.name,
          { descriptor: sub, handler: handlerOf(sub, version) },
        ]),
      ),
    },
  };
}

function toStored(
  definition: Definition,
  version: DefinitionVersion,
  converting: ConvertingStore | undefined,
): Pick<ResourceStoreParts, 'toStored'> {
  const { storage } = definition;
  if (version === storage) return {};
  if (converting) return { toStored: (object) => converting.toVersion(cloneJson(object), storage) };
  return { toStored: (object) => definition.relabel(object, groupVersion(storage.kind)) };
}

function handlerOf(sub: SubresourceDescriptor, version: DefinitionVersion): SubresourceHandler {
  return sub.name === 'scale' ? { as: 'scale', mapping: scaleMapping(version.scale!) } : { as: 'object' };
}

function descriptorOf(definition: Definition, version: DefinitionVersion): ResourceDescriptor {
  const { scope } = definition.object['spec'];
  const { singular, shortNames, categories, listKind } = definition.object['status'].acceptedNames;
  const subresources: SubresourceDescriptor[] = [];
  if (version.hasStatus)
    subresources.push({ name: 'status', kind: definition.kind, verbs: SUBRESOURCE_VERBS });
  if (version.scale)
    subresources.push({
      name: 'scale',
      kind: 'Scale',
      kindGroup: 'autoscaling',
      kindVersion: 'v1',
      verbs: SUBRESOURCE_VERBS,
    });
  return {
    group: definition.group,
    version: version.name,
    kind: definition.kind,
    plural: definition.plural,
    singular: singular ?? '',
    namespaced: scope === 'Namespaced',
    verbs: VERBS,
    shortNames: shortNames ?? [],
    categories: categories ?? [],
    subresources,
    listKind,
    typeName: undefined,
    storagePrefix: `${REGISTRY_PREFIX}/${definition.group}/${definition.plural}`,
    columns: undefined,
  };
}
