import type { AuthorizationAttributes } from '../authorization/authorizer.ts';

/** The question with some of it changed. A request's attributes may be read when asked for, so each is named here. */
export function changed(
  a: AuthorizationAttributes,
  change: Partial<AuthorizationAttributes>,
): AuthorizationAttributes {
  const { fieldSelector, labelSelector } = a;
  return {
    user: a.user,
    verb: a.verb,
    isResourceRequest: a.isResourceRequest,
    namespace: a.namespace,
    apiGroup: a.apiGroup,
    apiVersion: a.apiVersion,
    resource: a.resource,
    subresource: a.subresource,
    name: a.name,
    path: a.path,
    ...(fieldSelector ? { fieldSelector } : {}),
    ...(labelSelector ? { labelSelector } : {}),
    ...change,
  };
}
