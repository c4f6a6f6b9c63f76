import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../meta/object.ts';
import type { AuthorizationAttributes } from '../authorizer.ts';
import { RbacAuthorizer } from './authorizer.ts';
import { plainly } from './plain-evaluator.fixture.ts';
import { RbacPolicy } from './policy.ts';
import { RBAC_KINDS, staticSource } from './source.ts';

const NAMESPACES = ['a', 'b'];
const VERBS = ['get', 'list', '*', 'delete'];
const GROUPS = ['', 'apps', '*'];
const RESOURCES = ['pods', 'pods/log', '*/log', '*', 'secrets', '*/scale'];
const NAMES = ['x', 'y', ''];
const PATHS = ['/a', '/a/*', '/a/b', '*', '/'];

const some = <T>(values: readonly T[]): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { maxLength: 2 });

const rule = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      verbs: some(VERBS),
      apiGroups: some(GROUPS),
      resources: some(RESOURCES),
      resourceNames: fc.oneof(fc.constant([]), some(NAMES)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ verbs: some(VERBS), nonResourceURLs: some(PATHS) }) },
);
const subject = fc.oneof(
  fc.record({ kind: fc.constant('User'), name: fc.constantFrom('u', 'v', 'system:serviceaccount:a:s') }),
  fc.record({ kind: fc.constant('Group'), name: fc.constantFrom('g', 'h') }),
  fc.record({
    kind: fc.constant('ServiceAccount'),
    name: fc.constantFrom('s', 't'),
    namespace: fc.constantFrom('a', 'b', ''),
  }),
);
const namespace = fc.constantFrom(...NAMESPACES);
const name = fc.constantFrom('1', '2', '3');

const object: fc.Arbitrary<KubeObject> = fc.oneof(
  fc
    .tuple(name, fc.array(rule, { maxLength: 3 }))
    .map(([n, rules]) => ({ kind: 'ClusterRole', metadata: { name: n }, rules })),
  fc
    .tuple(namespace, name, fc.array(rule, { maxLength: 3 }))
    .map(([ns, n, rules]) => ({ kind: 'Role', metadata: { namespace: ns, name: n }, rules })),
  fc.tuple(name, name, fc.array(subject, { maxLength: 3 })).map(([n, role, subjects]) => ({
    kind: 'ClusterRoleBinding',
    metadata: { name: n },
    roleRef: { kind: 'ClusterRole', name: role },
    subjects,
  })),
  fc
    .tuple(namespace, name, fc.constantFrom('Role', 'ClusterRole'), name, fc.array(subject, { maxLength: 3 }))
    .map(([ns, n, kind, role, subjects]) => ({
      kind: 'RoleBinding',
      metadata: { namespace: ns, name: n },
      roleRef: { kind, name: role },
      subjects,
    })),
);

const request: fc.Arbitrary<AuthorizationAttributes> = fc
  .record({
    user: fc.record({
      name: fc.constantFrom('u', 'v', 'w', 'system:serviceaccount:a:s', 'system:serviceaccount:b:s'),
      groups: some(['g', 'h']),
    }),
    verb: fc.constantFrom('get', 'list', 'delete', '*'),
    isResourceRequest: fc.boolean(),
    namespace: fc.constantFrom('', 'a', 'b'),
    apiGroup: fc.constantFrom('', 'apps'),
    resource: fc.constantFrom('pods', 'secrets'),
    subresource: fc.constantFrom('', 'log', 'scale'),
    name: fc.constantFrom(...NAMES),
    path: fc.constantFrom('/a', '/a/b', '/a/', '/', '/z'),
  })
  .map((asked) => ({ ...asked, apiVersion: 'v1' }));

const identity = (o: KubeObject): string => `${o.kind}/${o.metadata.namespace ?? ''}/${o.metadata.name}`;
const unique = (objects: readonly KubeObject[]): KubeObject[] => [
  ...new Map(objects.map((o) => [identity(o), o])).values(),
];

function found(
  authorizer: RbacAuthorizer,
  objects: readonly KubeObject[],
  asked: AuthorizationAttributes,
): string | undefined {
  const { decision, facts } = authorizer.authorize(asked);
  if (decision !== 'allow') return undefined;
  const {
    binding,
    role,
    rule: source,
  } = facts as {
    binding: { kind: string; namespace: string; name: string };
    role: { kind: string; name: string; namespace: string };
    rule: unknown;
  };
  const holder = objects.find((o) => identity(o) === `${role.kind}/${role.namespace}/${role.name}`)!;
  return `${binding.kind}/${binding.namespace}/${binding.name}#${holder['rules'].indexOf(source)}`;
}

describe('RbacPolicy', () => {
  it('answers as a plain reading of the rules does, with the same rule', () => {
    let asked = 0;
    fc.assert(
      fc.property(
        fc.array(object, { maxLength: 14 }).map(unique),
        fc.array(request, { minLength: 20, maxLength: 20 }),
        (objects, requests) => {
          const authorizer = new RbacAuthorizer(new RbacPolicy(staticSource(objects)));
          for (const one of requests) {
            asked++;
            expect(found(authorizer, objects, one)).toBe(plainly(objects, one));
          }
        },
      ),
      { numRuns: 5000 },
    );
    expect(asked).toBeGreaterThanOrEqual(100_000);
  });

  it('follows changes of its source', () => {
    const change = fc.oneof(
      object.map((o) => ({ remove: false, o })),
      object.map((o) => ({ remove: true, o })),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 25 }), request, (changes, asked) => {
        const source = staticSource([]);
        const authorizer = new RbacAuthorizer(new RbacPolicy(source));
        const objects = new Map<string, KubeObject>();
        for (const { remove, o } of changes) {
          const lister = source[RBAC_KINDS[o.kind!]!];
          if (remove) lister.remove(o.metadata.namespace ?? '', o.metadata.name!);
          else lister.set(o);
          if (remove) objects.delete(identity(o));
          else objects.set(identity(o), o);
          expect(found(authorizer, [...objects.values()], asked)).toBe(plainly([...objects.values()], asked));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('takes no right away when a rule is added', () => {
    fc.assert(
      fc.property(
        fc.array(object, { maxLength: 14 }).map(unique),
        rule,
        fc.nat(),
        fc.array(request, { minLength: 10, maxLength: 10 }),
        (objects, added, at, requests) => {
          const roles = objects.filter((o) => o.kind === 'Role' || o.kind === 'ClusterRole');
          const role = roles[at % Math.max(roles.length, 1)];
          if (!role) return;
          const more = objects.map((o) => (o === role ? { ...o, rules: [...o['rules'], added] } : o));
          const before = new RbacAuthorizer(new RbacPolicy(staticSource(objects)));
          const after = new RbacAuthorizer(new RbacPolicy(staticSource(more)));
          for (const one of requests)
            if (before.authorize(one).decision === 'allow')
              expect(after.authorize(one).decision).toBe('allow');
        },
      ),
      { numRuns: 2000 },
    );
  });
});
