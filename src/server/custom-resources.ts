import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureApiServices } from '../controllers/api-services.ts';
import type { Complaint, Controller } from '../controllers/controller.ts';
import { DEFINITIONS } from '../controllers/custom-resources.ts';
import { CustomResourcesApproval } from '../controllers/custom-resources-approval.ts';
import { CustomResourcesEstablished } from '../controllers/custom-resources-established.ts';
import { CustomResourcesFinalizing } from '../controllers/custom-resources-finalizing.ts';
import { CustomResourcesNaming } from '../controllers/custom-resources-naming.ts';
import { WorkQueue } from '../controllers/work-queue.ts';
import type { Clock } from '../meta/clock.ts';
import { deepEqual } from '../meta/deep-equal.ts';
import { type Fields, type GroupResource, groupVersion, type KubeObject } from '../meta/object.ts';
import { RandomPool } from '../meta/random-pool.ts';
import { caBundleFault } from '../registry/apiextensions/ca-bundle.ts';
import { isConditionTrue } from '../registry/apiextensions/conditions.ts';
import type { ObjectClient } from '../registry/client.ts';
import { ConversionWebhook } from '../registry/custom-resources/conversion-webhook.ts';
import { Definition } from '../registry/custom-resources/definition.ts';
import type { Registry } from '../registry/registry.ts';
import type { StrategyOptions } from '../registry/strategy.ts';
import type { CustomResource } from '../schema/openapi/custom-schemas.ts';
import { resources } from '../schema/resources.ts';
import { ConversionClient } from './conversion-client.ts';
import {
  DISCOVERY_VERBS,
  TERMINATING_VERBS,
  type VersionStore,
  versionStores,
} from './custom-resource-versions.ts';
import type { ResourceStorage } from './resource-storage.ts';

export interface CustomResourcesParts {
  registry: Registry;
  client: ObjectClient;
  storage: ResourceStorage;
  clock: Clock;
  options: StrategyOptions;
  /** True where this process alone writes to the store. */
  alwaysFresh: boolean;
  complain: Complaint;
  /** Told of each failure of a store, or of a conversion webhook. */
  onError(error: Error): void;
}

/** A definition that is being served. */
interface Served {
  definition: Definition;
  versions: VersionStore[];
  terminating: boolean;
  client: ConversionClient | undefined;
}

/**
 * Serves the resources that CustomResourceDefinitions define, as those come, change and go, and keeps up the definitions'
 * own status (apiextensions-apiserver pkg/apiserver/customresource_handler.go, pkg/controller).
 */
export class CustomResources {
  readonly #parts: CustomResourcesParts;
  readonly #served = new Map<string, Served>();
  readonly #queue: WorkQueue;
  readonly #random = new RandomPool();
  readonly #established: CustomResourcesEstablished;
  readonly #controllers: Controller[];
  #unfollow: (() => void) | undefined;
  #registering: Promise<void> = Promise.resolve();

