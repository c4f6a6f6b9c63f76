// Makes src/schema/data/*.json: what the server knows of every kind.
//
//   node build/schema-data.mjs FACTS SOURCE
//
// FACTS holds types.json, resources.json, tables.json and etcd-paths.json as read off a running kube-apiserver;
// SOURCE is a Kubernetes source tree, read for what OpenAPI does not tell of a field: whether it is a pointer,
// whether it is left out when empty, its order, its Go type (it stands in error messages) and its place in protobuf.
//
// registered-kinds.json: { "apps/v1beta1": "Deployment DeploymentList …" }, what only error texts show.
// types.json: { "core/v1.Pod": { "f": { field: [type, pb, flags, more?] }, "k": [[group, version, kind]], … } }
//   type   word | "=NAME" | [TYPE] | {"*": TYPE}
//   pb     field number; a list is the way through embedded messages; 0 where protobuf has none
//   flags  r required, o omitempty, z omitzero, p pointer, w a named list (its own message in protobuf)
//   more   d default, e enum, s patchStrategy, m patchMergeKey, l listType, k listMapKeys, a mapType, g Go type,
//          i embedded Go structs around the field
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [factsDir, sourceDir] = process.argv.slice(2);
if (!sourceDir) throw new Error('usage: node build/schema-data.mjs FACTS SOURCE');
const out = 'src/schema/data';
const readFacts = (name) => JSON.parse(readFileSync(join(factsDir, name), 'utf8'));

const STAGING = 'staging/src/k8s.io';
const ELSEWHERE = {
  meta: 'apimachinery/pkg/apis/meta',
  apiextensions: 'apiextensions-apiserver/pkg/apis/apiextensions',
  apiregistration: 'kube-aggregator/pkg/apis/apiregistration',
};

/** Types that no OpenAPI document shows but requests, webhooks and protobuf carry. */
const BESIDES = {
  'meta/v1': [
    'CreateOptions',
    'UpdateOptions',
    'PatchOptions',
    'GetOptions',
    'ListOptions',
    'TableOptions',
    'PartialObjectMetadata',
    'PartialObjectMetadataList',
    'APIVersions',
    'APIGroupList',
  ],
  'core/v1': [
    'List',
    'PodLogOptions',
    'PodExecOptions',
    'PodAttachOptions',
    'PodPortForwardOptions',
    'PodProxyOptions',
    'NodeProxyOptions',
    'ServiceProxyOptions',
  ],
  'admission/v1': ['AdmissionReview', 'AdmissionRequest', 'AdmissionResponse'],
  'apidiscovery/v2': [
    'APIGroupDiscoveryList',
    'APIGroupDiscovery',
    'APIVersionDiscovery',
    'APIResourceDiscovery',
    'APISubresourceDiscovery',
  ],
  'meta/v1 kinds': [
    'GroupVersionKind',
    'GroupVersionResource',
    'GroupKind',
    'GroupResource',
    'GroupVersion',
    'RootPaths',
    'TypeMeta',
  ],
};
/** kind names of the types above that travel on their own. */
const BESIDES_KINDS = {
  'admission/v1.AdmissionReview': ['admission.k8s.io', 'v1', 'AdmissionReview'],
  'apidiscovery/v2.APIGroupDiscoveryList': ['apidiscovery.k8s.io', 'v2', 'APIGroupDiscoveryList'],
  'apidiscovery/v2.APIGroupDiscovery': ['apidiscovery.k8s.io', 'v2', 'APIGroupDiscovery'],
  'meta/v1.PartialObjectMetadata': ['meta.k8s.io', 'v1', 'PartialObjectMetadata'],
  'meta/v1.PartialObjectMetadataList': ['meta.k8s.io', 'v1', 'PartialObjectMetadataList'],
  'meta/v1.CreateOptions': ['meta.k8s.io', 'v1', 'CreateOptions'],
  'meta/v1.UpdateOptions': ['meta.k8s.io', 'v1', 'UpdateOptions'],
  'meta/v1.PatchOptions': ['meta.k8s.io', 'v1', 'PatchOptions'],
  'meta/v1.ListOptions': ['meta.k8s.io', 'v1', 'ListOptions'],
  'meta/v1.GetOptions': ['meta.k8s.io', 'v1', 'GetOptions'],
  'meta/v1.APIVersions': ['', 'v1', 'APIVersions'],
  'meta/v1.APIGroupList': ['', 'v1', 'APIGroupList'],
  'meta/v1.APIGroup': ['', 'v1', 'APIGroup'],
  'meta/v1.APIResourceList': ['', 'v1', 'APIResourceList'],
  'meta/v1.Status': ['', 'v1', 'Status'],
  'core/v1.List': ['', 'v1', 'List'],
};

