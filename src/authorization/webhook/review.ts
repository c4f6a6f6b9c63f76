import type { AuthorizationAttributes, SelectorAttributes } from '../authorizer.ts';

/** authorization.k8s.io/v1 SubjectAccessReviewSpec as it is sent: what is empty is left out. */
export interface SentSpec {
  resourceAttributes?: SentResource;
  nonResourceAttributes?: { path?: string; verb?: string };
  user?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
  uid?: string;
}

export interface SentResource {
  namespace?: string;
  verb?: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  name?: string;
  fieldSelector?: SentSelector;
  labelSelector?: SentSelector;
}

export interface SentSelector {
  requirements: { key: string; operator: string; values?: readonly string[] }[];
}

export type ReviewVersion = 'v1' | 'v1beta1';

/** What a webhook is told of a request (apiserver plugin/pkg/authorizer/webhook/webhook.go). */
export function sentSpec(asked: AuthorizationAttributes): SentSpec {
  const { user } = asked;
  const subject: SentSpec = {
    ...(user.name ? { user: user.name } : {}),
    ...(user.groups.length ? { groups: user.groups } : {}),
    ...(user.extra && Object.keys(user.extra).length ? { extra: user.extra } : {}),
    ...(user.uid ? { uid: user.uid } : {}),
  };
  if (!asked.isResourceRequest) {
    const { path, verb } = asked;
    return { nonResourceAttributes: { ...(path ? { path } : {}), ...(verb ? { verb } : {}) }, ...subject };
  }
  return { resourceAttributes: sentResource(asked), ...subject };
}

function sentResource(asked: AuthorizationAttributes): SentResource {
  const { namespace, verb, apiGroup: group, apiVersion: version, resource, subresource, name } = asked;
  const fieldSelector = sentSelector(asked.fieldSelector);
  const labelSelector = sentSelector(asked.labelSelector);
  return {
    ...(namespace ? { namespace } : {}),
    ...(verb ? { verb } : {}),
    ...(group ? { group } : {}),
    ...(version ? { version } : {}),
    ...(resource ? { resource } : {}),
    ...(subresource ? { subresource } : {}),
    ...(name ? { name } : {}),
    ...(fieldSelector ? { fieldSelector } : {}),
    ...(labelSelector ? { labelSelector } : {}),
  };
}

/** Terms the API has no words for are left out: that only widens what is asked for. */
function sentSelector(selector: SelectorAttributes | undefined): SentSelector | undefined {
  const requirements = (selector?.requirements ?? [])
    .filter(({ operator }) => operator !== 'Gt' && operator !== 'Lt')
    .map(({ key, operator, values }) => ({ key, operator, ...(values.length ? { values } : {}) }));
  return requirements.length ? { requirements } : undefined;
}

/** The review's body. v1beta1 has `group` for `groups`. */
export function reviewBody(spec: SentSpec, version: ReviewVersion): string {
  const { groups, ...rest } = spec;
  const named = groups ? (version === 'v1beta1' ? { group: groups } : { groups }) : {};
  return JSON.stringify({
    kind: 'SubjectAccessReview',
    apiVersion: `authorization.k8s.io/${version}`,
    metadata: {},
    spec: { ...rest, ...named },
    status: { allowed: false },
  });
}
