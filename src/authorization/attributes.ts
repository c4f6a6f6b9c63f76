import type { UserInfo } from '../meta/user.ts';
import { type RequestInfo, requestInfo } from '../request/request-info.ts';
import type { AuthorizationAttributes, SelectorAttributes } from './authorizer.ts';
import { fieldSelectorAttributes, labelSelectorAttributes } from './selectors.ts';

/**
 * The question a request puts to authorizers (apiserver pkg/endpoints/filters/authorization.go). Selectors are parsed when
 * somebody looks at them, which most authorizers never do.
 */
export function requestAttributes(info: RequestInfo, user: UserInfo): AuthorizationAttributes {
  const { verb, isResourceRequest, namespace, apiGroup, apiVersion, resource, subresource, name, path } =
    info;
  const attributes: AuthorizationAttributes = {
    user,
    verb,
    isResourceRequest,
    namespace,
    apiGroup,
    apiVersion,
    resource,
    subresource,
    name,
    path,
  };
  if (info.fieldSelector !== '')
    parseLater(attributes, 'fieldSelector', () => fieldSelectorAttributes(info.fieldSelector));
  if (info.labelSelector !== '')
    parseLater(attributes, 'labelSelector', () => labelSelectorAttributes(info.labelSelector));
  return attributes;
}

function parseLater(
  attributes: AuthorizationAttributes,
  kind: 'fieldSelector' | 'labelSelector',
  parse: () => SelectorAttributes,
): void {
  let parsed: SelectorAttributes | undefined;
  Object.defineProperty(attributes, kind, {
    // Whoever copies the attributes takes the selectors along.
    enumerable: true,
    get(): SelectorAttributes | undefined {
      parsed ??= parse();
      // A selector without terms is none.
      return parsed.requirements.length === 0 && parsed.error === undefined ? undefined : parsed;
    },
  });
}

const NO_RESOURCE = { namespace: '', apiGroup: '', apiVersion: '', resource: '', subresource: '', name: '' };

/** authorization.k8s.io/v1 ResourceAttributes; selectors as attributes carry them. */
export interface ResourceQuestion {
  verb: string;
  namespace?: string | undefined;
  group?: string | undefined;
  version?: string | undefined;
  resource?: string | undefined;
  subresource?: string | undefined;
  name?: string | undefined;
  fieldSelector?: SelectorAttributes | undefined;
  labelSelector?: SelectorAttributes | undefined;
}

/** The question whether a user may do something to a resource, asked without a request of that kind. */
export function resourceAttributes(user: UserInfo, asked: ResourceQuestion): AuthorizationAttributes {
  return {
    user,
    verb: asked.verb,
    isResourceRequest: true,
    namespace: asked.namespace ?? '',
    apiGroup: asked.group ?? '',
    apiVersion: asked.version || '*',
    resource: asked.resource ?? '',
    subresource: asked.subresource ?? '',
    name: asked.name ?? '',
    path: '',
    fieldSelector: asked.fieldSelector,
    labelSelector: asked.labelSelector,
  };
}

/** The same of a path. */
export function pathAttributes(user: UserInfo, verb: string, path: string): AuthorizationAttributes {
  return { user, verb, isResourceRequest: false, ...NO_RESOURCE, path };
}

/** The question that a request of this method and URL puts to authorizers: what sallyport's own server asks. */
export function attributesOf(method: string, url: string, user: UserInfo): AuthorizationAttributes {
  const { pathname, searchParams } = new URL(url, 'https://server.invalid');
  return requestAttributes(requestInfo(method, pathname, searchParams), user);
}