/** Words for types that have a form of their own in JSON or protobuf. */
const SCALARS = {
  'meta/v1.Time': 'time',
  'meta/v1.MicroTime': 'microTime',
  'meta/v1.Duration': 'duration',
  'meta/v1.FieldsV1': 'fieldsV1',
  'api/resource.Quantity': 'quantity',
  'util/intstr.IntOrString': 'intOrString',
  'runtime/RawExtension': 'rawExtension',
  'apiextensions/v1.JSON': 'json',
  'apiextensions/v1.JSONSchemaPropsOrArray': 'schemaOrArray',
  'apiextensions/v1.JSONSchemaPropsOrBool': 'schemaOrBool',
  'apiextensions/v1.JSONSchemaPropsOrStringArray': 'schemaOrStrings',
};
const GO_SCALARS = {
  string: 'string',
  bool: 'boolean',
  int32: 'int32',
  int64: 'int64',
  float64: 'double',
  '[]byte': 'bytes',
};

const packages = new Map();
/** Structs, named types and imports of one Go package. */
function goPackage(group) {
  if (packages.has(group)) return packages.get(group);
  const [name, version] = group.split('/');
  const dir = join(sourceDir, STAGING, ELSEWHERE[name] ?? `api/${name}`, version);
  const structs = {};
  const named = {};
  const imports = {};
  for (const file of readdirSync(dir)) {
    if (!file.endsWith('.go') || /_test\.go$|generated|conversion|deepcopy|defaults\.go/.test(file)) continue;
    const text = readFileSync(join(dir, file), 'utf8');
    for (const m of text.matchAll(/^(?:import )?\s*(\w+)?\s*"(k8s\.io\/[^"]+)"$/gm))
      imports[m[1] ?? m[2].split('/').pop()] = m[2];
    for (const m of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm))
      structs[m[1]] = structFields(m[2]);
    for (const m of text.matchAll(/^type (\w+) struct ?\{\s*\}/gm)) structs[m[1]] ??= [];
    for (const m of text.matchAll(/^type (\w+) ([^\s{]+)$/gm)) named[m[1]] = m[2];
    for (const m of text.matchAll(/^\t(\w+) (string|int32|int64)$/gm)) named[m[1]] ??= m[2];
  }
  const found = { group, structs, named, imports };
  packages.set(group, found);
  return found;
}

function structFields(body) {
  const fields = [];
  for (const line of body.split('\n')) {
    const m = /^\t(?:(\w+)\s+)?(\S+)\s+`(.*)`/.exec(line);
    if (!m) continue;
    const json = /json:"([^"]*)"/.exec(m[3])?.[1];
    if (json === undefined || json === '-') continue;
    const pb = /protobuf:"([^"]*)"/.exec(m[3])?.[1];
    const [jsonName, ...options] = json.split(',');
    fields.push({
      goName: m[1],
      goType: m[2],
      json: jsonName,
      inline: options.includes('inline') || (jsonName === '' && !m[1]),
      omitempty: options.includes('omitempty'),
      omitzero: options.includes('omitzero'),
      pb: pb && pb !== '-' ? Number(pb.split(',')[1]) : 0,
      single: pb !== undefined && pb.split(',')[2] !== 'rep',
    });
  }
  return fields;
}

/** `metav1.ObjectMeta` as used in a package: [our name or undefined, what Go prints]. */
function nameOf(pkg, text) {
  const dot = text.indexOf('.');
  if (dot < 0) {
    const version = pkg.group.split('/')[1];
    return [`${pkg.group}.${text}`, `${version}.${text}`];
  }
  const path = pkg.imports[text.slice(0, dot)];
  if (!path) throw new Error(`${pkg.group}: no import for ${text}`);
  const parts = path.split('/');
  const last = parts.at(-1);
  const type = text.slice(dot + 1);
  if (last === 'resource' && parts.at(-2) === 'api') return [`api/resource.${type}`, `resource.${type}`];
  if (last === 'intstr') return [`util/intstr.${type}`, `intstr.${type}`];
  if (last === 'runtime') return [`runtime/${type}`, `runtime.${type}`];
  if (last === 'types') return [undefined, `types.${type}`];
  return [`${parts.at(-2)}/${last}.${type}`, `${last}.${type}`];
}

