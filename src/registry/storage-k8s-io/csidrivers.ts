import { deepEqual } from '../../meta/deep-equal.ts';
import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { immutable } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLES = ['Persistent', 'Ephemeral'];
const IN_SECRETS =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes';

function tokenRequestErrors(requests: readonly Fields[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const audiences = new Set<string>();
  requests.forEach((request, i) => {
    const audience: string = request['audience'] ?? '';
    if (audiences.has(audience)) {
      errors.push(duplicate(child(index(path, i), 'audience'), audience));
      return;
    }
    audiences.add(audience);
    const seconds: number | undefined = request['expirationSeconds'];
    if (seconds === undefined) return;
    const at = child(index(path, i), 'expirationSeconds');
    if (seconds < 600) errors.push(invalid(at, seconds, 'may not specify a duration less than 10 minutes'));
    if (seconds > 2 ** 32)
      errors.push(invalid(at, seconds, 'may not specify a duration larger than 2^32 seconds'));
  });
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const errors: FieldError[] = [];
  if (spec['attachRequired'] === undefined) errors.push(required('spec.attachedRequired'));
  if (spec['podInfoOnMount'] === undefined) errors.push(required('spec.podInfoOnMount'));
  if (spec['storageCapacity'] === undefined) errors.push(required('spec.storageCapacity'));
  const policy = spec['fsGroupPolicy'];
  if (policy !== undefined && !GROUP_POLICIES.includes(policy))
    errors.push(notSupported('spec.fsGroupPolicy', policy, GROUP_POLICIES));
  const requests: Fields[] = spec['tokenRequests'] ?? [];
  errors.push(...tokenRequestErrors(requests, 'spec.tokenRequests'));
  for (const mode of (spec['volumeLifecycleModes'] ?? []) as string[])
    if (!LIFECYCLES.includes(mode)) errors.push(notSupported('spec.volumeLifecycleModes', mode, LIFECYCLES));
  if (spec['seLinuxMount'] === undefined) errors.push(required('spec.seLinuxMount'));
  const period: number | undefined = spec['nodeAllocatableUpdatePeriodSeconds'];
  if (period !== undefined && period < 10)
    errors.push(
      invalid(
        'spec.nodeAllocatableUpdatePeriodSeconds',
        period,
        'must be greater than or equal to 10 seconds',
      ),
    );
  if (spec['serviceAccountTokenInSecrets'] !== undefined && !requests.length)
    errors.push(
      invalid(
        'spec.serviceAccountTokenInSecrets',
        spec['serviceAccountTokenInSecrets'],
        'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
      ),
    );
  return errors;
}

/** pkg/registry/storage/csidriver/strategy.go. */
export const csidrivers: Strategy = {
  defaults(object) {
    object['spec'] ??= {};
    const spec: Fields = object['spec'];
    spec['attachRequired'] ??= true;
    spec['podInfoOnMount'] ??= false;
    spec['storageCapacity'] ??= false;
    spec['fsGroupPolicy'] ??= 'ReadWriteOnceWithFSType';
    if (!spec['volumeLifecycleModes']?.length) spec['volumeLifecycleModes'] = ['Persistent'];
    spec['requiresRepublish'] ??= false;
    spec['seLinuxMount'] ??= false;
  },
  prepareForCreate(object) {
    delete object['spec']?.preventPodSchedulingIfMissing;
  },
  prepareForUpdate(object, old) {
    if (old['spec']?.preventPodSchedulingIfMissing === undefined)
      delete object['spec']?.preventPodSchedulingIfMissing;
    if (!deepEqual(object['spec'], old['spec']))
      object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate,
  validateUpdate(object, old) {
    const spec: Fields = object['spec'] ?? {};
    const before: Fields = old['spec'] ?? {};
    return [
      ...validate(object),
      ...immutable(spec['attachRequired'], before['attachRequired'], 'spec.attachedRequired'),
      ...immutable(spec['volumeLifecycleModes'], before['volumeLifecycleModes'], 'spec.volumeLifecycleModes'),
    ];
  },
  warnings(object, old) {
    const spec: Fields = object['spec'] ?? {};
    const requests = spec['tokenRequests'];
    if (!requests?.length || spec['serviceAccountTokenInSecrets'] !== undefined) return [];
    return old && deepEqual(requests, old['spec']?.tokenRequests) ? [] : [IN_SECRETS];
  },
  allowUnconditionalUpdate: false,
  deleteReturnsObject: true,
  row(object, now) {
    const spec: Fields = object['spec'] ?? {};
    const requests: Fields[] | undefined = spec['tokenRequests'];
    return [
      object.metadata.name ?? '',
      spec['attachRequired'] ?? true,
      spec['podInfoOnMount'] ?? false,
      spec['storageCapacity'] ?? false,
      requests ? requests.map((r) => r['audience'] ?? '').join(',') : '<unset>',
      spec['requiresRepublish'] ?? false,
      ((spec['volumeLifecycleModes'] ?? []) as string[]).join(',') || '<none>',
      age(object, now),
    ];
  },
};
