import { describe, expect, it } from 'vitest';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { isStatus } from '../../meta/status.ts';
import { FieldManager } from './field-manager.ts';
import { customKind } from './owned-kinds.ts';

const T0 = Date.UTC(2026, 0, 1);

const definition = (schema: Fields | undefined, versions: Fields[] = [{ name: 'v1' }]): Fields => ({
  spec: {
    group: 'x.io',
    names: { kind: 'Gizmo', plural: 'gizmos' },
    versions: versions.map((version) => ({
      served: true,
      ...(schema ? { schema: { openAPIV3Schema: schema } } : {}),
      subresources: { status: {} },
      ...version,
    })),
  },
});

const gizmo = (spec: Fields, more: Fields = {}, apiVersion = 'x.io/v1'): KubeObject => ({
  apiVersion,
  kind: 'Gizmo',
  metadata: { name: 'g', ...more },
  spec,
});
const stored = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, uid: 'u' },
});
const sets = (object: KubeObject): unknown => (object.metadata.managedFields ?? []).map((e) => e.fieldsV1);
const options = { manager: 'm', force: false, subresource: '', now: T0 };

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isStatus(error)) return error.message;
    throw error;
  }
  return 'let through';
}

const schema: Fields = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        color: { type: 'string' },
        size: { type: 'integer' },
        port: { 'x-kubernetes-int-or-string': true },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        rules: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: { type: 'string' },
              zone: { type: 'string', default: 'a' },
              to: { type: 'string' },
            },
          },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name', 'zone'],
        },
        keyed: {
          type: 'array',
          items: { type: 'object', properties: { id: { type: 'string' } } },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['id'],
        },
        plain: { type: 'array', items: { type: 'string' } },
        pair: { type: 'object', additionalProperties: { type: 'string' }, 'x-kubernetes-map-type': 'atomic' },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        when: { type: 'string', format: 'date-time' },
      },
    },
  },
};

describe('custom resources', () => {
  const gizmos = new FieldManager(customKind(definition(schema)), 'x.io/v1');

  it('a creation owns spec, and metadata is nobody’s', () => {
    const made = gizmos.create(gizmo({ color: 'red' }, { labels: { a: 'b' } }), 'm', T0);
    expect(sets(made)).toEqual([
      { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } }, 'f:spec': { '.': {}, 'f:color': {} } },
    ]);
  });

  it('apply owns by list type', () => {
    const patch = gizmo({
      port: 80,
      tags: ['x', 'y'],
      rules: [{ name: 'r', to: 't' }],
      plain: ['p'],
      pair: { a: '1' },
      free: { deep: { er: 1 }, list: [1] },
      when: 'now',
    });
    expect(sets(gizmos.apply(undefined, patch, options))).toEqual([
      {
        'f:spec': {
          'f:free': { 'f:deep': { '.': {}, 'f:er': {} }, 'f:list': {} },
          'f:pair': {},
          'f:plain': {},
          'f:port': {},
          'f:rules': { 'k:{"name":"r","zone":"a"}': { '.': {}, 'f:name': {}, 'f:to': {} } },
          'f:tags': { 'v:"x"': {}, 'v:"y"': {} },
          'f:when': {},
        },
      },
    ]);
  });

  it('refuses in the words of the schema', () => {
    const faults: [Fields, string][] = [
      [{ size: 'x' }, '.spec.size: expected numeric (int or float), got string'],
      [{ colour: 'x' }, '.spec.colour: field not declared in schema'],
      [{ tags: ['x', 'x'] }, '.spec.tags: duplicate entries for key [="x"]'],
      [
        { keyed: [{}] },
        '.spec.keyed: element 0: associative list with keys has an element that omits all key fields ["id"] (and doesn\'t have default values for any key fields)',
      ],
      [
        { tags: [{}] },
        ".spec.tags: element 0: associative list without keys has an element that's a map type",
      ],
      [{ plain: 'x' }, '.spec.plain: expected list, got &{x}'],
      [{ plain: ['x', 5] }, '.spec.plain[1]: expected string, got &value.valueUnstructured{Value:5}'],
    ];
    for (const [spec, fault] of faults) {
      expect(refusal(() => gizmos.apply(undefined, gizmo(spec), options))).toBe(
        `failed to create typed patch object (/g; x.io/v1, Kind=Gizmo): ${fault}`,
      );
    }
  });

  it('an update whose items have no path keeps no owners', () => {
    const made = gizmos.create(gizmo({ keyed: [{}] }), 'm', T0);
    expect(made.metadata.managedFields).toBeUndefined();
  });

  it('items that repeat one another are owned together', () => {
    const live = stored(gizmos.create(gizmo({ tags: ['x', 'y'] }), 'one', T0));
    const next = gizmos.update(live, gizmo({ tags: ['x', 'y', 'y'] }, { uid: 'u' }), 'two', '', T0);
    expect(sets(next)).toEqual([
      { 'f:spec': { '.': {}, 'f:tags': { '.': {}, 'v:"x"': {} } } },
      { 'f:spec': { 'f:tags': { 'v:"y"': {} } } },
    ]);
  });

  it('the status subresource owns status alone', () => {
    const live = stored(gizmos.create(gizmo({ color: 'red' }), 'one', T0));
    const sent = { ...live, spec: { color: 'blue' }, status: { ready: true } };
    const withStatus = new FieldManager(customKind(definition(undefined)), 'x.io/v1');
    const next = withStatus.update(live, sent, 'two', 'status', T0);
    expect(next.metadata.managedFields!.find((e) => e.manager === 'two')).toMatchObject({
      subresource: 'status',
      fieldsV1: { 'f:status': { '.': {}, 'f:ready': {} } },
    });
  });
});

