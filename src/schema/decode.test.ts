import { describe, expect, it } from 'vitest';
import { decodeObject, decodeUnstructured, strictDecodingText } from './decode.ts';

const CONFIG_MAP = { group: '', version: 'v1', kind: 'ConfigMap' };
const POD = { group: '', version: 'v1', kind: 'Pod' };
const POD_SERVICE = { group: '', version: 'v1', kind: 'Service' };
const SSR = { group: 'authentication.k8s.io', version: 'v1', kind: 'SelfSubjectReview' };
const LEASE = { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease' };

async function refused(
  body: unknown,
  expected = CONFIG_MAP,
  mediaType = 'application/json',
): Promise<string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const decoded = await decodeObject(Buffer.from(text), mediaType, { expected, strict: true });
  if (decoded.ok) throw new Error(`taken: ${JSON.stringify(decoded)}`);
  expect(decoded.error.code).toBe(400);
  return decoded.error.message;
}

async function taken(body: unknown, expected = CONFIG_MAP, mediaType = 'application/json') {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const decoded = await decodeObject(Buffer.from(text), mediaType, { expected, strict: true });
  if (!decoded.ok) throw decoded.error;
  return decoded;
}

describe('bodies that cannot be read', () => {
  it.each([
    [
      '',
      "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
    ],
    [
      '{"kind":"ConfigMap",',
      'the object provided is unrecognized (must be of type ConfigMap): couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"kind":"ConfigMap",)',
    ],
    [
      '[]',
      'the object provided is unrecognized (must be of type ConfigMap): couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
    ],
    [
      '{"kind":1}',
      'the object provided is unrecognized (must be of type ConfigMap): couldn\'t get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string ({"kind":1})',
    ],
    [
      '{"a":x}',
      "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character 'x' looking for beginning of value ({\"a\":x})",
    ],
    [
      '{"apiVersion":"a/b/c"}',
      'the object provided is unrecognized (must be of type ConfigMap): unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})',
    ],
  ])('%s', async (body, message) => {
    expect(await refused(body)).toBe(message);
  });

  it.each([
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a":[1 2]}', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
    ['{"a":"\t"}', "invalid character '\\t' in string literal"],
    ['{"a":"\\x"}', "invalid character 'x' in string escape code"],
    ['{"a":01}', "invalid character '1' after object key:value pair"],
    ['{"a":-}', "invalid character '}' in numeric literal"],
    ['{"a":1.}', "invalid character '}' after decimal point in numeric literal"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    [`${'['.repeat(5000)}`, 'exceeded max depth'],
    [`${'['.repeat(5000)}${']'.repeat(5000)}`, 'exceeded max depth'],
  ])('names the fault as Go does: %s', async (body, fault) => {
    expect(await refused(body)).toContain(`json parse error: ${fault} (`);
  });
});

describe('kinds and versions', () => {
  it.each([
    [
      { apiVersion: 'v1', kind: 'Secret' },
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ],
    [
      { apiVersion: 'v2', kind: 'ConfigMap' },
      'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      { apiVersion: 'apps/v1', kind: 'Deployment' },
      'Deployment in version "v1" cannot be handled as a ConfigMap: converting (v1.Deployment) to (core.ConfigMap): unknown conversion',
    ],
  ])('%j', async (body, message) => {
    expect(await refused(body)).toBe(message);
  });

  it('tells an older version of the same kind', async () => {
    expect(
      await refused({ apiVersion: 'authentication.k8s.io/v1beta1', kind: 'SelfSubjectReview' }, SSR),
    ).toBe(
      'the API version in the data (authentication.k8s.io/v1beta1) does not match the expected API version (authentication.k8s.io/v1)',
    );
  });

  it('fills in what is missing', async () => {
    expect((await taken({ metadata: { name: 'a' } })).object).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'a' },
    });
    expect((await taken('null')).object).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: {} });
    expect((await taken('', CONFIG_MAP, 'application/yaml')).object.kind).toBe('ConfigMap');
  });
});