/** A Go type in our notation, with what Go prints for it and whether it is a pointer or a named list. */
function convert(pkg, text) {
  if (text.startsWith('*')) return { ...convert(pkg, text.slice(1)), pointer: true };
  if (text === '[]byte') return { type: 'bytes', go: '[]uint8' };
  if (GO_SCALARS[text]) return { type: GO_SCALARS[text], go: text };
  if (text.startsWith('[]')) {
    const item = convert(pkg, text.slice(2));
    return { type: [item.type], go: `[]${item.pointer ? '*' : ''}${item.go}` };
  }
  const map = /^map\[([\w.]+)\](.+)$/.exec(text);
  if (map) {
    const value = convert(pkg, map[2]);
    const key = convert(pkg, map[1]);
    return { type: { '*': value.type }, go: `map[${key.go}]${value.go}`, wrapped: value.wrapped };
  }
  const [ours, go] = nameOf(pkg, text);
  if (ours === undefined) return { type: 'string', go };
  if (SCALARS[ours]) return { type: SCALARS[ours], go };
  const group = ours.slice(0, ours.lastIndexOf('.'));
  const home = group.includes('/v') ? goPackage(group) : undefined;
  const bare = ours.slice(ours.lastIndexOf('.') + 1);
  if (home?.structs[bare]) return { type: `=${ours}`, go };
  const under = home?.named[bare];
  if (under === undefined) throw new Error(`${pkg.group}: what is ${text}?`);
  const base = convert(home, under);
  return { type: base.type, go, wrapped: Array.isArray(base.type) };
}

/** The Go type that a reader of the table works out by itself. */
function plainGo(type) {
  if (Array.isArray(type)) return `[]${plainGo(type[0])}`;
  if (typeof type === 'object') return `map[string]${plainGo(type['*'])}`;
  if (type.startsWith('=')) return type.slice(type.lastIndexOf('/') + 1);
  return GO_NAMES[type] ?? type;
}
const GO_NAMES = {
  boolean: 'bool',
  double: 'float64',
  bytes: '[]uint8',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  duration: 'v1.Duration',
  fieldsV1: 'v1.FieldsV1',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  rawExtension: 'runtime.RawExtension',
  json: 'v1.JSON',
  schemaOrArray: 'v1.JSONSchemaPropsOrArray',
  schemaOrBool: 'v1.JSONSchemaPropsOrBool',
  schemaOrStrings: 'v1.JSONSchemaPropsOrStringArray',
};

/** Fields of a struct in Go's order, embedded ones in their place. */
function* fieldsOf(pkg, name, way = [], around = []) {
  const struct = pkg.structs[name];
  if (!struct) throw new Error(`${pkg.group}.${name}: not in the source`);
  for (const field of struct) {
    if (!field.inline) yield { ...field, pkg, way, around };
    else if (field.goType.endsWith('TypeMeta')) {
      for (const json of ['kind', 'apiVersion'])
        yield { json, goType: 'string', omitempty: true, pb: 0, pkg, way, around };
    } else {
      const [ours] = nameOf(pkg, field.goType);
      const at = ours.lastIndexOf('.');
      yield* fieldsOf(
        goPackage(ours.slice(0, at)),
        ours.slice(at + 1),
        [...way, field.pb],
        [...around, ours.slice(at + 1)],
      );
    }
  }
}

const facts = readFacts('types.json');
const types = {};
const complaints = [];

