import { aggregateText } from '../meta/field-error.ts';
import type { GroupResource, KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import {
  type DefinitionCondition,
  isConditionTrue,
  setCondition,
} from '../registry/apiextensions/conditions.ts';
import { DefinitionLoop, type DefinitionLoopParts } from './custom-resources.ts';

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** How often, and how many times, the last instances are waited for before that is a failure. */
const POLL_MS = 1000;
const MAX_POLLS = 60;

const terminating = (status: 'True' | 'False', reason: string, message: string): DefinitionCondition => ({
  type: 'Terminating',
  status,
  reason,
  message,
});

/** Removes the objects of definitions that are being deleted, and then lets those go (pkg/controller/finalizer/crd_finalizer.go). */
export class CustomResourcesFinalizing extends DefinitionLoop {
  readonly name = 'crd-finalizer';
  readonly #builtIn: (resource: GroupResource) => boolean;
  readonly #pause: (ms: number) => Promise<void>;

  /** `builtIn`: whether a resource of this name is stored where a built-in one is. */
  constructor(
    parts: DefinitionLoopParts,
    builtIn: (resource: GroupResource) => boolean,
    pause: (ms: number) => Promise<void>,
  ) {
    // Objects with finalizers of their own hold up their definition, and no other.
    super({ workers: 5, ...parts });
    this.#builtIn = builtIn;
    this.#pause = pause;
  }

  protected async handle(name: string): Promise<void> {
    if (!isLeaving(this.find(name))) return;
    const begun = await this.updateStatus(name, (definition) => {
      if (!isLeaving(definition)) return false;
      setCondition(
        definition,
        terminating('True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress'),
        this.now(),
      );
      return true;
    });
    if (!isLeaving(begun)) return;
    const { condition, failure } = await this.#empty(begun!);
    await this.updateStatus(name, (definition) => {
      setCondition(definition, condition, this.now());
      if (failure === undefined)
        definition.metadata.finalizers = (definition.metadata.finalizers ?? []).filter(
          (one) => one !== CLEANUP_FINALIZER,
        );
      return true;
    });
    if (failure !== undefined) throw failure;
  }

  async #empty(definition: KubeObject): Promise<{ condition: DefinitionCondition; failure?: unknown }> {
    const { group, names } = definition['spec'];
    const resource: GroupResource = { group, resource: names.plural };
    if (this.#builtIn(resource))
      return {
        condition: terminating(
          'False',
          'OverlappingBuiltInResource',
          'instances overlap with built-in resources in storage',
        ),
      };
    if (!isConditionTrue(definition, 'Established'))
      return { condition: terminating('False', 'NeverEstablished', 'resource was never established') };
    let stage = { reason: 'InstanceDeletionFailed', words: 'could not list instances' };
    try {
      const instances = await this.client.list(resource);
      stage = { reason: 'InstanceDeletionFailed', words: 'could not issue all deletes' };
      await this.#deleteAll(resource, instances);
      stage = { reason: 'InstanceDeletionCheck', words: 'could not confirm zero CustomResources remaining' };
      for (let polls = 0; (await this.client.list(resource)).length > 0; polls++) {
        if (polls === MAX_POLLS) throw new Error('context deadline exceeded');
        await this.#pause(POLL_MS);
      }
    } catch (failure) {
      const why = failure instanceof Error ? failure.message : String(failure);
      return { condition: terminating('True', stage.reason, `${stage.words}: ${why}`), failure };
    }
    return { condition: terminating('False', 'InstanceDeletionCompleted', 'removed all instances') };
  }

  async #deleteAll(resource: GroupResource, instances: readonly KubeObject[]): Promise<void> {
    const faults: string[] = [];
    for (const { metadata } of instances) {
      try {
        await this.client.delete(resource, metadata.namespace ?? '', metadata.name!);
      } catch (error) {
        if (isStatus(error, 'NotFound')) continue;
        faults.push(error instanceof Error ? error.message : String(error));
      }
    }
    if (faults.length) throw new Error(aggregateText(faults));
  }
}

const isLeaving = (definition: KubeObject | undefined): boolean =>
  Boolean(definition?.metadata.deletionTimestamp) &&
  (definition!.metadata.finalizers ?? []).includes(CLEANUP_FINALIZER);
