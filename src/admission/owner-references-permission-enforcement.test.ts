import { describe, expect, it } from 'vitest';
import type { AuthorizationAttributes, AuthorizationOutcome } from '../authorization/authorizer.ts';
import type { KubeObject } from '../meta/object.ts';
import { attributesOf, refusal } from './fixtures/attributes.ts';
import { OwnerReferencesPermissionEnforcement } from './owner-references-permission-enforcement.ts';

const SERVED = [
  { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments', namespaced: true },
  { group: '', version: 'v1', kind: 'Node', resource: 'nodes', namespaced: false },
];

async function validate(
  before: object[] | undefined,
  after: object[],
  allowed: string[] = [],
  subresource = '',
) {
  const asked: string[] = [];
  const authorization = {
    async authorize(on: AuthorizationAttributes): Promise<AuthorizationOutcome> {
      const right = `${on.verb} ${on.apiGroup}/${on.resource}/${on.subresource} ${on.namespace}/${on.name}`;
      asked.push(right);
      return {
        decision: allowed.includes(right) ? 'allow' : 'noOpinion',
        reason: 'no',
      } as AuthorizationOutcome;
    },
  };
  const plugin = new OwnerReferencesPermissionEnforcement(authorization, ({ group, version, kind }) =>
    SERVED.filter((own) => own.group === group && own.version === version && own.kind === kind),
  );
  const of = (ownerReferences: object[]): KubeObject =>
    ({ metadata: { name: 'p', namespace: 'ns', ownerReferences } }) as KubeObject;
  const verdict = await plugin.validate(
    attributesOf({
      operation: before ? 'UPDATE' : 'CREATE',
      subresource,
      object: of(after),
      ...(before ? { oldObject: of(before) } : {}),
    }),
  );
  return { words: refusal(verdict), asked };
}

const owner = (kind: string, apiVersion: string, more: object = {}): object => ({
  apiVersion,
  kind,
  name: 'o',
  uid: `uid of ${kind}`,
  ...more,
});
const deployment = owner('Deployment', 'apps/v1');
const DELETE = 'delete /pods/ ns/p';
const ALL = 'update */*/finalizers /*';

describe('OwnerReferencesPermissionEnforcement', () => {
  it('asks nothing where owners stay the same', async () => {
    expect((await validate([deployment], [{ ...deployment }])).asked).toEqual([]);
  });

  it('asks nothing of a new object with an owner that it does not hold up', async () => {
    expect(await validate(undefined, [deployment])).toEqual({ words: undefined, asked: [] });
  });

  it('wants the right to delete of who changes owners', async () => {
    expect((await validate([], [deployment])).words).toBe(
      'pods "p" is forbidden: cannot set an ownerRef on a resource you can\'t delete: no, <nil>',
    );
    expect((await validate([deployment], [])).words).toContain("you can't delete");
    expect((await validate([], [deployment], [DELETE])).words).toBeUndefined();
  });

  it('asks nothing of a pod’s status', async () => {
    expect((await validate([], [deployment], [], 'status')).asked).toEqual([]);
  });

  const blocking = { ...deployment, blockOwnerDeletion: true };
  const FINALIZE = 'update apps/deployments/finalizers ns/o';

  it('wants the right to change the finalizers of owners that are held up', async () => {
    const refused = await validate(undefined, [blocking]);
    expect(refused.words).toBe(
      'pods "p" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: no, <nil>',
    );
    expect(refused.asked).toEqual([ALL, FINALIZE]);
    expect((await validate(undefined, [blocking], [FINALIZE])).words).toBeUndefined();
    expect((await validate(undefined, [blocking], [ALL])).asked).toEqual([ALL]);
  });

  it('looks for owners without a namespace where they are', async () => {
    const node = owner('Node', 'v1', { blockOwnerDeletion: true });
    expect((await validate(undefined, [node])).asked).toEqual([ALL, 'update /nodes/finalizers /o']);
  });

  it('is concerned with owners that are held up from now on', async () => {
    const other = owner('Deployment', 'apps/v1', { uid: 'another' });
    expect((await validate([blocking], [blocking, other], [DELETE])).words).toBeUndefined();
    expect((await validate([deployment], [blocking], [DELETE])).words).toContain('blockOwnerDeletion');
  });

  it('refuses to hold up owners of no known kind', async () => {
    const unknown = owner('Thing', 'example.com/v1', { blockOwnerDeletion: true });
    expect((await validate(undefined, [unknown])).words).toBe(
      'pods "p" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion example.com/v1 Kind Thing: no matches for kind "Thing" in version "example.com/v1"',
    );
    const odd = owner('Thing', 'a/b/c', { blockOwnerDeletion: true });
    expect((await validate(undefined, [odd])).words).toContain('unexpected GroupVersion string: a/b/c');
  });
});
