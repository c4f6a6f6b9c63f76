import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { GroupVersionKind } from '../../meta/object.ts';
import { type ResourceDescriptor, resources } from '../resources.ts';
import { typeTable } from '../type-table.ts';
import { type CustomResource, customListSchema, customSchema } from './custom-schemas.ts';
import { encodeOpenApiV2 } from './gnostic.ts';
import { encodeOpenApiV3 } from './gnostic-v3.ts';
import { customModelName, modelName } from './names.ts';
import { type PathResource, pathsOf } from './operations.ts';
import { modelSchema, type OpenApiVersion, publishedNames, referredTypes, type Schema } from './schemas.ts';

/** A document ready to be sent. */
export interface OpenApiDocument {
  bytes: Buffer;
  /** Hexadecimal, upper-case; also what `?hash=` names it by. */
  etag: string;
  /** The bytes compressed, made when first asked for. */
  gzip(): Buffer;
}

export interface OpenApiSource {
  /** `v1.36.2`, as the documents' info shows it. */
  version: string;
  /** Custom resources by name of their definition; asked again whenever `generation` has changed. */
  customResources(): readonly CustomResource[];
  generation(): number;
}

const ALWAYS = ['meta/v1.Status', 'meta/v1.DeleteOptions', 'meta/v1.Patch', 'meta/v1.WatchEvent'];
const VERSION_INFO = 'io.k8s.apimachinery.pkg.version.Info';
const INFO_FIELDS = [
  'major',
  'minor',
  'gitVersion',
  'gitCommit',
  'gitTreeState',
  'buildDate',
  'goVersion',
  'compiler',
  'platform',
];

/** `/openapi/v2` and `/openapi/v3`, made from the type table when somebody asks and kept until a definition changes. */
export class OpenApiDocuments {
  readonly #source: OpenApiSource;
  readonly #made = new Map<string, OpenApiDocument>();
  #generation = -1;

  constructor(source: OpenApiSource) {
    this.#source = source;
  }

  v2Json(): OpenApiDocument {
    return this.#once('v2.json', () => Buffer.from(JSON.stringify(this.#v2())));
  }

  /** `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`: what kubectl asks for. */
  v2Protobuf(): OpenApiDocument {
    return this.#once('v2.pb', () => encodeOpenApiV2(this.#v2()));
  }

