import { describe, expect, it } from 'vitest';
import { Reader } from '../protobuf/wire.ts';
import type { CustomResource } from './custom-schemas.ts';
import { OpenApiDocuments } from './documents.ts';

const GIZMO: CustomResource = {
  group: 'rest.example.com',
  version: 'v1',
  kind: 'Gizmo',
  plural: 'gizmos',
  listKind: 'GizmoList',
  namespaced: true,
  subresources: ['status', 'scale'],
  schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          color: { type: 'string', nullable: true, default: 'red' },
          size: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
        },
      },
    },
  },
};

function documents(custom: CustomResource[] = [], generation: () => number = () => 1): OpenApiDocuments {
  return new OpenApiDocuments({ version: 'v1.36.2', customResources: () => custom, generation });
}
const parsed = (bytes: Buffer): any => JSON.parse(bytes.toString());

/** Every `$ref` in a value. */
function refs(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' && typeof item === 'string' ? [item] : refs(item),
  );
}

describe('OpenAPI 2', () => {
  const v2 = parsed(documents([GIZMO]).v2Json().bytes);

  it('refers to nothing that it does not define', () => {
    const missing = refs(v2).filter((ref) => !v2.definitions[ref.replace('#/definitions/', '')]);
    expect(missing).toEqual([]);
  });

  it('describes fields with what patches and apply need', () => {
    const spec = v2.definitions['io.k8s.api.core.v1.PodSpec'];
    expect(spec.required).toEqual(['containers']);
    expect(spec.properties.containers).toEqual({
      type: 'array',
      items: { $ref: '#/definitions/io.k8s.api.core.v1.Container' },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(v2.definitions['io.k8s.api.core.v1.ConfigMap']['x-kubernetes-group-version-kind']).toEqual([
      { group: '', version: 'v1', kind: 'ConfigMap' },
    ]);
    expect(v2.definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toEqual({
      type: 'string',
      format: 'int-or-string',
    });
  });

  it('tells which parameters a write takes', () => {
    const { patch } = v2.paths['/api/v1/namespaces/{namespace}/configmaps/{name}'];
    expect(patch.operationId).toBe('patchCoreV1NamespacedConfigMap');
    expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: '', version: 'v1', kind: 'ConfigMap' });
    expect(patch.parameters.map((p: { name: string }) => p.name)).toEqual([
      'body',
      'dryRun',
      'fieldManager',
      'fieldValidation',
      'force',
    ]);
  });

  it('leaves out of custom kinds what it has no words for', () => {
    const { spec } = v2.definitions['com.example.rest.v1.Gizmo'].properties;
    expect(spec.properties).toEqual({ color: {}, size: { 'x-kubernetes-int-or-string': true } });
    expect(
      v2.paths['/apis/rest.example.com/v1/namespaces/{namespace}/gizmos/{name}/scale'].get.operationId,
    ).toBe('readRestExampleComV1NamespacedGizmoScale');
  });

  it('has a protobuf form with the same definitions', () => {
    const reader = new Reader(documents([GIZMO]).v2Protobuf().bytes);
    const names: string[] = [];
    while (!reader.done) {
      const wire = reader.varint();
      if (wire !== 9 * 8 + 2) {
        reader.skip(wire % 8);
        continue;
      }
      const definitions = reader.part();
      while (!definitions.done) {
        definitions.varint();
        const named = definitions.part();
        named.varint();
        names.push(named.text());
      }
    }
    expect(names).toEqual(Object.keys(v2.definitions));
  });
});

describe('OpenAPI 3', () => {
  it('has a document for every group version, each whole in itself', () => {
    const docs = documents([GIZMO]);
    const { paths } = parsed(docs.v3Index().bytes);
    expect(Object.keys(paths)).toContain('apis/rest.example.com/v1');
    for (const path of Object.keys(paths)) {
      const document = docs.v3Document(path)!;
      expect(paths[path].serverRelativeURL).toBe(`/openapi/v3/${path}?hash=${document.etag}`);
      const body = parsed(document.bytes);
      const missing = refs(body).filter(
        (ref) => !body.components.schemas[ref.replace('#/components/schemas/', '')],
      );
      expect(missing).toEqual([]);
    }
  });

  it('tells defaults, and wraps references that have company', () => {
    const { schemas } = parsed(documents().v3Document('api/v1')!.bytes).components;
    expect(schemas['io.k8s.api.core.v1.ServicePort'].properties.protocol).toEqual({
      type: 'string',
      default: 'TCP',
      enum: ['SCTP', 'TCP', 'UDP'],
    });
    expect(schemas['io.k8s.api.core.v1.Pod'].properties.metadata).toEqual({
      allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }],
      default: {},
    });
  });

  it('knows no other paths', () => {
    expect(documents().v3Document('apis/nothing/v1')).toBeUndefined();
  });

  it('is made anew when definitions change', () => {
    let generation = 1;
    const custom: CustomResource[] = [];
    const docs = documents(custom, () => generation);
    const before = docs.v3Index();
    expect(docs.v3Index()).toBe(before);
    custom.push(GIZMO);
    generation++;
    expect(docs.v3Index().etag).not.toBe(before.etag);
  });
});
