import { type FieldError, invalid } from '../meta/field-error.ts';
import { type Fields, type GroupResource, type KubeObject, qualified } from '../meta/object.ts';
import { conflictError, invalidError, resourceNotFoundError } from '../meta/status.ts';
import { selectorText } from './core/pod/workload.ts';

/** Where a kind keeps what its scale subresource shows. */
export interface ScaleMapping {
  /** Number of replicas asked for, as a path below the object. */
  specReplicasPath: readonly string[];
  statusReplicasPath: readonly string[];
  /** The pods' selector as text. */
  selector(object: KubeObject): string;
}

const REPLICAS = {
  specReplicasPath: ['spec', 'replicas'],
  statusReplicasPath: ['status', 'replicas'],
} as const;
const bySelector: ScaleMapping = {
  ...REPLICAS,
  selector: (object) => selectorText(object['spec']?.selector),
};
const byLabels: ScaleMapping = {
  ...REPLICAS,
  selector: (object) => selectorText({ matchLabels: object['spec']?.selector ?? {} }),
};

/** The built-in kinds with a scale, by `<plural>.<group>` (pkg/registry/apps/deployment/storage and its like). */
export const SCALES: Readonly<Record<string, ScaleMapping>> = {
  'deployments.apps': bySelector,
  'replicasets.apps': bySelector,
  'statefulsets.apps': bySelector,
  replicationcontrollers: byLabels,
};

const at = (object: Fields, path: readonly string[]): unknown =>
  path.reduce<any>((value, name) => value?.[name], object);

/** An object as autoscaling/v1 Scale; of its metadata, what names this version of it. A custom resource brings its mapping. */
export function scaleOf(
  resource: GroupResource,
  object: KubeObject,
  mapping = SCALES[qualified(resource)],
): KubeObject {
  if (!mapping) throw resourceNotFoundError();
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = mapping.selector(object);
  const metadata = { name, namespace, uid, resourceVersion, creationTimestamp };
  const replicas = at(object, mapping.specReplicasPath) ?? 0;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined)),
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: at(object, mapping.statusReplicasPath) ?? 0,
      ...(selector === '' ? {} : { selector }),
    },
  };
}

/** Faults of a Scale that a client sends (pkg/apis/autoscaling/validation, ValidateScale). */
export function scaleErrors(scale: KubeObject): FieldError[] {
  const replicas: number = scale['spec']?.replicas ?? 0;
  return replicas < 0 ? [invalid('spec.replicas', replicas, 'must be greater than or equal to 0')] : [];
}

/**
 * Writes the replicas and the resourceVersion of a client's Scale into `object`, a copy of the stored one. Throws 422
 * for a Scale with faults and 409 for one with another uid (scaleUpdatedObjectInfo in the storage of each kind).
 */
export function applyScale(
  resource: GroupResource,
  object: KubeObject,
  scale: KubeObject,
  mapping = SCALES[qualified(resource)],
): void {
  if (!mapping) throw resourceNotFoundError();
  const name = object.metadata.name ?? '';
  const errors = scaleErrors(scale);
  if (errors.length)
    throw invalidError({ group: 'autoscaling', kind: 'Scale' }, scale.metadata.name ?? '', errors);
  const { uid, resourceVersion } = scale.metadata;
  if (uid && uid !== object.metadata.uid)
    throw conflictError(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${object.metadata.uid ?? ''}`,
    );
  const path = [...mapping.specReplicasPath];
  const last = path.pop()!;
  let holder: Fields = object;
  for (const field of path) holder = holder[field] ??= {};
  holder[last] = scale['spec']?.replicas ?? 0;
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion;
  else delete object.metadata.resourceVersion;
}
