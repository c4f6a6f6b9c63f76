import { compileLabelSelector } from '../../meta/label-selector.ts';
import type { GroupResource, KubeObject } from '../../meta/object.ts';
import type { Lister } from '../../registry/lister.ts';
import type { ParamKind, ParamRef } from './objects.ts';

/** Where objects of a parameter kind are; undefined for a kind that nobody serves. */
export type FindParams = (kind: ParamKind) => { lister: Lister; namespaced: boolean } | undefined;

/** Looks parameter kinds up among what is served. */
export function paramFinder(
  resources: () => Iterable<{
    group: string;
    version: string;
    kind: string;
    plural: string;
    namespaced: boolean;
  }>,
  lister: (resource: GroupResource) => Lister | undefined,
): FindParams {
  return ({ apiVersion, kind }) => {
    for (const resource of resources()) {
      const own = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
      if (own !== apiVersion || resource.kind !== kind) continue;
      const found = lister({ group: resource.group, resource: resource.plural });
      if (found) return { lister: found, namespaced: resource.namespaced };
    }
    return undefined;
  };
}

/** `v1, Kind=ConfigMap`, as Go prints a GroupVersionKind. */
const kindText = ({ apiVersion, kind }: ParamKind): string =>
  `${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`;

/** Why a policy's parameters cannot be found at all. */
export const unknownParamKind = (kind: ParamKind): string =>
  `failed to find resource referenced by paramKind: '${kindText(kind)}'`;

/**
 * The parameters a binding evaluates its policy with, each for itself; none and undefined are different things
 * (apiserver pkg/admission/plugin/policy/generic, CollectParams).
 */
export function collectParams(
  kind: ParamKind | null | undefined,
  ref: ParamRef | null | undefined,
  namespace: string,
  find: FindParams,
): readonly (KubeObject | undefined)[] | { error: string } {
  if (!kind || !ref) return [undefined];
  const found = find(kind);
  if (!found) return { error: `paramKind kind \`${kindText(kind)}\` not known` };
  const { lister, namespaced } = found;
  if (!namespaced && ref.namespace)
    return { error: 'paramRef.namespace must not be provided for a cluster-scoped `paramKind`' };
  const place = namespaced ? ref.namespace || namespace : '';
  if (namespaced && place === '') {
    return {
      error: 'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    };
  }
  let params: KubeObject[];
  if (ref.name) {
    if (ref.selector) return { error: 'paramRef.name and paramRef.selector are mutually exclusive' };
    const one = lister.get(place, ref.name);
    params = one ? [one] : [];
  } else if (ref.selector) {
    const selector = compileLabelSelector(ref.selector);
    params = lister
      .list(namespaced ? place : undefined)
      .filter((one) => selector?.matches(one.metadata.labels ?? {}) ?? false);
  } else return { error: 'one of name or selector must be provided' };
  if (params.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    return { error: 'no params found for policy binding with `Deny` parameterNotFoundAction' };
  }
  return params;
}
