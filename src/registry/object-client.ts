import type { Clock } from '../meta/clock.ts';
import { cloneJson } from '../meta/clone.ts';
import type { GroupResource, KubeObject } from '../meta/object.ts';
import { isStatus, resourceNotFoundError } from '../meta/status.ts';
import type { UserInfo } from '../meta/user.ts';
import type { AdmissionHook } from './admission-hook.ts';
import type { DeleteOptions, ObjectClient } from './client.ts';
import type { Lister } from './lister.ts';
import type { Registry } from './registry.ts';
import type { ResourceStore } from './resource-store.ts';
import type { WriteContext } from './write-context.ts';

const MAX_CONFLICTS = 5;

/** The API as one of the server's own parts uses it, under that part's name. */
export class RegistryClient implements ObjectClient {
  readonly #registry: Registry;
  readonly #user: UserInfo;
  readonly #admission: (user: UserInfo) => AdmissionHook;
  readonly #clock: Clock;
  readonly #manager: string;

  constructor(
    registry: Registry,
    clock: Clock,
    admission: (user: UserInfo) => AdmissionHook,
    user: UserInfo,
    manager: string,
  ) {
    this.#registry = registry;
    this.#clock = clock;
    this.#admission = admission;
    this.#user = user;
    this.#manager = manager;
  }

  lister(resource: GroupResource): Lister | undefined {
    return this.#registry.store(resource)?.cache.lister();
  }

  async get(resource: GroupResource, namespace: string, name: string): Promise<KubeObject> {
    const store = this.#store(resource);
    if (!store.alwaysFresh) await store.fresh();
    return store.get(namespace, name).object;
  }

  async list(resource: GroupResource, namespace?: string): Promise<KubeObject[]> {
    const store = this.#store(resource);
    if (!store.alwaysFresh) await store.fresh();
    return store.cache.lister().list(namespace);
  }

  create(resource: GroupResource, namespace: string, object: KubeObject): Promise<KubeObject> {
    const store = this.#store(resource);
    const whole = { kind: store.kind.kind, apiVersion: store.apiVersion, ...cloneJson(object) };
    store.applyDefaults(whole);
    return store.create(this.#context('CreateOptions'), namespace, whole);
  }

  async update(
    resource: GroupResource,
    namespace: string,
    name: string,
    change: (object: KubeObject) => boolean | undefined,
    subresource = '',
  ): Promise<KubeObject> {
    const store = this.#store(resource);
    for (let tries = 1; ; tries++) {
      if (!store.alwaysFresh) await store.fresh();
      const live = store.get(namespace, name).object;
      const object = cloneJson(live);
      if (change(object) === false) return live;
      store.applyDefaults(object);
      const context = this.#context('UpdateOptions');
      try {
        const { object: written } = await store.update(
          context,
          namespace,
          name,
          {
            make: async (existing) => {
              const made = cloneJson(object);
              if (!existing) return made;
              const owned = store.managedFields.update(
                existing,
                made,
                this.#manager,
                subresource,
                context.now,
              );
              await store.mutate(context, namespace, name, owned, existing, subresource);
              return owned;
            },
          },
          { subresource },
        );
        return written;
      } catch (error) {
        if (tries >= MAX_CONFLICTS || !isStatus(error, 'Conflict')) throw error;
      }
    }
  }

  async delete(
    resource: GroupResource,
    namespace: string,
    name: string,
    options: DeleteOptions = {},
  ): Promise<void> {
    await this.#store(resource).delete(this.#context('DeleteOptions'), namespace, name, options);
  }

  #store(resource: GroupResource): ResourceStore {
    const store = this.#registry.store(resource);
    if (!store) throw resourceNotFoundError();
    return store;
  }

  #context(options: string): WriteContext {
    return {
      user: this.#user,
      now: this.#clock.now(),
      dryRun: false,
      manager: this.#manager,
      options: { kind: options, apiVersion: 'meta.k8s.io/v1' },
      admission: this.#admission(this.#user),
      warn: () => {},
    };
  }
}