describe('without a schema', () => {
  const gizmos = new FieldManager(customKind(definition(undefined)), 'x.io/v1');

  it('maps are owned by key, lists as a whole', () => {
    const made = gizmos.apply(undefined, gizmo({ list: [{ name: 'a' }], map: { deep: { x: 1 } } }), options);
    expect(sets(made)).toEqual([
      { 'f:spec': { '.': {}, 'f:list': {}, 'f:map': { '.': {}, 'f:deep': { '.': {}, 'f:x': {} } } } },
    ]);
  });
});

describe('a schema that changes', () => {
  const list = (type: string): Fields => ({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          rules: {
            type: 'array',
            items: { type: 'object', properties: { name: { type: 'string' }, to: { type: 'string' } } },
            'x-kubernetes-list-type': type,
            'x-kubernetes-list-map-keys': ['name'],
          },
        },
      },
    },
  });
  it('a list that became atomic is owned as a whole', () => {
    const before = new FieldManager(customKind(definition(list('map'))), 'x.io/v1');
    const after = new FieldManager(customKind(definition(list('atomic'))), 'x.io/v1');
    const live = stored(before.apply(undefined, gizmo({ rules: [{ name: 'a', to: 'b' }] }), options));
    const next = after.update(
      live,
      { ...live, metadata: { ...live.metadata, labels: { a: 'b' } } },
      'two',
      '',
      T0,
    );
    expect(sets(next)).toEqual([
      { 'f:spec': { 'f:rules': {} } },
      { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } },
    ]);
  });
});

describe('more than one version', () => {
  const field = (name: string): Fields => ({
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: {
          spec: { type: 'object', properties: { [name]: { type: 'string' }, same: { type: 'string' } } },
        },
      },
    },
  });
  const convert = (object: Fields, apiVersion: string): Fields => {
    const { color, tint, ...rest } = (object['spec'] ?? {}) as Fields;
    const value = color ?? tint;
    const name = apiVersion === 'x.io/v1' ? 'color' : 'tint';
    return { ...object, apiVersion, spec: { ...rest, ...(value === undefined ? {} : { [name]: value }) } };
  };
  const kind = customKind(
    definition(undefined, [
      { name: 'v1', ...field('color') },
      { name: 'v2', ...field('tint') },
    ]),
    convert,
  );
  const v1 = new FieldManager(kind, 'x.io/v1');
  const v2 = new FieldManager(kind, 'x.io/v2');

  it('conflicts are found in the owner’s version', () => {
    const live = stored(
      v1.apply(undefined, gizmo({ color: 'red', same: '1' }), { ...options, manager: 'one' }),
    );
    const inV2 = convert(live, 'x.io/v2') as KubeObject;
    expect(
      refusal(() => v2.apply(inV2, gizmo({ tint: 'blue' }, {}, 'x.io/v2'), { ...options, manager: 'two' })),
    ).toBe('Apply failed with 1 conflict: conflict with "one": .spec.color');
  });

  it('what was applied in another version is removed by leaving it out', () => {
    const live = stored(v1.apply(undefined, gizmo({ color: 'red', same: '1' }), options));
    const inV2 = convert(live, 'x.io/v2') as KubeObject;
    const next = v2.apply(inV2, gizmo({ same: '1' }, {}, 'x.io/v2'), options);
    expect(next['spec']).toEqual({ same: '1' });
    expect(next['apiVersion']).toBe('x.io/v2');
    expect(next.metadata.managedFields).toMatchObject([
      { manager: 'm', apiVersion: 'x.io/v2', fieldsV1: { 'f:spec': { 'f:same': {} } } },
    ]);
  });

  it('an update in one version takes from owners in another', () => {
    const live = stored(v1.apply(undefined, gizmo({ color: 'red', same: '1' }), options));
    const inV2 = convert(live, 'x.io/v2') as KubeObject;
    const next = v2.update(inV2, { ...inV2, spec: { tint: 'blue', same: '1' } }, 'hand', '', T0);
    expect(sets(next)).toEqual([{ 'f:spec': { 'f:same': {} } }, { 'f:spec': { 'f:tint': {} } }]);
  });
});
