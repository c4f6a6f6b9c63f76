import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { isStatus } from '../../meta/status.ts';
import { FieldManager } from './field-manager.ts';
import { type FieldSet, paths } from './field-set.ts';
import { builtinKind } from './owned-kinds.ts';

const pods = new FieldManager(builtinKind('', 'Pod'), 'v1');

const name = fc.constantFrom('a', 'b', 'c');
const strings = fc.dictionary(fc.constantFrom('x', 'y', 'constructor', '__proto__'), name, {
  maxKeys: 3,
  noNullPrototype: true,
});
const distinct = (item: fc.Arbitrary<Fields>, key: string): fc.Arbitrary<Fields[]> =>
  fc.uniqueArray(item, { selector: (value) => value[key], maxLength: 3 });
const partial = (
  shape: Record<string, fc.Arbitrary<unknown>>,
  required: string[] = [],
): fc.Arbitrary<Fields> =>
  fc.record(shape, { requiredKeys: required, noNullPrototype: true }) as fc.Arbitrary<Fields>;

const container = partial(
  {
    name,
    image: name,
    args: fc.array(name, { maxLength: 2 }),
    env: distinct(partial({ name, value: name }, ['name']), 'name'),
    ports: distinct(
      partial({ containerPort: fc.constantFrom(80, 443), name }, ['containerPort']),
      'containerPort',
    ),
    resources: partial({ limits: strings }),
  },
  ['name'],
);
const spec = partial({
  containers: distinct(container, 'name'),
  volumes: distinct(partial({ name, emptyDir: partial({ medium: name }) }, ['name']), 'name'),
  nodeSelector: strings,
  hostname: name,
  tolerations: fc.array(partial({ key: name }), { maxLength: 2 }),
});
const metadata = partial({ labels: strings, finalizers: fc.uniqueArray(name, { maxLength: 3 }) });
const pod = fc.record({ metadata, spec }, { noNullPrototype: true }).map(
  ({ metadata: meta, spec: body }): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...meta },
    spec: body,
  }),
);

const stored = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, uid: 'u' },
});
const sets = (object: KubeObject): FieldSet[] =>
  (object.metadata.managedFields ?? []).map((e) => e.fieldsV1 as FieldSet);
const options = (manager: string): { manager: string; force: boolean; subresource: string; now: number } => ({
  manager,
  force: true,
  subresource: '',
  now: 0,
});

/** What a path leads to; undefined for nothing. */
function at(value: any, path: readonly string[]): unknown {
  let here = value;
  for (const step of path) {
    if (here === undefined || here === null) return undefined;
    const text = step.slice(2);
    if (step.startsWith('f:')) here = Object.hasOwn(here, text) ? here[text] : undefined;
    else if (step.startsWith('v:')) here = here.find((item: unknown) => JSON.stringify(item) === text);
    else {
      const keys = Object.entries(JSON.parse(text) as Fields).filter(([key]) => key !== 'protocol');
      here = here.find((item: Fields) => keys.every(([key, wanted]) => item[key] === wanted));
    }
  }
  return here;
}

function expectOwnedFieldsExist(object: KubeObject): void {
  for (const set of sets(object)) {
    for (const path of paths(set)) expect(at(object, path), path.join(' ')).toBeDefined();
  }
}

const write = fc.record({ by: fc.constantFrom('one', 'two', 'three'), apply: fc.boolean(), object: pod });

describe('made-up writes', () => {
  it('own only what is there, and change nothing they are given', () => {
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 5 }), (writes) => {
        let live: KubeObject | undefined;
        for (const { by, apply, object } of writes) {
          const before = JSON.stringify([live, object]);
          const sent = live ? { ...object, metadata: { ...object.metadata, uid: 'u' } } : object;
          const next: KubeObject = apply
            ? pods.apply(live, object, options(by))
            : live
              ? pods.update(live, sent, by, '', 0)
              : pods.create(object, by, 0);
          expect(JSON.stringify([live, object])).toBe(before);
          expectOwnedFieldsExist(next);
          live = stored(next);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('applied twice are applied once', () => {
    fc.assert(
      fc.property(pod, pod, (first, second) => {
        const live = stored(pods.apply(stored(pods.create(first, 'one', 0)), second, options('two')));
        const again = pods.apply(live, second, { ...options('two'), now: 60_000, force: false });
        expect(again).toEqual(live);
      }),
      { numRuns: 300 },
    );
  });

  it('applied and given up leave what was there', () => {
    fc.assert(
      fc.property(pod, (object) => {
        const base: KubeObject = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'p' },
          spec: { hostname: 'base' },
        };
        const live = stored(pods.create(base, 'one', 0));
        const applied = stored(pods.apply(live, object, options('two')));
        const left = pods.apply(
          applied,
          { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } },
          options('two'),
        );
        expect(left.metadata.managedFields?.some((e) => e.manager === 'two') ?? false).toBe(false);
        expectOwnedFieldsExist(left);
      }),
      { numRuns: 200 },
    );
  });

  it('of any JSON are refused with a Status at most', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (value, other) => {
        const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: value } as KubeObject;
        const live = stored({ ...object, spec: other as Fields });
        pods.create(object, 'm', 0);
        pods.update(live, object, 'm', '', 0);
        try {
          pods.apply(live, object, options('m'));
        } catch (error) {
          if (!isStatus(error)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});
