import { type FieldError, invalid } from '../meta/field-error.ts';
import { quote } from '../meta/go-quote.ts';
import { type Fields, type GroupResource, type KubeObject, qualified } from '../meta/object.ts';
import {
  badRequestError,
  conflictError,
  internalError,
  invalidError,
  resourceNotFoundError,
} from '../meta/status.ts';
import { own, put } from '../schema/apply/schema-node.ts';
import { selectorText } from './core/pod/workload.ts';
import type { ShownToAdmission } from './resource-store.ts';

/** Where a kind keeps what its scale subresource shows. */
export interface ScaleMapping {
  /** Number of replicas asked for, as a path below the object. */
  specReplicasPath: readonly string[];
  statusReplicasPath: readonly string[];
  /** The pods' selector as text. */
  selector(object: KubeObject): string;
  /** Custom resources: the fields may be missing, or be something else. */
  untyped?: {
    /** As the definition has it: `.spec.replicas`. */
    specReplicasPath: string;
    /** Throws where a field is not what it should be. */
    check(object: KubeObject): void;
  };
}

export const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const;

/** A write of a scale is shown to admission as a Scale, not as what it changes. */
export const shownAsScale = (resource: GroupResource, mapping: ScaleMapping): ShownToAdmission => ({
  kind: SCALE,
  of: (object) => scaleOf(resource, object, mapping),
});

/** The replicas of a Scale whose object has none: no client can mean it. */
const NO_REPLICAS = -(2 ** 31);

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
  path.reduce<any>(
    (value, name) => (typeof value === 'object' && value ? own(value, name) : undefined),
    object,
  );

/** An object's Scale for a client. Throws the 500 of a custom resource that does not say how many replicas it wants. */
export function shownScale(resource: GroupResource, object: KubeObject, mapping: ScaleMapping): KubeObject {
  const scale = scaleOf(resource, object, mapping);
  if (mapping.untyped && scale['spec'].replicas === NO_REPLICAS)
    throw internalError(`the spec replicas field ${quote(mapping.untyped.specReplicasPath)} does not exist`);
  return scale;
}

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
  mapping.untyped?.check(object);
  const replicas = at(object, mapping.specReplicasPath) ?? (mapping.untyped ? NO_REPLICAS : 0);
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
  const { untyped } = mapping;
  const wanted: number = scale['spec']?.replicas ?? 0;
  if (untyped && wanted === NO_REPLICAS)
    throw badRequestError(`the spec replicas field ${quote(untyped.specReplicasPath)} cannot be empty`);
  const errors = untyped ? [] : scaleErrors(scale);
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
  // A definition may name any field here.
  for (const field of path) {
    if (!own(holder, field)) put(holder, field, {});
    holder = own(holder, field) as Fields;
  }
  put(holder, last, wanted);
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion;
  else if (!untyped) delete object.metadata.resourceVersion;
}
