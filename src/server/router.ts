import { requestAttributes } from '../authorization/attributes.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import { forbiddenStatus } from '../authorization/forbidden.ts';
import {
  badRequestError,
  methodNotAllowedError,
  notFoundError,
  resourceNotFoundError,
  verbNotSupportedError,
} from '../meta/status.ts';
import type { AdmissionHook } from '../registry/admission-hook.ts';
import type { Registry, ServedResource } from '../registry/registry.ts';
import { shownScale } from '../registry/scale.ts';
import { strategyOf } from '../registry/strategies.ts';
import { answerPageNotFound, wantsPretty } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import { answerComponents, type Component } from './component-status.ts';
import type { Discovery } from './discovery.ts';
import { connect } from './handlers/connect.ts';
import { create, createVirtual } from './handlers/create.ts';
import { deleteCollection, deleteOne } from './handlers/delete.ts';
import { get } from './handlers/get.ts';
import { list } from './handlers/list.ts';
import { listOptions } from './handlers/list-options.ts';
import { patch } from './handlers/patch.ts';
import { selection } from './handlers/selection.ts';
import { update } from './handlers/update.ts';
import { type OpenWatches, watch } from './handlers/watch.ts';
import { answerResource } from './handlers/write-support.ts';
import {
  fitsAny,
  MEDIA_TYPES,
  type MediaType,
  type Negotiated,
  NO_TRANSFORM,
  negotiate,
  notAcceptableError,
  nothingAvailableError,
  type Transform,
} from './negotiation.ts';
import { tableOf } from './resource-table.ts';
import { scaleTable } from './scale-table.ts';

/** Custom resources have no protobuf form; their metadata has. */
const WITHOUT_PROTOBUF: readonly MediaType[] = ['application/json', 'application/yaml'];
const WATCHABLE: readonly MediaType[] = ['application/json', 'application/vnd.kubernetes.protobuf'];

export interface RouterParts {
  registry: Registry;
  discovery: Discovery;
  authorization: AuthorizationChain;
  admissionFor(request: ApiRequest): AdmissionHook;
  watches: OpenWatches;
  /** What componentstatuses tells of. */
  components: readonly Component[];
}

/** What a resource path asks for, once it is known to be one. */
interface Target {
  served: ServedResource;
  /** `namespaces/x/status` and the like: what stands behind the name. */
  subresource: string;
  name: string;
}

