import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fields } from '../../meta/object.ts';
import { builtinSchemas } from '../apply/type-table-schema.ts';
import { undecodablePatchError } from './patch-result.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const deployment = builtinSchemas.type('apps/v1.Deployment');
const object: Fields = {
  metadata: { annotations: { keep: '1', drop: '1' }, finalizers: ['x.io/two'] },
  spec: {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
    template: {
      spec: {
        containers: [
          {
            name: 'one',
            image: 'a:1',
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
            ],
            ports: [{ containerPort: 80, name: 'web', protocol: 'TCP' }],
            args: ['x', 'y'],
          },
          { name: 'two', image: 'b:1' },
        ],
      },
    },
  },
};

/** The patched object, or code and message of the refusal. */
function patched(patch: unknown, schema = deployment, from: Fields = object): any {
  const before = JSON.stringify(from);
  const result = applyStrategicMergePatch(
    from,
    typeof patch === 'string' ? patch : JSON.stringify(patch),
    schema,
  );
  expect(JSON.stringify(from)).toBe(before);
  return result.ok ? result.object : [result.error.code, result.error.message];
}
const inPod = (spec: unknown): unknown => ({ spec: { template: { spec } } });
const containers = (patch: unknown): any => {
  const result = patched(inPod(patch));
  return Array.isArray(result) ? result : result.spec.template.spec.containers;
};
const names = (patch: unknown): string[] => containers(patch).map((c: Fields) => c['name']);