describe('values that do not fit', () => {
  it.each([
    [
      CONFIG_MAP,
      { data: { a: 1 } },
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    ],
    [
      CONFIG_MAP,
      { metadata: { name: { a: 1 } } },
      'json: cannot unmarshal object into Go struct field ObjectMeta.metadata.name of type string',
    ],
    [
      CONFIG_MAP,
      { metadata: { labels: 'x' } },
      'json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map[string]string',
    ],
    [
      SSR,
      { metadata: 'x' },
      'json: cannot unmarshal string into Go struct field SelfSubjectReview.metadata of type v1.ObjectMeta',
    ],
    [CONFIG_MAP, { binaryData: { a: '%%' } }, 'illegal base64 data at input byte 0'],
    [
      LEASE,
      { spec: { renewTime: 'yesterday' } },
      'parsing time "yesterday" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "yesterday" as "2006"',
    ],
    [
      POD,
      { spec: { containers: [{ ports: [{ containerPort: '80' }] }] } },
      'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      POD,
      { spec: { priority: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      POD,
      { spec: { priority: 3000000000 } },
      'json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      POD,
      { spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      POD,
      { spec: { volumes: [{ hostPath: 'x' }] } },
      'json: cannot unmarshal string into Go struct field Volume.spec.volumes.VolumeSource.hostPath of type v1.HostPathVolumeSource',
    ],
    [
      POD,
      { spec: { containers: [{ resources: { limits: { cpu: 'x' } } }] } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      POD,
      { metadata: { creationTimestamp: 5 } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
    ],
    [
      POD_SERVICE,
      { spec: { ports: [{ targetPort: true }] } },
      'json: cannot unmarshal bool into Go struct field ServicePort.spec.ports.targetPort of type int32',
    ],
  ])('%j %j', async (expected, body, fault) => {
    expect(await refused(body, expected)).toBe(
      `${expected.kind} in version "v1" cannot be handled as a ${expected.kind}: ${fault}`,
    );
  });

  it('shows a number as it was written', async () => {
    expect(await refused('{"spec":{"priority":1e3}}', POD)).toContain('cannot unmarshal number 1e3 into');
  });
});

describe('what is kept', () => {
  it('drops nulls and unknown fields, and reports the latter in order', async () => {
    const { object, strictErrors } = await taken(
      '{"metadata":{"name":"f2","whatever":"x"},"data":{"a":"1","b":null},"bogus":1,"Data":{},"immutable":null}',
    );
    expect(object).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'f2' },
      data: { a: '1', b: '' },
    });
    expect(strictErrors).toEqual([
      'unknown field "metadata.whatever"',
      'unknown field "bogus"',
      'unknown field "Data"',
    ]);
  });

  it('reports repeated fields and lets the last value stand', async () => {
    const { object, strictErrors } = await taken(
      '{"metadata":{"name":"d1","labels":{"a":"1","a":"2"}},"data":{"k":"1"},"data":{"k":"2"},"bogus":1}',
    );
    expect(strictDecodingText(strictErrors)).toBe(
      'strict decoding error: duplicate field "metadata.labels.a", duplicate field "data", unknown field "bogus"',
    );
    expect(object['data']).toEqual({ k: '2' });
    expect(object.metadata.labels).toEqual({ a: '2' });
  });

  it('brings values into their canonical form', async () => {
    const { object } = await taken(
      {
        spec: { containers: [{ name: 'c', resources: { limits: { cpu: '1000m', memory: 1024 } } }] },
        metadata: { creationTimestamp: '2024-01-01T02:00:00.5+02:00' },
      },
      POD,
    );
    expect(object['spec'].containers[0].resources.limits).toEqual({ cpu: '1', memory: '1024' });
    expect(object.metadata.creationTimestamp).toBe('2024-01-01T00:00:00Z');
  });

  it('keeps a key named like a prototype', async () => {
    const { object } = await taken('{"data":{"__proto__":"x","constructor":"y"}}');
    expect(Object.keys(object['data'])).toEqual(['__proto__', 'constructor']);
  });
});

describe('YAML', () => {
  const yaml = 'application/yaml';
  it('reads version 1.1 as go-yaml does', async () => {
    const { object } = await taken(
      'metadata: {name: a}\nimmutable: yes\ndata:\n  a: "1"\n  b: !!str 5\n  c: 2001-01-01\n---\nkind: Other\n',
      CONFIG_MAP,
      yaml,
    );
    expect(object).toMatchObject({ immutable: true, data: { a: '1', b: '5', c: '2001-01-01' } });
    expect(await refused('data: {a: y}', CONFIG_MAP, yaml)).toContain(
      'cannot unmarshal bool into Go struct field ConfigMap.data of type string',
    );
  });
  it('reports repeated keys by line', async () => {
    const { strictErrors } = await taken(
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y1\ndata:\n  a: "1"\n  a: "2"\n',
      CONFIG_MAP,
      yaml,
    );
    expect(strictErrors).toEqual(['yaml: unmarshal errors:\n  line 7: key "a" already set in map']);
  });
  it('names a fault as libyaml does', async () => {
    expect(await refused('apiVersion: v1\n kind: [', CONFIG_MAP, yaml)).toBe(
      'the object provided is unrecognized (must be of type ConfigMap): yaml: line 2: mapping values are not allowed in this context (61706956657273696f6e3a2076310a206b696e643a205b)',
    );
  });
});

describe('custom resources', () => {
  const expected = { group: 'rest.example.com', version: 'v1', kind: 'Gizmo' };
  it('must name their kind and version', async () => {
    const body = Buffer.from('{"metadata":{"name":"x"},"spec":{"color":"red"}}');
    const missing = await decodeUnstructured(body, 'application/json', { expected, strict: true });
    expect(!missing.ok && missing.error.message).toBe(
      'the object provided is unrecognized (must be of type Gizmo): Object \'Kind\' is missing in \'{"metadata":{"name":"x"},"spec":{"color":"red"}}\' ({"metadata":{"name":"x"},"spec ...)',
    );
    const other = await decodeUnstructured(
      Buffer.from('{"apiVersion":"rest.example.com/v2","kind":"Gizmo"}'),
      'application/json',
      { expected, strict: true },
    );
    expect(!other.ok && other.error.message).toBe(
      'the API version in the data (rest.example.com/v2) does not match the expected API version (rest.example.com/v1)',
    );
  });
});
