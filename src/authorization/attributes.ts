import type { UserInfo } from '../meta/user.ts';
import type { RequestInfo } from '../request/request-info.ts';
import type { AuthorizationAttributes, SelectorAttributes } from './authorizer.ts';
import { fieldSelectorAttributes, labelSelectorAttributes } from './selectors.ts';

/** What authorizers are asked of a request on its way. Selectors are parsed when somebody looks at them. */
class RequestAttributes implements AuthorizationAttributes {
  readonly user: UserInfo;
  readonly #info: RequestInfo;
  #fieldSelector: SelectorAttributes | undefined;
  #labelSelector: SelectorAttributes | undefined;

  constructor(info: RequestInfo, user: UserInfo) {
    this.#info = info;
    this.user = user;
  }

  get verb(): string {
    return this.#info.verb;
  }
  get isResourceRequest(): boolean {
    return this.#info.isResourceRequest;
  }
  get namespace(): string {
    return this.#info.namespace;
  }
  get apiGroup(): string {
    return this.#info.apiGroup;
  }
  get apiVersion(): string {
    return this.#info.apiVersion;
  }
  get resource(): string {
    return this.#info.resource;
  }
  get subresource(): string {
    return this.#info.subresource;
  }
  get name(): string {
    return this.#info.name;
  }
  get path(): string {
    return this.#info.path;
  }

  get fieldSelector(): SelectorAttributes | undefined {
    if (this.#info.fieldSelector === '') return undefined;
    this.#fieldSelector ??= fieldSelectorAttributes(this.#info.fieldSelector);
    return orNothing(this.#fieldSelector);
  }

  get labelSelector(): SelectorAttributes | undefined {
    if (this.#info.labelSelector === '') return undefined;
    this.#labelSelector ??= labelSelectorAttributes(this.#info.labelSelector);
    return orNothing(this.#labelSelector);
  }
}

/** A selector without terms is none. */
function orNothing(selector: SelectorAttributes): SelectorAttributes | undefined {
  return selector.requirements.length === 0 && selector.error === undefined ? undefined : selector;
}

/** The question a request puts to authorizers (apiserver pkg/endpoints/filters/authorization.go). */
export function requestAttributes(info: RequestInfo, user: UserInfo): AuthorizationAttributes {
  return new RequestAttributes(info, user);
}

const NO_RESOURCE = { namespace: '', apiGroup: '', apiVersion: '', resource: '', subresource: '', name: '' };

/** authorization.k8s.io/v1 ResourceAttributes; selectors as attributes carry them. */
export interface ResourceQuestion {
  verb: string;
  namespace?: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  name?: string;
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