/** From a path under `/api` or `/apis` to the handler of its resource and verb. */
export class ResourceRouter {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  #target(request: ApiRequest): Target | undefined {
    const { info } = request;
    const served = this.#parts.registry.find(info.apiGroup, info.apiVersion, info.resource);
    if (!served || (!info.place && info.path.includes('//')) || hasOldVerb(request, 'proxy'))
      return undefined;
    const { namespaced } = served.descriptor;
    const isNamespaces = info.apiGroup === '' && info.resource === 'namespaces';
    if (!namespaced && !isNamespaces && info.namespace !== '') return undefined;
    if (namespaced && info.namespace === '' && info.name !== '' && info.parts.length > 1) return undefined;
    // What is behind a proxy has paths of its own.
    if (info.parts.length > 3 && info.subresource !== 'proxy') return undefined;
    const name = info.parts.length > 1 ? info.name : '';
    if (name.includes('/') || name.includes('%')) return undefined;
    return { served, subresource: info.subresource, name };
  }

  /** Throws the StatusError that the request is to be answered with, or rejects with it. */
  handle(request: ApiRequest): void | Promise<void> {
    const { info } = request;
    const { path } = request.exchange;
    if (!info.place && isEncoded(info.path, path)) throw resourceNotFoundError();
    const target = this.#target(request);
    if (!target) {
      const { discovery } = this.#parts;
      if (
        info.apiPrefix === 'apis' &&
        (!discovery.hasGroup(info.apiGroup) || discovery.isCustom(info.apiGroup))
      )
        return answerPageNotFound(request);
      throw resourceNotFoundError();
    }
    const { store, descriptor } = target.served;
    const deprecated = (store?.strategy ?? strategyOf(descriptor.group, descriptor.plural)).deprecated;
    if (deprecated) request.warn(deprecated);
    if (target.subresource !== '') return this.#subresource(request, target);
    const { served, name } = target;
    const { method } = request.exchange;
    // `/watch/…` paths can be read, nothing else.
    if (method !== 'GET' && hasOldVerb(request, 'watch')) throw methodNotAllowedError();
    if (served.virtual) {
      if (name !== '') throw resourceNotFoundError();
      if (method !== 'POST' || (served.descriptor.namespaced && info.namespace === ''))
        throw methodNotAllowedError();
      const { group, version, kind } = served.descriptor;
      const negotiated = this.#negotiate(request, served, false);
      return createVirtual(
        request,
        served,
        served.virtual,
        { group, version, kind },
        negotiated,
        tableOf(served),
        this.#admission(request),
      );
    }
    if (served.discoveryVerbs) return this.#custom(request, target);
    return name === ''
      ? this.#collection(request, served, method)
      : this.#object(request, served, name, method);
  }

  /** Custom resources have one handler for all paths: it looks at the verb alone, and at the scope before it. */
  #custom(request: ApiRequest, { served, name }: Target): void | Promise<void> {
    const { method } = request.exchange;
    const everywhere = served.descriptor.namespaced && request.info.namespace === '';
    if (everywhere && method !== 'GET') return answerPageNotFound(request);
    if (method === 'POST') return this.#collection(request, served, method);
    if (name !== '') return this.#object(request, served, name, method);
    if (method === 'PUT' || method === 'PATCH') throw badRequestError('name must be provided');
    return this.#collection(request, served, method);
  }

  #collection(request: ApiRequest, served: ServedResource, method: string): void | Promise<void> {
    const { info, query } = request;
    const { descriptor } = served;
    const everywhere = descriptor.namespaced && info.namespace === '';
    const special = info.parts.length > 0 && info.verb === 'watch';
    if (method === 'GET') {
      const watching = info.verb === 'watch';
      if (!descriptor.verbs.includes(watching ? 'watch' : 'list')) throw methodNotAllowedError();
      const negotiated = watching
        ? this.#negotiateWatch(request, served)
        : this.#negotiate(request, served, true);
      const options = listOptions(query, watching);
      const chosen = selection(served, info.namespace, '', options.fieldSelector, options.labelSelector);
      if (!served.store)
        return answerComponents(request, served, this.#parts.components, chosen, '', negotiated);
      if (watching || special)
        return watch(request, served, chosen, options, negotiated, tableOf(served), this.#parts.watches);
      return list(request, served, chosen, options, negotiated, tableOf(served));
    }
    if (everywhere) throw methodNotAllowedError();
    const admission = this.#admission(request);
    if (method === 'POST' && descriptor.verbs.includes('create')) {
      return create(request, served, this.#negotiate(request, served, true), tableOf(served), admission);
    }
    if (method === 'DELETE' && descriptor.verbs.includes('deletecollection')) {
      const negotiated = this.#negotiate(request, served, true);
      const options = listOptions(query, false);
      const chosen = selection(served, info.namespace, '', options.fieldSelector, options.labelSelector);
      return deleteCollection(request, served, chosen, options, negotiated, tableOf(served), admission);
    }
    throw methodNotAllowedError();
  }

  #object(request: ApiRequest, served: ServedResource, name: string, method: string): void | Promise<void> {
    const { descriptor } = served;
    const { info } = request;
    const verb = { GET: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method];
    if (!verb || !descriptor.verbs.includes(verb)) throw methodNotAllowedError();
    if (verb === 'get' && info.verb === 'watch') {
      const negotiated = this.#negotiateWatch(request, served);
      const options = listOptions(request.query, true);
      const chosen = selection(served, info.namespace, name, options.fieldSelector, options.labelSelector);
      return watch(request, served, chosen, options, negotiated, tableOf(served), this.#parts.watches);
    }
    const negotiated = this.#negotiate(request, served, true);
    const table = tableOf(served);
    if (!served.store) {
      const none = selection(served, '', '', '', '');
      return answerComponents(request, served, this.#parts.components, none, name, negotiated);
    }
    if (verb === 'get') return get(request, served, negotiated, table);
    const admission = this.#admission(request);
    if (verb === 'delete') return deleteOne(request, served, negotiated, table, admission);
    const { group, version, kind } = descriptor;
    const parts = {
      request,
      served,
      subresource: undefined,
      kind: { group, version, kind },
      negotiated,
      table,
      admission,
      authorizeCreate: () => this.#authorizeCreate(request),
    };
    return verb === 'update' ? update(parts) : patch(parts);
  }

  #subresource(request: ApiRequest, { served, subresource, name }: Target): void | Promise<void> {
    const sub = served.subresources.get(subresource);
    if (!sub) throw served.discoveryVerbs ? notFoundError(resourceOf(served), name) : resourceNotFoundError();
    const { descriptor, handler } = sub;
    const verb = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[
      request.exchange.method
    ];
    if (!verb || !descriptor.verbs.includes(verb))
      throw served.discoveryVerbs
        ? verbNotSupportedError(resourceOf(served), request.info.verb)
        : methodNotAllowedError();
    const own = served.descriptor;
    const kind = {
      group: descriptor.kindGroup ?? own.group,
      version: descriptor.kindVersion ?? own.version,
      kind: descriptor.kind,
    };
    const negotiated = this.#negotiate(request, served, handler.as !== 'connect' && handler.as !== 'create');
    const table = handler.as === 'scale' ? scaleTable(served) : tableOf(served);
    if (handler.as === 'connect') return connect(request, this.#parts.registry, served, subresource, name);
    if (verb === 'get') {
      if (handler.as !== 'scale') return get(request, served, negotiated, table);
      const { object } = served.store!.get(own.namespaced ? request.info.namespace : '', name);
      const scale = shownScale({ group: own.group, resource: own.plural }, object, handler.mapping);
      return answerResource(request, 200, negotiated, served, scale, table);
    }
    const admission = this.#admission(request);
    if (handler.as === 'create')
      return createVirtual(request, served, handler.virtual, kind, negotiated, table, admission);
    const parts = {
      request,
      served,
      subresource: handler,
      kind,
      negotiated,
      table,
      admission,
      authorizeCreate: () => this.#authorizeCreate(request),
    };
    return verb === 'update' ? update(parts) : patch(parts);
  }

  #admission(request: ApiRequest): AdmissionHook {
    return this.#parts.admissionFor(request);
  }

  /** A PUT or apply that finds nothing creates: the caller needs that right too. */
  async #authorizeCreate(request: ApiRequest): Promise<void> {
    const attributes = { ...requestAttributes(request.info, request.user), verb: 'create' };
    const outcome = await this.#parts.authorization.authorize(attributes);
    if (outcome.decision !== 'allow') throw forbiddenStatus(attributes, outcome.reason);
  }

  #negotiate(request: ApiRequest, served: ServedResource, objects: boolean): Negotiated {
    const accept = request.exchange.header('accept');
    const chosen = negotiate(
      accept,
      MEDIA_TYPES,
      objects ? isMetaTransform : NO_TRANSFORM,
      served.discoveryVerbs ? WITHOUT_PROTOBUF : MEDIA_TYPES,
    );
    if (chosen) {
      if (!chosen.pretty && wantsPretty(request)) return { ...chosen, pretty: true };
      return chosen;
    }
    throw served.discoveryVerbs || fitsAny(accept!, MEDIA_TYPES)
      ? notAcceptableError(MEDIA_TYPES)
      : nothingAvailableError(MEDIA_TYPES);
  }

  #negotiateWatch(request: ApiRequest, served: ServedResource): Negotiated {
    const accept = request.exchange.header('accept');
    const custom = served.discoveryVerbs !== undefined;
    const chosen = negotiate(accept, WATCHABLE, isMetaTransform, custom ? WITHOUT_PROTOBUF : WATCHABLE);
    if (chosen) return chosen;
    // What could be an answer but not a stream is told what streams come in.
    if (negotiate(accept, MEDIA_TYPES, isMetaTransform, custom ? WITHOUT_PROTOBUF : MEDIA_TYPES))
      throw notAcceptableError(WATCHABLE.map((type) => `${type};stream=watch`));
    throw custom || fitsAny(accept!, MEDIA_TYPES)
      ? notAcceptableError(MEDIA_TYPES)
      : nothingAvailableError(MEDIA_TYPES);
  }
}

/** Whether a path has a slash that stands for itself, before or after it was decoded. */
const isEncoded = (path: string, sent: string): boolean =>
  path.includes('%2F') || (sent.includes('%') && sent.toLowerCase().includes('%2f'));

/** Whether a path has the verb that old ones have before the resource: `/api/v1/watch/…`, `/api/v1/proxy/…`. */
function hasOldVerb({ info }: ApiRequest, verb: 'watch' | 'proxy'): boolean {
  return (
    !info.place && info.path.includes(verb) && info.path.split('/')[info.apiPrefix === 'api' ? 3 : 4] === verb
  );
}

const resourceOf = ({ descriptor: { group, plural } }: ServedResource) => ({ group, resource: plural });

function isMetaTransform({ as, group, version }: Transform, mediaType: MediaType): boolean {
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return false;
  if (as === 'Table') return mediaType !== 'application/vnd.kubernetes.protobuf';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList';
}

export { answerResource };
