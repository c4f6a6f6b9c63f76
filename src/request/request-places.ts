import { type RequestInfo, requestInfo } from './request-info.ts';

/** So many places are remembered, and none whose path is longer. */
const MOST = 4096;
const LONGEST = 512;
/** Methods whose RequestInfo has nothing of the query. */
const WITHOUT_QUERY = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Reads RequestInfo of requests that differ in the names of objects most of the time: the path before the name is taken apart once
 * for each method. What is read has a `place`, where the path is written as Kubernetes' clients do it: nothing encoded, no empty
 * part, no old verb.
 */
export class RequestPlaces {
  /** By method and path, up to and with the slash before the name; of collections, the whole path. */
  readonly #places = new Map<string, Map<string, RequestInfo>>();
  #size = 0;

  /** As `requestInfo`. The answer may be shared with other requests of the same path. */
  info(method: string, rawPath: string, query: URLSearchParams): RequestInfo {
    const known = this.#places.get(method);
    const behind = rawPath.lastIndexOf('/') + 1;
    if (known && behind < rawPath.length) {
      const like = known.get(rawPath.slice(0, behind));
      if (like) {
        const name = rawPath.slice(behind);
        if (!name.includes('%')) return infoAt(like, rawPath, name);
      } else if (WITHOUT_QUERY.has(method)) {
        const whole = known.get(rawPath);
        if (whole) return whole;
      }
    }
    const info = requestInfo(method, rawPath, query);
    const place = info.isResourceRequest && rawPath.length <= LONGEST ? placeOf(method, rawPath, info) : '';
    if (place !== '') this.#add(method, place, info);
    return info;
  }

  #add(method: string, place: string, info: RequestInfo): void {
    if (this.#size >= MOST) {
      this.#places.clear();
      this.#size = 0;
    }
    let known = this.#places.get(method);
    if (!known) {
      known = new Map();
      this.#places.set(method, known);
    }
    info.place = {};
    known.set(place, info);
    this.#size++;
  }
}

function infoAt(like: RequestInfo, path: string, name: string): RequestInfo {
  return {
    isResourceRequest: true,
    path,
    verb: like.verb,
    apiPrefix: like.apiPrefix,
    apiGroup: like.apiGroup,
    apiVersion: like.apiVersion,
    namespace: like.namespace,
    resource: like.resource,
    subresource: '',
    name,
    parts: [like.resource, name],
    fieldSelector: '',
    labelSelector: '',
    place: like.place,
  };
}

/** What other requests may have in common with this one; empty where its path is written in another way than usual. */
function placeOf(method: string, rawPath: string, info: RequestInfo): string {
  if (rawPath.includes('%') || rawPath.includes('//')) return '';
  const { apiPrefix, apiGroup, apiVersion, namespace, resource, name, parts } = info;
  const root = apiGroup === '' ? `/${apiPrefix}/${apiVersion}` : `/${apiPrefix}/${apiGroup}/${apiVersion}`;
  const collection = `${namespace === '' ? root : `${root}/namespaces/${namespace}`}/${resource}`;
  if (parts.length === 2 && rawPath === `${collection}/${name}`) return `${collection}/`;
  return parts.length === 1 && rawPath === collection && WITHOUT_QUERY.has(method) ? collection : '';
}