function typeRow(name, fact) {
  const at = name.lastIndexOf('.');
  const fields = {};
  for (const field of fieldsOf(goPackage(name.slice(0, at)), name.slice(at + 1))) {
    const told = fact?.fields[field.json];
    const { type, go, pointer, ...rest } = convert(field.pkg, field.goType);
    const wrapped = rest.wrapped && (field.single || !Array.isArray(type));
    if (fact && !told) {
      // Fields behind a feature that is off are absent from OpenAPI, yet protobuf may carry them.
      complaints.push(`${name}.${field.json}: not in the facts`);
      continue;
    }
    const pb = field.way.length ? [...field.way, field.pb] : field.pb;
    if (told?.pb && told.pb !== pb) complaints.push(`${name}.${field.json}: pb ${told.pb} or ${pb}?`);
    const flags =
      (told?.required ? 'r' : '') +
      (field.omitempty ? 'o' : '') +
      (field.omitzero ? 'z' : '') +
      (pointer ? 'p' : '') +
      (wrapped ? 'w' : '');
    const more = {};
    if (told && 'default' in told) more.d = told.default;
    if (told?.enum) more.e = told.enum;
    if (told?.patchStrategy) more.s = told.patchStrategy;
    if (told?.patchMergeKey) more.m = told.patchMergeKey;
    if (told?.listType) more.l = told.listType;
    if (told?.listMapKeys) more.k = told.listMapKeys;
    if (told?.mapType) more.a = told.mapType;
    if (field.around.length) more.i = field.around;
    if (go !== plainGo(type)) more.g = go;
    fields[field.json] = Object.keys(more).length
      ? [type, pb, flags, more]
      : flags
        ? [type, pb, flags]
        : pb
          ? [type, pb]
          : [type];
  }
  for (const json of Object.keys(fact?.fields ?? {}))
    if (!fields[json]) complaints.push(`${name}.${json}: not in the source`);
  return { f: fields };
}

for (const [name, fact] of Object.entries(facts)) {
  if (SCALARS[name] || name === 'meta/v1.Patch') continue;
  const row = typeRow(name, fact);
  if (fact.gvk) row.k = [fact.gvk].flat().map((g) => [g.group, g.version, g.kind]);
  if (fact.mapType) row.a = fact.mapType;
  if (fact.unions) row.u = fact.unions.map((u) => [u.discriminator ?? '', u['fields-to-discriminateBy']]);
  types[name] = row;
}
for (const [group, names] of Object.entries(BESIDES)) {
  const home = group.split(' ')[0];
  for (const bare of names) {
    const name = `${home}.${bare}`;
    if (!types[name] && goPackage(home).structs[bare]) types[name] = { ...typeRow(name, undefined), x: 1 };
  }
}
for (const [name, kind] of Object.entries(BESIDES_KINDS)) if (types[name]) types[name].k ??= [kind];

/** Kinds of older versions and kinds without a type of ours, which the real scheme knows nonetheless: its error texts tell. */
const LEGACY_SCHEME =
  'admission admissionregistration apiserverinternal apps authentication authorization autoscaling batch certificates coordination core discovery events extensions flowcontrol imagepolicy networking node policy rbac resource scheduling storage storagemigration';
const registered = {};
for (const name of LEGACY_SCHEME.split(' ')) {
  const dir = join(sourceDir, STAGING, 'api', name);
  for (const version of readdirSync(dir).filter((v) => /^v\d/.test(v))) {
    const text = readFileSync(join(dir, version, 'register.go'), 'utf8');
    const group = /GroupName = "([^"]*)"/.exec(text)[1];
    const known = new Set(
      Object.values(types)
        .flatMap((t) => t.k ?? [])
        .map((k) => k.join('/')),
    );
    const kinds = [...text.matchAll(/&(\w+)\{\}/g)]
      .map((m) => m[1])
      .filter((kind) => !known.has(`${group}/${version}/${kind}`));
    if (kinds.length) registered[group === '' ? version : `${group}/${version}`] = kinds.join(' ');
  }
}
writeFileSync(
  join(out, 'registered-kinds.json'),
  `{\n${Object.entries(registered)
    .map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`)
    .join(',\n')}\n}\n`,
);

const rows = (object) =>
  `{\n${Object.entries(object)
    .map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`)
    .join(',\n')}\n}\n`;
writeFileSync(join(out, 'types.json'), rows(types));

const tables = readFacts('tables.json');
const paths = readFacts('etcd-paths.json');
const resources = readFacts('resources.json').map((r) => {
  const key = `${r.group}/${r.version}/${r.plural}`;
  return {
    ...r,
    ...(paths[key] ? { storagePrefix: paths[key] } : {}),
    ...(tables[key] ? { columns: tables[key] } : {}),
  };
});
writeFileSync(join(out, 'resources.json'), `[\n${resources.map((r) => JSON.stringify(r)).join(',\n')}\n]\n`);
for (const complaint of complaints) console.log(complaint);
