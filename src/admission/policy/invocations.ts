import type { KubeObject } from '../../meta/object.ts';
import { notFoundError, type StatusError } from '../../meta/status.ts';
import type { ResourceVersion } from '../../registry/admission-hook.ts';
import type { Lister } from '../../registry/lister.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { type MatchParts, matches } from './matching.ts';
import type { PolicySpec } from './objects.ts';
import { collectParams, type FindParams, unknownParamKind } from './params.ts';
import type { Binding, Policy } from './policies.ts';

/** One evaluation of a policy: for one binding, with one parameter or none. */
export interface Invocation<P> {
  policy: P;
  binding: Binding;
  param: KubeObject | undefined;
  /** The version in which the policy is to see the request. */
  version: ResourceVersion;
}

/** A policy that cannot be evaluated as it is set up. */
export interface SetupFault<P> {
  policy: P;
  /** Absent: the policy itself is at fault. */
  binding?: Binding;
  why: string;
}

/** All evaluations that a request calls for, and what stands in the way of others, in order. */
export function invocations<Spec extends PolicySpec, Compiled, P extends Policy<Spec, Compiled>>(
  policies: readonly P[],
  attributes: AdmissionAttributes,
  parts: MatchParts,
  find: FindParams,
): (Invocation<P> | SetupFault<P>)[] {
  const found: (Invocation<P> | SetupFault<P>)[] = [];
  for (const policy of policies) {
    const fits = matches(policy.match, attributes, parts);
    if (!fits) continue;
    if ('error' in fits) {
      found.push({ policy, why: `failed to configure policy: ${fits.error}` });
      continue;
    }
    const { paramKind } = policy.spec;
    if (paramKind && !find(paramKind)) {
      found.push({ policy, why: `failed to configure policy: ${unknownParamKind(paramKind)}` });
      continue;
    }
    for (const binding of policy.bindings) {
      const fault = (why: string): void => {
        found.push({ policy, binding, why: `failed to configure binding: ${why}` });
      };
      const bound = matches(binding.match, attributes, parts);
      if (!bound) continue;
      if ('error' in bound) {
        fault(bound.error);
        continue;
      }
      const params = collectParams(paramKind, binding.spec.paramRef, attributes.namespace, find);
      if ('error' in params) fault(params.error);
      else for (const param of params) found.push({ policy, binding, param, version: fits });
    }
  }
  return found;
}

/** The namespace as expressions see it; a Namespace is in none. */
export function namespaceOf(
  { kind, namespace }: AdmissionAttributes,
  namespaces: Lister,
): KubeObject | StatusError | undefined {
  if (namespace === '' || (kind.group === '' && kind.kind === 'Namespace')) return undefined;
  return namespaces.get('', namespace) ?? notFoundError({ group: '', resource: 'namespaces' }, namespace);
}
