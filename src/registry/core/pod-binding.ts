import { aggregateText, errorText, notSupported, required } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { badRequestError, conflictError, unknownError } from '../../meta/status.ts';
import type { ObjectClient } from '../client.ts';
import type { VirtualContext, VirtualResource } from '../virtual.ts';
import { part } from './pod/part.ts';
import { setPodCondition } from './pod/pod-status.ts';
import { BIND } from './pods.ts';

const PODS = { group: '', resource: 'pods' };
const BINDING = { group: '', resource: 'pods/binding' };

/** What subresources answer that have done what they were asked. */
export const success = (): KubeObject => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code: 201,
});

/**
 * pods/NAME/binding, and bindings with the name in the body: gives a pod its node, as schedulers do
 * (BindingREST in pkg/registry/core/pod/storage/storage.go).
 */
export class PodBinding implements VirtualResource {
  readonly #client: ObjectClient;

  constructor(client: ObjectClient) {
    this.#client = client;
  }

  async create(binding: KubeObject, context: VirtualContext): Promise<KubeObject> {
    const name = binding.metadata.name ?? '';
    if (context.name !== '' && context.name !== name)
      throw badRequestError('name in URL does not match name in Binding object');
    const errors = [];
    const target: Fields = binding['target'] ?? {};
    if (target['kind'] && target['kind'] !== 'Node')
      errors.push(notSupported('target.kind', target['kind'], ['Node', '<empty>']));
    if (!target['name']) errors.push(required('target.name'));
    if (errors.length) throw unknownError(aggregateText(errors.map(errorText)));
    await context.admit(binding);
    if (context.dryRun) {
      const pod = structuredClone(await this.#client.get(PODS, context.namespace, name));
      bind(pod, binding, context.now);
    } else
      await this.#client.update(
        PODS,
        context.namespace,
        name,
        (pod) => {
          bind(pod, binding, context.now);
          return true;
        },
        BIND,
      );
    return success();
  }
}

function bind(pod: KubeObject, binding: KubeObject, now: number): void {
  const name = pod.metadata.name!;
  const refuse = (why: string) => conflictError(BINDING, name, why);
  const { uid, resourceVersion } = binding.metadata;
  const check = (what: string, asked: string | undefined, live: string | undefined) => {
    if (!asked || asked === live) return;
    const place = `/registry/pods/${pod.metadata.namespace ?? ''}/${name}`;
    const why = `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${live ?? ''}`;
    throw conflictError(
      PODS,
      name,
      `StorageError: invalid object, Code: 4, Key: ${place}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
    );
  };
  check('UID', uid, pod.metadata.uid);
  check('ResourceVersion', resourceVersion, pod.metadata.resourceVersion);
  const spec: Fields = pod['spec'];
  if (pod.metadata.deletionTimestamp)
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (spec['nodeName']) throw refuse(`pod ${name} is already assigned to node ${quote(spec['nodeName'])}`);
  if (spec['schedulingGates']?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  spec['nodeName'] = binding['target'].name;
  const status: Fields = part(pod, 'status');
  delete status['nominatedNodeName'];
  const { annotations, labels } = binding.metadata;
  if (annotations && Object.keys(annotations).length)
    pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
  if (labels && Object.keys(labels).length) pod.metadata.labels = { ...pod.metadata.labels, ...labels };
  setPodCondition(status, { type: 'PodScheduled', status: 'True' }, now);
}