  /** The index at `/openapi/v3`. */
  v3Index(): OpenApiDocument {
    return this.#once('v3', () => {
      const paths: Schema = {};
      for (const path of this.v3Paths()) {
        paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${this.v3Document(path)!.etag}` };
      }
      return Buffer.from(JSON.stringify({ paths }));
    });
  }

  /** `api/v1`, `apis/apps/v1`, …: what the index lists. */
  v3Paths(): string[] {
    const paths = new Set(['version']);
    for (const { group, version } of [...resources, ...this.#source.customResources()])
      paths.add(pathOf(group, version));
    return [...paths].sort();
  }

  /** The document of one group version; undefined where there is none. */
  v3Document(path: string): OpenApiDocument | undefined {
    if (!this.v3Paths().includes(path)) return undefined;
    return this.#once(`v3/${path}`, () =>
      Buffer.from(JSON.stringify(path === 'version' ? this.#versionDocument() : this.#v3(path))),
    );
  }

  /** The same as protobuf; its name stays that of the JSON, by which the index tells of it. */
  v3Protobuf(path: string): OpenApiDocument | undefined {
    const json = this.v3Document(path);
    if (!json) return undefined;
    const made = this.#once(`v3/${path}.pb`, () => encodeOpenApiV3(JSON.parse(json.bytes.toString())));
    return { bytes: made.bytes, etag: json.etag, gzip: () => made.gzip() };
  }

  #once(key: string, make: () => Buffer): OpenApiDocument {
    const generation = this.#source.generation();
    if (generation !== this.#generation) {
      this.#made.clear();
      this.#generation = generation;
    }
    let document = this.#made.get(key);
    if (!document) {
      document = documentOf(make());
      this.#made.set(key, document);
    }
    return document;
  }

  #info(): Schema {
    return { title: 'Kubernetes', version: this.#source.version };
  }

  #v2(): Schema {
    const definitions: Schema = {};
    for (const name of publishedNames()) definitions[modelName(name)] = modelSchema(name, 2, kindsOf(name));
    definitions[VERSION_INFO] = versionInfo();
    const paths: Schema = { '/version/': { get: versionOperation(2) } };
    for (const resource of resources) Object.assign(paths, pathsOf(pathResource(resource), 2));
    for (const resource of this.#source.customResources()) {
      Object.assign(definitions, customModels(resource, 2));
      Object.assign(paths, pathsOf(customPathResource(resource), 2));
    }
    return {
      swagger: '2.0',
      info: this.#info(),
      paths,
      definitions: sorted(definitions),
      securityDefinitions: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
      security: [{ BearerToken: [] }],
    };
  }

  #v3(path: string): Schema {
    const built = resources.filter(({ group, version }) => pathOf(group, version) === path);
    const custom = this.#source
      .customResources()
      .filter(({ group, version }) => pathOf(group, version) === path);
    const names = new Set(ALWAYS);
    if (custom.length) names.add('meta/v1.ObjectMeta').add('meta/v1.ListMeta');
    for (const resource of built) for (const name of typesOf(resource)) names.add(name);
    // A set that grows while it is walked: what is added is visited too.
    for (const name of names) for (const referred of referredTypes(name)) names.add(referred);
    const schemas: Schema = {};
    for (const name of names) schemas[modelName(name)] = modelSchema(name, 3, kindsOf(name));
    const paths: Schema = {};
    for (const resource of built) Object.assign(paths, pathsOf(pathResource(resource), 3));
    for (const resource of custom) {
      Object.assign(schemas, customModels(resource, 3));
      Object.assign(paths, pathsOf(customPathResource(resource), 3));
    }
    return this.#v3Frame(paths, schemas);
  }

  #versionDocument(): Schema {
    return this.#v3Frame({ '/version/': { get: versionOperation(3) } }, { [VERSION_INFO]: versionInfo() });
  }

  #v3Frame(paths: Schema, schemas: Schema): Schema {
    return {
      openapi: '3.0.0',
      info: this.#info(),
      paths,
      components: {
        schemas: sorted(schemas),
        securitySchemes: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
      },
    };
  }
}

function documentOf(bytes: Buffer): OpenApiDocument {
  let compressed: Buffer | undefined;
  return {
    bytes,
    etag: createHash('sha512').update(bytes).digest('hex').toUpperCase(),
    gzip() {
      compressed ??= gzipSync(bytes);
      return compressed;
    },
  };
}

const pathOf = (group: string, version: string): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

const sorted = (object: Schema): Schema =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Kinds that travel in every group version say so; other types say what the table says. */
function kindsOf(name: string): GroupVersionKind[] | undefined {
  const kind =
    name === 'meta/v1.DeleteOptions'
      ? 'DeleteOptions'
      : name === 'meta/v1.WatchEvent'
        ? 'WatchEvent'
        : undefined;
  if (kind === undefined) return undefined;
  const versions = new Map(
    resources.map(({ group, version }) => [pathOf(group, version), { group, version, kind }]),
  );
  return [...versions.values()];
}

function subresourceGvk(
  resource: ResourceDescriptor,
  sub: ResourceDescriptor['subresources'][number],
): GroupVersionKind {
  return {
    group: sub.kindGroup ?? resource.group,
    version: sub.kindVersion ?? resource.version,
    kind: sub.kind,
  };
}

/** Models of a subresource; connections to pods and nodes have none. */
function subresourceType(
  resource: ResourceDescriptor,
  sub: ResourceDescriptor['subresources'][number],
): string | undefined {
  if (sub.kind.endsWith('Options') || sub.name === 'log') return undefined;
  return typeTable.nameOfKind(subresourceGvk(resource, sub));
}

function typesOf(resource: ResourceDescriptor): string[] {
  const list = typeTable.nameOfKind({ ...resource, kind: resource.listKind });
  const subs = resource.subresources.map((sub) => subresourceType(resource, sub));
  return [resource.typeName, list, ...subs].filter((name) => name !== undefined);
}

function pathResource(resource: ResourceDescriptor): PathResource {
  const list = typeTable.nameOfKind({ ...resource, kind: resource.listKind });
  return {
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    plural: resource.plural,
    namespaced: resource.namespaced,
    verbs: resource.verbs,
    model: modelName(resource.typeName!),
    listModel: list && modelName(list),
    subresources: resource.subresources.map((sub) => {
      const type = subresourceType(resource, sub);
      return {
        name: sub.name,
        verbs: sub.verbs,
        model: type && modelName(type),
        gvk: subresourceGvk(resource, sub),
      };
    }),
  };
}

function customModels(resource: CustomResource, version: OpenApiVersion): Schema {
  const model = customModelName(resource.group, resource.version, resource.kind);
  const models: Schema = {
    [model]: customSchema(resource, version),
    [customModelName(resource.group, resource.version, resource.listKind)]: customListSchema(
      resource,
      model,
      version,
    ),
  };
  if (version === 3 && resource.subresources.includes('scale')) {
    const names = new Set(['autoscaling/v1.Scale']);
    for (const name of names) for (const referred of referredTypes(name)) names.add(referred);
    for (const name of names) models[modelName(name)] = modelSchema(name, 3);
  }
  if (version === 3) {
    const names = new Set(['meta/v1.ObjectMeta', 'meta/v1.ListMeta']);
    for (const name of names) for (const referred of referredTypes(name)) names.add(referred);
    for (const name of names) models[modelName(name)] = modelSchema(name, 3);
  }
  return models;
}

function customPathResource(resource: CustomResource): PathResource {
  const { group, version, kind, plural, namespaced } = resource;
  const model = customModelName(group, version, kind);
  const scale: GroupVersionKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
  return {
    group,
    version,
    kind,
    plural,
    namespaced,
    verbs: ['list', 'create', 'deletecollection', 'get', 'update', 'patch', 'delete'],
    model,
    listModel: customModelName(group, version, resource.listKind),
    subresources: resource.subresources.map((name) => ({
      name,
      verbs: ['get', 'update', 'patch'],
      model: name === 'scale' ? modelName('autoscaling/v1.Scale') : model,
      gvk: name === 'scale' ? scale : { group, version, kind },
    })),
  };
}

function versionInfo(): Schema {
  const optional = ['emulationMajor', 'emulationMinor', 'minCompatibilityMajor', 'minCompatibilityMinor'];
  const properties = Object.fromEntries(
    [...INFO_FIELDS, ...optional].map((name) => [name, { type: 'string' }]),
  );
  return { type: 'object', required: INFO_FIELDS, properties };
}

function versionOperation(version: OpenApiVersion): Schema {
  const common = { operationId: 'getCodeVersion', tags: ['version'] };
  const unauthorized = { 401: { description: 'Unauthorized' } };
  if (version === 3) {
    const schema = { $ref: `#/components/schemas/${VERSION_INFO}` };
    return {
      ...common,
      responses: { 200: { description: 'OK', content: { 'application/json': { schema } } }, ...unauthorized },
    };
  }
  const types = ['application/json'];
  const schema = { $ref: `#/definitions/${VERSION_INFO}` };
  return {
    ...common,
    consumes: types,
    produces: types,
    schemes: ['https'],
    responses: { 200: { description: 'OK', schema }, ...unauthorized },
  };
}
