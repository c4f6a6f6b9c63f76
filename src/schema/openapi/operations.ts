import type { GroupVersionKind } from '../../meta/object.ts';
import { operationWord, tagName } from './names.ts';
import { type OpenApiVersion, REFS, type Schema } from './schemas.ts';

/** One resource as the paths of a document need it. */
export interface PathResource extends GroupVersionKind {
  plural: string;
  namespaced: boolean;
  verbs: readonly string[];
  /** Models of the object and of its list. */
  model: string;
  listModel: string | undefined;
  subresources: readonly {
    name: string;
    verbs: readonly string[];
    model: string | undefined;
    gvk: GroupVersionKind;
  }[];
}

const PRODUCES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const STREAMS = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

interface Verb {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  action: string;
  /** How operation ids begin. */
  word: string;
  query: readonly Parameter[];
  body?: string;
  codes: Readonly<Record<string, string>>;
}
type Parameter = readonly [string, 'string' | 'integer' | 'boolean'];

const OK = { 200: 'OK' };
const CREATED = { 200: 'OK', 201: 'Created' };
const WRITE: readonly Parameter[] = [
  ['dryRun', 'string'],
  ['fieldManager', 'string'],
  ['fieldValidation', 'string'],
];
const DELETE: readonly Parameter[] = [
  ['dryRun', 'string'],
  ['gracePeriodSeconds', 'integer'],
  ['ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean'],
  ['orphanDependents', 'boolean'],
  ['propagationPolicy', 'string'],
];
const LIST: readonly Parameter[] = [
  ['allowWatchBookmarks', 'boolean'],
  ['continue', 'string'],
  ['fieldSelector', 'string'],
  ['labelSelector', 'string'],
  ['limit', 'integer'],
  ['resourceVersion', 'string'],
  ['resourceVersionMatch', 'string'],
  ['sendInitialEvents', 'boolean'],
  ['timeoutSeconds', 'integer'],
  ['watch', 'boolean'],
];
const VERBS: Readonly<Record<string, Verb>> = {
  get: { method: 'get', action: 'get', word: 'read', query: [], codes: OK },
  list: { method: 'get', action: 'list', word: 'list', query: LIST, codes: OK },
  create: {
    method: 'post',
    action: 'post',
    word: 'create',
    query: WRITE,
    codes: { ...CREATED, 202: 'Accepted' },
  },
  update: { method: 'put', action: 'put', word: 'replace', query: WRITE, codes: CREATED },
  patch: {
    method: 'patch',
    action: 'patch',
    word: 'patch',
    query: [...WRITE, ['force', 'boolean']],
    body: `${META}.Patch`,
    codes: CREATED,
  },
  delete: {
    method: 'delete',
    action: 'delete',
    word: 'delete',
    query: DELETE,
    body: `${META}.DeleteOptions`,
    codes: { 200: 'OK', 202: 'Accepted' },
  },
  deletecollection: {
    method: 'delete',
    action: 'deletecollection',
    word: 'deleteCollection',
    query: [...DELETE, ...LIST],
    body: `${META}.DeleteOptions`,
    codes: OK,
  },
};

/** The paths of a resource: of the collection, of one object, and of its subresources. */
export function pathsOf(resource: PathResource, version: OpenApiVersion): Schema {
  const { group, version: apiVersion, plural, namespaced } = resource;
  const root = group === '' ? `/api/${apiVersion}` : `/apis/${group}/${apiVersion}`;
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const object = `${collection}/{name}`;
  const paths: Schema = {};
  const add = (
    path: string,
    verbs: readonly string[],
    model: string | undefined,
    gvk: GroupVersionKind,
    suffix: string,
    wide = false,
  ): void => {
    const item: Schema = {};
    for (const name of verbs) {
      const verb = VERBS[name];
      if (verb) item[verb.method] = operation(resource, verb, name, model, gvk, suffix, wide, version);
    }
    if (Object.keys(item).length === 0) return;
    paths[path] = { ...item, parameters: pathParameters(path, version) };
  };
  const has = (...names: string[]): string[] => names.filter((name) => resource.verbs.includes(name));
  const own: GroupVersionKind = { group, version: apiVersion, kind: resource.kind };
  if (namespaced) add(`${root}/${plural}`, has('list'), resource.model, own, 'ForAllNamespaces', true);
  add(collection, has('list', 'create', 'deletecollection'), resource.model, own, '');
  add(object, has('get', 'update', 'patch', 'delete'), resource.model, own, '');
  for (const sub of resource.subresources) {
    const suffix = sub.name.charAt(0).toUpperCase() + sub.name.slice(1);
    add(`${object}/${sub.name}`, sub.verbs, sub.model, sub.gvk, suffix);
  }
  return paths;
}

function operation(
  resource: PathResource,
  verb: Verb,
  name: string,
  model: string | undefined,
  gvk: GroupVersionKind,
  suffix: string,
  wide: boolean,
  version: OpenApiVersion,
): Schema {
  const shown = name === 'list' ? resource.listModel : name.startsWith('delete') ? `${META}.Status` : model;
  const body = verb.body ?? (verb.method === 'post' || verb.method === 'put' ? model : undefined);
  const scope = resource.namespaced && !wide ? 'Namespaced' : '';
  const produces = name === 'list' ? [...PRODUCES, ...STREAMS] : PRODUCES;
  const query = verb.query.map(([parameter, type]) => queryParameter(parameter, type, version));
  const consumes = name === 'patch' ? PATCHES : ['*/*'];
  const responses: Schema = { 401: { description: 'Unauthorized' } };
  for (const [code, description] of Object.entries(verb.codes)) {
    responses[code] = { description, ...content(shown, produces, version, 'response') };
  }
  const common = {
    operationId: `${verb.word}${operationWord(resource.group, resource.version)}${scope}${resource.kind}${suffix}`,
    tags: [tagName(resource.group, resource.version)],
    responses,
    'x-kubernetes-action': verb.action,
    'x-kubernetes-group-version-kind': gvk,
  };
  if (version === 3) {
    return {
      ...common,
      ...(query.length ? { parameters: query } : {}),
      ...(body
        ? {
            requestBody: {
              ...content(body, consumes, version, 'request'),
              ...(verb.action.startsWith('delete') ? {} : { required: true }),
            },
          }
        : {}),
    };
  }
  const bodyParameter = {
    in: 'body',
    name: 'body',
    ...(verb.action.startsWith('delete') ? {} : { required: true }),
    schema: { $ref: REFS[2] + body },
  };
  return {
    ...common,
    consumes,
    produces,
    schemes: ['https'],
    parameters: [...(body ? [bodyParameter] : []), ...query],
  };
}

function content(
  model: string | undefined,
  types: readonly string[],
  version: OpenApiVersion,
  of: 'request' | 'response',
): Schema {
  if (model === undefined) return of === 'response' && version === 2 ? { schema: { type: 'string' } } : {};
  const schema = { $ref: REFS[version] + model };
  if (version === 2) return { schema };
  return { content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

function queryParameter(name: string, type: string, version: OpenApiVersion): Schema {
  const schema = { type, uniqueItems: true };
  return version === 3 ? { in: 'query', name, schema } : { in: 'query', name, ...schema };
}

function pathParameters(path: string, version: OpenApiVersion): Schema[] {
  const schema = { type: 'string', uniqueItems: true };
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    in: 'path',
    name,
    required: true,
    ...(version === 3 ? { schema } : schema),
  }));
  return [...parameters, queryParameter('pretty', 'string', version)];
}
