import { type Clock, rfc3339 } from '../meta/clock.ts';
import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { ObjectChange } from '../registry/lister.ts';
import type { Complaint, Controller } from './controller.ts';
import { type Wait, WorkQueue } from './work-queue.ts';

export const DEFINITIONS = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' };

export interface DefinitionLoopParts {
  client: ObjectClient;
  clock: Clock;
  complain?: Complaint;
  wait?: Wait;
  /** Definitions looked after at the same time; default 1. */
  workers?: number;
}

/** A control loop over CustomResourceDefinitions (apiextensions-apiserver pkg/controller). */
export abstract class DefinitionLoop implements Controller {
  abstract readonly name: string;
  protected readonly client: ObjectClient;
  protected readonly queue: WorkQueue;
  readonly #clock: Clock;
  #unfollow: (() => void) | undefined;

  constructor({ client, clock, complain, wait, workers }: DefinitionLoopParts) {
    this.client = client;
    this.#clock = clock;
    this.queue = new WorkQueue({
      handle: (name) => this.handle(name),
      failed: (name, error) => complain?.(this.name, name, error),
      ...(wait ? { wait } : {}),
      ...(workers ? { workers } : {}),
    });
  }

  /** Brings the definition's status in line. A rejection is tried again. */
  protected abstract handle(name: string): Promise<void>;

  /** A definition came, changed or went. */
  protected changed({ type, object }: ObjectChange): void {
    if (type !== 'DELETED') this.queue.add(object.metadata.name!);
  }

  start(): void {
    const lister = this.client.lister(DEFINITIONS)!;
    this.#unfollow = lister.onChange((change) => this.changed(change));
    for (const object of lister.list()) this.queue.add(object.metadata.name!);
    this.queue.start();
  }

  stop(): Promise<void> {
    this.#unfollow?.();
    return this.queue.stop();
  }

  /** Resolves when nothing is left to do for now. */
  idle(): Promise<void> {
    return this.queue.idle();
  }

  protected find(name: string): KubeObject | undefined {
    return this.client.lister(DEFINITIONS)!.get('', name);
  }

  protected others(definition: { group: string; name: string }): KubeObject[] {
    const { group, name } = definition;
    return this.client
      .lister(DEFINITIONS)!
      .list()
      .filter((other) => other['spec'].group === group && other.metadata.name !== name);
  }

  /** Now, in RFC 3339. */
  protected now(): string {
    return rfc3339(this.#clock.now());
  }

  /** Writes the status; undefined where the definition is gone meanwhile. */
  protected async updateStatus(
    name: string,
    change: (definition: KubeObject) => boolean | undefined,
  ): Promise<KubeObject | undefined> {
    try {
      return await this.client.update(DEFINITIONS, '', name, change, 'status');
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}
