import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, forbidden } from '../../meta/field-error.ts';
import { type Fields, type KubeObject, parseGroupVersion } from '../../meta/object.ts';
import { MASTERS, type UserInfo } from '../../meta/user.ts';
import type { StrategyContext } from '../strategy.ts';

/**
 * Who makes a policy read parameters must be allowed to read them, or policies would read them out
 * (pkg/registry/admissionregistration/validatingadmissionpolicy/authz.go and its neighbours).
 */

/** A user as Go prints a pointer to user.DefaultInfo. */
function goUser({ name, uid = '', groups, extra = {} }: UserInfo): string {
  const extras = Object.keys(extra)
    .sort()
    .map((key) => `${key}:[${extra[key]!.join(' ')}]`);
  return `&{${name} ${uid} [${groups.join(' ')}] map[${extras.join(' ')}]}`;
}

const isMaster = (user: UserInfo): boolean => user.groups.includes(MASTERS);

async function refusal(check: () => Promise<boolean>, words: () => string): Promise<string | undefined> {
  try {
    return (await check()) ? undefined : words();
  } catch (error) {
    return (error as Error).message;
  }
}

/** Faults of a policy's paramKind. */
export async function paramKindAccess(
  object: KubeObject,
  old: KubeObject | undefined,
  { user, access }: StrategyContext,
): Promise<FieldError[]> {
  const paramKind: Fields | undefined = object['spec']?.paramKind;
  if (!paramKind || !access || isMaster(user) || deepEqual(paramKind, old?.['spec']?.paramKind)) return [];
  const { apiVersion = '', kind = '' } = paramKind as { apiVersion?: string; kind?: string };
  const parsed = parseGroupVersion(apiVersion);
  const words = await refusal(
    () =>
      access.allowed({
        verb: 'get',
        apiGroup: parsed?.group ?? '*',
        apiVersion: parsed?.version ?? '*',
        resource: (parsed && access.resourceOf(apiVersion, kind)) ?? '*',
        namespace: '*',
        name: '*',
      }),
    () =>
      `user ${goUser(user)} must have "get" permission on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`,
  );
  return words === undefined ? [] : [forbidden('spec.paramKind', words)];
}

/** Faults of a binding's paramRef: asked at every write, as kube-apiserver never finds a paramRef unchanged. */
export async function paramRefAccess(
  object: KubeObject,
  { user, access, client }: StrategyContext,
  policies: 'validatingadmissionpolicies' | 'mutatingadmissionpolicies',
): Promise<FieldError[]> {
  const ref: Fields | undefined = object['spec']?.paramRef;
  if (!ref || !access || isMaster(user)) return [];
  const policyName: string = object['spec'].policyName ?? '';
  const policy = await client
    .get({ group: 'admissionregistration.k8s.io', resource: policies }, '', policyName)
    .catch(() => undefined);
  const paramKind: Fields | undefined = policy?.['spec']?.paramKind;
  const parsed = paramKind && parseGroupVersion(paramKind['apiVersion'] ?? '');
  const resource = parsed && access.resourceOf(paramKind['apiVersion'], paramKind['kind']);
  const verb = ref['name'] ? 'get' : 'list';
  const lacks = `and user ${goUser(user)} does not have "${verb}" permission for all groups, versions and resources`;
  const words = await refusal(
    () =>
      access.allowed({
        verb,
        apiGroup: parsed?.group ?? '*',
        apiVersion: parsed?.version ?? '*',
        resource: resource ?? '*',
        namespace: ref['namespace'] ?? '',
        name: ref['name'] ?? '',
      }),
    () => {
      if (!policy)
        return `unable to get policy ${policyName} to determine minimum required permissions ${lacks}`;
      if (paramKind && (!parsed || resource === undefined))
        return `unable to ${parsed ? 'resolve' : 'parse'} paramKind &ParamKind{APIVersion:${paramKind['apiVersion']},Kind:${paramKind['kind']},} to determine minimum required permissions ${lacks}`;
      // kube-apiserver swaps the two for mutating bindings.
      const [who, what] =
        policies === 'mutatingadmissionpolicies' ? [verb, goUser(user)] : [goUser(user), verb];
      return `user ${who} does not have "${what}" permission on the object referenced by paramRef`;
    },
  );
  return words === undefined ? [] : [forbidden('spec.paramRef', words)];
}
