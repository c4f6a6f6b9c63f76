/** What a request asks for, read off its method and path alone (apiserver pkg/endpoints/request/requestinfo.go). */
export interface RequestInfo {
  isResourceRequest: boolean;
  /** The path as it was sent, percent-decoded, without the query. */
  path: string;
  /** get, list, watch, create, update, patch, delete, deletecollection; for paths the method in lower case. */
  verb: string;
  /** `api` or `apis`, empty for paths outside them. */
  apiPrefix: string;
  apiGroup: string;
  apiVersion: string;
  namespace: string;
  resource: string;
  subresource: string;
  name: string;
  /** The path's parts from the resource on. */
  parts: string[];
  /** As sent; read for list, watch and deletecollection only. */
  fieldSelector: string;
  labelSelector: string;
  /** The same for requests that differ in nothing but the name; see request-places.ts. */
  place?: object | undefined;
}

const SPECIAL_VERBS = new Set(['proxy', 'watch']);
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);
const METHOD_VERBS: Record<string, string> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** A path segment as the API takes one for a name: not empty, not a dot path, no slash or percent sign. */
export function isPathSegment(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name);
}

/**
 * Reads RequestInfo off a method and a request target. `query` is the part behind the question mark.
 * A path that cannot be percent-decoded is kept as it was sent.
 */
export function requestInfo(method: string, rawPath: string, query: URLSearchParams): RequestInfo {
  const path = decodePath(rawPath);
  const info: RequestInfo = {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    apiPrefix: '',
    apiGroup: '',
    apiVersion: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    parts: [],
    fieldSelector: '',
    labelSelector: '',
    place: undefined,
  };
  let parts = splitPath(path);
  if (parts.length < 3) return info;
  if (parts[0] !== 'api' && parts[0] !== 'apis') return info;
  info.apiPrefix = parts[0];
  parts = parts.slice(1);
  if (info.apiPrefix === 'apis') {
    if (parts.length < 3) return info;
    info.apiGroup = parts[0]!;
    parts = parts.slice(1);
  }
  info.isResourceRequest = true;
  info.apiVersion = parts[0]!;
  parts = parts.slice(1);

  let special = false;
  if (SPECIAL_VERBS.has(parts[0]!)) {
    // kube-apiserver refuses these with a 500 it never shows: the mux has no such route.
    if (parts.length < 2) return info;
    special = true;
    info.verb = parts[0]!;
    parts = parts.slice(1);
  } else {
    info.verb = METHOD_VERBS[method] ?? '';
  }
  if (parts[0] === 'namespaces') {
    if (parts.length > 1) {
      info.namespace = parts[1]!;
      if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2]!)) parts = parts.slice(2);
    }
  }
  info.parts = parts;
  if (parts.length >= 3 && !special) info.subresource = parts[2]!;
  if (parts.length >= 2) info.name = parts[1]!;
  if (parts.length >= 1) info.resource = parts[0]!;

  if (info.name === '' && info.verb === 'get') {
    const watch = query.get('watch');
    info.verb = watch !== null && !['false', '0'].includes(watch.toLowerCase()) ? 'watch' : 'list';
  }
  if (info.name === '' && info.verb === 'delete') info.verb = 'deletecollection';
  if (info.verb === 'list' || info.verb === 'watch' || info.verb === 'deletecollection') {
    info.fieldSelector = query.get('fieldSelector') ?? '';
    info.labelSelector = query.get('labelSelector') ?? '';
    if (info.name === '' && info.verb !== 'deletecollection')
      info.name = nameOfFieldSelector(info.fieldSelector);
  }
  return info;
}

/** `metadata.name=x` makes a list or watch a named one: rights given by resourceNames reach it. */
function nameOfFieldSelector(selector: string): string {
  if (!selector.includes('metadata.name')) return '';
  for (const term of selector.split(/(?<!\\),/)) {
    const match = /^metadata\.name={1,2}([^=].*)?$/.exec(term);
    if (match) return isPathSegment(match[1] ?? '') ? match[1]! : '';
  }
  return '';
}

function decodePath(raw: string): string {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

function splitPath(path: string): string[] {
  let [start, end] = [0, path.length];
  while (start < end && path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return start === end ? [] : path.slice(start, end).split('/');
}