describe('strategic merge patch', () => {
  it('finds list items by their key', () => {
    const [one, two] = object['spec'].template.spec.containers;
    expect(containers({ containers: [{ name: 'one', image: 'a:2' }] })).toEqual([
      { ...one, image: 'a:2' },
      two,
    ]);
    expect(names({ containers: [{ name: 'three', image: 'c:1' }] })).toEqual(['three', 'one', 'two']);
    expect(names({ containers: [{ name: 'one', $patch: 'delete' }] })).toEqual(['two']);
    expect(names({ containers: [{ name: 'solo' }, { $patch: 'replace' }] })).toEqual(['solo']);
    const [changed] = containers({
      containers: [
        {
          name: 'one',
          env: [
            { name: 'B', value: '22' },
            { name: 'C', value: '3' },
          ],
          ports: [{ containerPort: 81 }],
          args: ['z'],
        },
      ],
    });
    expect(changed).toEqual({
      ...one,
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '22' },
        { name: 'C', value: '3' },
      ],
      ports: [{ containerPort: 81 }, { containerPort: 80, name: 'web', protocol: 'TCP' }],
      args: ['z'],
    });
  });

  it('sets the order of items', () => {
    const order = { '$setElementOrder/containers': [{ name: 'two' }, { name: 'one' }] };
    expect(names({ ...order, containers: [{ name: 'two', image: 'b:2' }] })).toEqual(['two', 'one']);
    expect(names(order)).toEqual(['two', 'one']);
    expect(
      names({
        '$setElementOrder/containers': [{ name: 'one' }, { name: 'new' }],
        containers: [{ name: 'new' }, { name: 'two', $patch: 'delete' }],
      }),
    ).toEqual(['one', 'new']);
    expect(containers({ ...order, containers: [{ name: 'three' }] })).toEqual([
      500,
      "The order in patch list:\n[map[name:three]]\n doesn't match $setElementOrder list:\n[map[name:two] map[name:one]]\n",
    ]);
  });

  it('treats lists of scalars as sets', () => {
    const finalizers = (metadata: Fields): unknown => patched({ metadata }).metadata.finalizers;
    expect(finalizers({ finalizers: ['x.io/three'] })).toEqual(['x.io/three', 'x.io/two']);
    expect(finalizers({ '$deleteFromPrimitiveList/finalizers': ['x.io/two'] })).toEqual([]);
    expect(
      finalizers({
        '$deleteFromPrimitiveList/finalizers': ['x.io/two'],
        '$setElementOrder/finalizers': ['x.io/a'],
        finalizers: ['x.io/a'],
      }),
    ).toEqual(['x.io/a']);
  });

  it('follows the directives of maps', () => {
    expect(patched({ metadata: { annotations: { drop: null } } }).metadata.annotations).toEqual({
      keep: '1',
    });
    expect(
      patched({ metadata: { annotations: { $patch: 'replace', only: '1' } } }).metadata.annotations,
    ).toEqual({
      only: '1',
    });
    expect(patched({ metadata: { annotations: { $patch: 'delete' } } }).metadata.annotations).toEqual({});
    expect(
      patched({ spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }).spec.strategy,
    ).toEqual({
      type: 'Recreate',
    });
    const labels = { $patch: 'delete', a: 'b' };
    expect(patched({ metadata: { labels } }).metadata).not.toHaveProperty('labels');
  });

  it('replaces where the type says so', () => {
    const pdb = builtinSchemas.type('policy/v1.PodDisruptionBudget');
    const from = { spec: { selector: { matchLabels: { a: '1' } } } };
    expect(patched({ spec: { selector: { matchLabels: { b: '2' } } } }, pdb, from)).toEqual({
      spec: { selector: { matchLabels: { b: '2' } } },
    });
  });

  it('null changes nothing', () => {
    expect(patched('null')).toEqual(object);
  });

  it('refuses in the words of kube-apiserver', () => {
    const rules = { rules: [[1]] };
    const cases: [unknown, number, string][] = [
      [
        inPod({ containers: [{ image: 'x' }] }),
        500,
        'map: map[image:x] does not contain declared merge key: name',
      ],
      [{ spec: { $patch: 'fold' } }, 500, 'unknown patch type: fold in map: map[$patch:fold]'],
      [{ spec: { $patch: 5 } }, 500, 'unknown patch type: %!s(int64=5) in map: map[$patch:5]'],
      [
        inPod({ containers: [{ name: 'a', $patch: 'merge' }] }),
        500,
        'merging lists cannot yet be specified in the patch',
      ],
      [
        inPod({ containers: [{ $patch: 'delete' }] }),
        500,
        'map: map[$patch:delete] does not contain declared merge key: name',
      ],
      [inPod({ containers: ['x'] }), 500, 'list element types are not identical: '],
      [inPod({ containers: [[]] }), 500, 'list element types are not identical: '],
      [{ spec: { strategy: { $retainKeys: 'type' } } }, 400, 'invalid patch format of retainKeys'],
      [{ spec: { strategy: { $retainKeys: ['x'], type: 'y' } } }, 400, 'invalid patch format of retainKeys'],
      [{ metadata: { $deleteFromPrimitiveList: [] } }, 400, 'invalid patch format of primitive list'],
      [{ metadata: { $setElementOrder: [] } }, 400, 'invalid patch format of setElementOrder list'],
      [
        { metadata: { '$setElementOrder/finalizers': {} } },
        500,
        'expected a []interface {}, but received a map[string]interface {}',
      ],
      [
        { metadata: { '$setElementOrder/none': [] } },
        500,
        'unable to find api field in struct ObjectMeta for the json field "none"',
      ],
      ['{', 400, 'unexpected end of JSON input'],
      ['[]', 400, 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ];
    for (const [patch, code, why] of cases) {
      const [gotCode, gotWhy] = patched(patch);
      expect([gotCode, gotWhy.slice(0, why.length)]).toEqual([code, why]);
    }
    const roles = builtinSchemas.type('meta/v1.ObjectMeta');
    expect(patched({ finalizers: rules.rules }, roles, { finalizers: [] })).toEqual([
      422,
      'the server rejected our request due to an error in our request',
    ]);
  });

  it('shows what is left of a patch whose result does not decode', () => {
    const text =
      '{"bogus":1,"metadata":{"extra":1.5,"annotations":{"a":null}},"spec":{"strategy":{"$retainKeys":["type"],"type":"x"}}}';
    const result = applyStrategicMergePatch(object, text, deployment, 'Strict');
    expect(result.ok && result.shown()).toBe(
      'map[bogus:1 metadata:map[annotations:map[a:<nil>] extra:1.5] spec:map[strategy:map[type:x]]]',
    );
    expect(
      undecodablePatchError('map[bogus:1]', 'strict decoding error: unknown field "bogus"').status,
    ).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      code: 422,
      reason: 'Invalid',
      message:
        ' "" is invalid: patch: Invalid value: "map[bogus:1]": strict decoding error: unknown field "bogus"',
      details: {
        causes: [
          {
            reason: 'FieldValueInvalid',
            field: 'patch',
            message: 'Invalid value: "map[bogus:1]": strict decoding error: unknown field "bogus"',
          },
        ],
      },
    });
    expect(applyStrategicMergePatch(object, '{"data":{},"data":{"b":"2"}}', deployment)).toMatchObject({
      strictErrors: ['duplicate field "data"'],
    });
  });

  it('leaves prototypes alone', () => {
    patched('{"metadata":{"annotations":{"__proto__":{"polluted":1}}},"__proto__":{"polluted":1}}');
    expect(({} as any).polluted).toBeUndefined();
    expect(patched('{"metadata":{"annotations":{"constructor":"x"}}}').metadata.annotations.constructor).toBe(
      'x',
    );
  });
});

const scalar = fc.oneof(
  fc.constantFrom('one', 'two', 'x'),
  fc.constantFrom(1, 80, 1.5),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.constantFrom(
  'name',
  'image',
  'env',
  'ports',
  'containerPort',
  'containers',
  'volumes',
  'metadata',
  'spec',
  'template',
  'labels',
  'finalizers',
  'strategy',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '$setElementOrder/finalizers',
  '$deleteFromPrimitiveList/finalizers',
  'tolerations',
  'nope',
  '__proto__',
  'constructor',
);
const directive = fc.constantFrom('delete', 'replace', 'merge');
const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, scalar, directive, tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  map: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
})).map;

describe('made-up patches', () => {
  it('never do more than be refused', () => {
    fc.assert(
      fc.property(json, json, (patch, pod) => {
        for (const body of [patch, { spec: patch, metadata: patch }, inPod(patch)])
          patched(JSON.stringify(body));
        patched(JSON.stringify(patch), deployment, pod as Fields);
      }),
      { numRuns: 500 },
    );
    expect(({} as any).name).toBeUndefined();
  });
});