  constructor(parts: CustomResourcesParts) {
    this.#parts = parts;
    const { client, clock, complain } = parts;
    this.#queue = new WorkQueue({
      handle: (name) => this.#sync(name),
      failed: (name, error) => complain('customresourcedefinitions', name, error),
      workers: 4,
      maxDelayMs: 60_000,
    });
    const common = { client, clock, complain };
    this.#established = new CustomResourcesEstablished(
      common,
      (definition) => this.#serves(definition),
      (bundle) => caBundleFault(bundle) === undefined,
    );
    this.#controllers = [
      new CustomResourcesNaming(common),
      this.#established,
      new CustomResourcesApproval(common),
      new CustomResourcesFinalizing(common, isBuiltIn, (ms) => pause(ms, undefined, { ref: false })),
    ];
  }

  /** Resolves when what is established already is served. */
  async start(): Promise<void> {
    const lister = this.#parts.client.lister(DEFINITIONS)!;
    this.#unfollow = lister.onChange(({ object }) => this.#queue.add(object.metadata.name!));
    for (const object of lister.list()) this.#queue.add(object.metadata.name!);
    this.#queue.start();
    await this.#queue.idle();
    this.#registerSoon();
    for (const controller of this.#controllers) controller.start();
  }

  async stop(): Promise<void> {
    this.#unfollow?.();
    await Promise.all(this.#controllers.map((controller) => controller.stop()));
    await this.#queue.stop();
    for (const served of this.#served.values()) close(served);
    await this.#registering;
  }

  /** What is served, for API documents; the registry's generation tells when this changes. */
  published(): readonly CustomResource[] {
    return [...this.#served.values()].flatMap(({ versions }) => versions.filter(isServed).map(documented));
  }

  /** Brings what is served of one definition in line with the definition. */
  async #sync(name: string): Promise<void> {
    const object = this.#parts.client.lister(DEFINITIONS)!.get('', name);
    const current = this.#served.get(name);
    if (!object || !isAccepted(object)) {
      if (current) this.#replace(name, current, undefined);
      return;
    }
    const terminating = isConditionTrue(object, 'Terminating');
    if (current && isSame(current.definition.object, object)) {
      if (current.terminating === terminating) return;
      current.terminating = terminating;
      this.#advertise(current);
      return;
    }
    const next = this.#make(object, terminating);
    if (!next) return;
    await started(next);
    this.#replace(name, current, next);
    this.#established.nowServed(name);
  }

  #make(object: KubeObject, terminating: boolean): Served | undefined {
    const { client, options, storage, alwaysFresh, registry, onError } = this.#parts;
    const definition = new Definition(object);
    const { group, plural } = definition;
    // Their objects would be stored among the built-in ones, or answer in their place.
    if (isBuiltIn({ group, resource: plural })) return undefined;
    const conversion: Fields = object['spec'].conversion ?? {};
    const post =
      conversion['strategy'] === 'Webhook'
        ? new ConversionClient(conversion['webhook']?.clientConfig ?? {}, () =>
            client.lister({ group: '', resource: 'services' }),
          )
        : undefined;
    const uuid = randomUUID;
    const served: Served = { definition, versions: [], terminating, client: post };
    served.versions = versionStores(definition, {
      store: storage.forResource({ group, resource: plural }),
      webhook:
        post &&
        new ConversionWebhook({
          reviewVersions: conversion['webhook']?.conversionReviewVersions ?? [],
          post: post.post,
          uuid,
        }),
      client,
      options,
      alwaysFresh,
      namespaces: () => registry.store({ group: '', resource: 'namespaces' })?.cache,
      terminating: () => served.terminating,
      random: (bytes) => this.#random.take(bytes),
      uuid,
      onError,
    });
    return served;
  }

  /** All at once, so that nobody finds the resource missing in between. */
  #replace(name: string, before: Served | undefined, after: Served | undefined): void {
    const { registry } = this.#parts;
    if (before) {
      const { group, plural, versions } = before.definition;
      for (const version of versions.keys()) registry.remove(group, version, plural);
      registry.setStore({ group, resource: plural }, undefined);
    }
    if (after) {
      this.#served.set(name, after);
      this.#advertise(after);
    } else this.#served.delete(name);
    if (before) close(before);
    this.#registerSoon();
  }

  #advertise({ definition, versions, terminating }: Served): void {
    const { registry } = this.#parts;
    const discoveryVerbs = terminating ? TERMINATING_VERBS : DISCOVERY_VERBS;
    for (const { version, served } of versions)
      if (version.served) registry.add({ ...served, discoveryVerbs });
    const stored = versions.find(({ version }) => version.storage)!;
    registry.setStore({ group: definition.group, resource: definition.plural }, stored.store);
  }

  #registerSoon(): void {
    this.#registering = this.#registering
      .then(() => this.#register())
      .catch((error) => this.#parts.complain('crd-registration', '', error));
  }

  /** Each version of a group of custom resources has an APIService. */
  async #register(): Promise<void> {
    const { client, registry } = this.#parts;
    const custom = new Set<string>();
    for (const { descriptor } of registry.all())
      if (descriptor.typeName === undefined) custom.add(groupVersion(descriptor));
    await ensureApiServices(client, custom, () => true);
  }

  #serves(object: KubeObject): boolean {
    const served = this.#served.get(object.metadata.name!);
    return served !== undefined && isSame(served.definition.object, object);
  }
}

/** Resolves when the caches are complete, or one of them cannot be for now. */
async function started({ versions, client }: Served): Promise<void> {
  const all = Promise.all(versions.map(({ store }) => store.cache.start()));
  // A webhook that does not answer is no reason to wait: whoever asks is told.
  await (client ? Promise.race([all, pause(FIRST_TRY_MS, undefined, { ref: false })]) : all);
}

/** How long a conversion webhook may take for what is stored already, until the resource is served without that. */
const FIRST_TRY_MS = 1000;

function close({ versions, client }: Served): void {
  for (const { store } of versions) store.cache.stop();
  client?.close();
}

const isServed = ({ version }: VersionStore): boolean => version.served;

const isAccepted = (definition: KubeObject): boolean =>
  isConditionTrue(definition, 'NamesAccepted') || isConditionTrue(definition, 'Established');

const isBuiltIn = ({ group, resource }: GroupResource): boolean =>
  resources.some((one) => one.group === group && one.plural === resource);

/** Whether a definition says the same of its resources as another version of it. */
function isSame(a: KubeObject, b: KubeObject): boolean {
  return (
    a.metadata.uid === b.metadata.uid &&
    deepEqual(a['spec'], b['spec']) &&
    deepEqual(a['status'].acceptedNames, b['status'].acceptedNames)
  );
}

function documented({ version, served: { descriptor } }: VersionStore): CustomResource {
  const { group, kind, plural, listKind, namespaced, subresources } = descriptor;
  return {
    group,
    version: version.name,
    kind,
    plural,
    listKind,
    namespaced,
    subresources: subresources.map(({ name }) => name as 'status' | 'scale'),
    schema: version.raw['schema']?.openAPIV3Schema,
  };
}
