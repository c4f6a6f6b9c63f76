import { describe, expect, it } from 'vitest';
import type { AuthorizationAttributes, AuthorizationOutcome } from '../../authorization/authorizer.ts';
import type { KubeObject } from '../../meta/object.ts';
import { attributesOf, listerOf, pod, refusal } from '../fixtures/attributes.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { forbiddenLabels } from './labels.ts';
import { NodeRestriction, type NodeRestrictionParts } from './plugin.ts';

const N1 = { name: 'system:node:n1', groups: ['system:nodes'] };
const node = (name: string, over: object = {}): KubeObject => ({
  metadata: { name, uid: `uid-${name}` },
  ...over,
});
const owner = (over: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Node',
  name: 'n1',
  uid: 'uid-n1',
  controller: true,
  ...over,
});
const mirror = (spec: object = {}, metadata: object = {}): KubeObject =>
  pod(
    { nodeName: 'n1', ...spec },
    { annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner()], ...metadata },
  );

function plugin(
  over: Partial<NodeRestrictionParts> = {},
  asked: AuthorizationAttributes[] = [],
): NodeRestriction {
  return new NodeRestriction({
    nodes: listerOf(node('n1')),
    pods: listerOf(
      pod({ nodeName: 'n1' }, { name: 'mine', uid: 'u1' }),
      pod({ nodeName: 'n2' }, { name: 'theirs', uid: 'u2' }),
    ),
    claims: listerOf(),
    volumes: listerOf(),
    drivers: listerOf(),
    authorization: {
      authorize(attributes): AuthorizationOutcome {
        asked.push(attributes);
        return { decision: 'noOpinion', reason: '', asked: [] };
      },
    },
    ...over,
  });
}

async function judge(given: Parameters<typeof attributesOf>[0], over: Partial<NodeRestrictionParts> = {}) {
  return refusal(await plugin(over).admit(attributesOf({ user: N1, ...given })));
}

describe('NodeRestriction', () => {
  it('is about nodes only, and about nobody it cannot name', async () => {
    expect(await judge({ object: pod(), user: { name: 'system:node:n1', groups: [] } })).toBeUndefined();
    expect(await judge({ object: pod(), user: { name: 'system:node:', groups: ['system:nodes'] } })).toBe(
      'pods "p" is forbidden: could not determine node from user "system:node:"',
    );
  });

  it('keeps labels that draw workloads from kubelets', () => {
    const given = {
      'kubernetes.io/hostname': 'a',
      'node.kubernetes.io/x': 'a',
      'x.kubelet.kubernetes.io/y': 'a',
      team: 'blue',
      'example.com/kubernetes.io': 'a',
      'notkubernetes.io/a': 'a',
      'node-role.kubernetes.io/master': '',
      'k8s.io/a': 'a',
      'sub.node-restriction.kubernetes.io/a': 'a',
      'node-restriction.kubernetes.io/a': 'a',
    };
    const kept = [
      'k8s.io/a',
      'node-restriction.kubernetes.io/a',
      'node-role.kubernetes.io/master',
      'sub.node-restriction.kubernetes.io/a',
    ];
    expect(forbiddenLabels(given, undefined)).toEqual(kept);
    expect(forbiddenLabels(undefined, given)).toEqual(kept);
    expect(forbiddenLabels(given, given)).toEqual([]);
    expect(forbiddenLabels({ ...given, 'k8s.io/a': 'b' }, given)).toEqual(['k8s.io/a']);
  });

  it.each<[string, Partial<AdmissionAttributes>, string | undefined]>([
    ['itself', { object: node('n1') }, undefined],
    ['another', { object: node('n2') }, 'node "n1" is not allowed to modify node "n2"'],
    [
      'another, deleted',
      { operation: 'DELETE', name: 'n2', oldObject: node('n2') },
      'node "n1" is not allowed to modify node "n2"',
    ],
    [
      'labels',
      { object: { metadata: { name: 'n1', labels: { 'k8s.io/b': '', 'a.k8s.io/a': '' } } } },
      'node "n1" is not allowed to set the following labels: a.k8s.io/a, k8s.io/b',
    ],
    [
      'taints',
      {
        operation: 'UPDATE',
        object: node('n1', { spec: { taints: [] } }),
        oldObject: node('n1', { spec: { taints: [{ key: 'a' }] } }),
      },
      'node "n1" is not allowed to modify taints',
    ],
    [
      'no taints and none',
      {
        operation: 'UPDATE',
        object: node('n1', { spec: { taints: [] } }),
        oldObject: node('n1', { spec: {} }),
      },
      undefined,
    ],
    [
      'configSource',
      { object: node('n1', { spec: { configSource: {} } }) },
      'node "n1" is not allowed to create pods with a non-nil configSource',
    ],
    [
      'labels of status',
      {
        operation: 'UPDATE',
        subresource: 'status',
        object: { metadata: { name: 'n1', labels: { 'k8s.io/a': '' } } },
        oldObject: node('n1'),
      },
      'is not allowed to modify labels: k8s.io/a',
    ],
  ])('of nodes: %s', async (_name, given, words) => {
    expect(await judge({ of: 'nodes', namespace: '', ...given })).toBe(
      words && `nodes "${given.name ?? given.object?.metadata.name}" is forbidden: ${words}`,
    );
  });

  it.each<[string, KubeObject, string | undefined]>([
    ['a mirror pod', mirror(), undefined],
    [
      'no mirror pod',
      pod({ nodeName: 'n1' }),
      'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    ],
    [
      'elsewhere',
      mirror({ nodeName: 'n2' }),
      'node "n1" can only create pods with spec.nodeName set to itself',
    ],
    [
      'two owners',
      mirror({}, { ownerReferences: [owner(), owner()] }),
      'node "n1" can only create pods with a single owner reference set to itself',
    ],
    [
      'no owner',
      mirror({}, { ownerReferences: [] }),
      'node "n1" can only create pods with an owner reference set to itself',
    ],
    [
      'another owner',
      mirror({}, { ownerReferences: [owner({ name: 'n2' })] }),
      'node "n1" can only create pods with an owner reference set to itself',
    ],
    [
      'no controller',
      mirror({}, { ownerReferences: [owner({ controller: false })] }),
      'node "n1" can only create pods with a controller owner reference set to itself',
    ],
    [
      'blocking',
      mirror({}, { ownerReferences: [owner({ blockOwnerDeletion: true })] }),
      'node "n1" must not set blockOwnerDeletion on an owner reference',
    ],
    [
      'another uid',
      mirror({}, { ownerReferences: [owner({ uid: 'x' })] }),
      'node n1 UID mismatch: expected x got uid-n1',
    ],
    [
      'an account',
      mirror({ serviceAccountName: 'a' }),
      'node "n1" can not create pods that reference serviceaccounts',
    ],
    [
      'a secret in the environment',
      mirror({ containers: [{ name: 'c', envFrom: [{ secretRef: { name: 's' } }] }] }),
      'node "n1" can not create pods that reference secrets',
    ],
    [
      'a config map in the environment',
      mirror({
        containers: [{ name: 'c', env: [{ name: 'E', valueFrom: { configMapKeyRef: { name: 's' } } }] }],
      }),
      'node "n1" can not create pods that reference configmaps',
    ],
    [
      'claims',
      mirror({ resourceClaims: [{ name: 'r' }] }),
      'node "n1" can not create pods that reference resourceclaims',
    ],
    [
      'a claimed volume',
      mirror({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }),
      'node "n1" can not create pods that reference persistentvolumeclaims',
    ],
    [
      'a driver',
      mirror({ volumes: [{ name: 'v', csi: { driver: 'd' } }] }),
      'node "n1" can not create pods that reference csidrivers (via CSI volumes)',
    ],
    [
      'a token',
      mirror({
        volumes: [{ name: 'v', projected: { sources: [{ downwardAPI: {} }, { serviceAccountToken: {} }] } }],
      }),
      'node "n1" can not create pods that reference serviceaccounts (via projected volumes)',
    ],
    [
      'what nobody knows',
      mirror({ volumes: [{ name: 'v', novel: {} }] }),
      'error checking mirror pod for API references: unknown volume type for volume  "v"',
    ],
    [
      'what is on the node',
      mirror({
        volumes: [
          { name: 'v', hostPath: {} },
          { name: 'w', emptyDir: {} },
        ],
      }),
      undefined,
    ],
  ])('of pods created: %s', async (_name, object, words) => {
    expect(await judge({ object })).toBe(words && `pods "p" is forbidden: ${words}`);
  });

  it('lets a kubelet end and report pods of its own, and no others', async () => {
    expect(await judge({ operation: 'DELETE', name: 'mine' })).toBeUndefined();
    expect(await judge({ operation: 'DELETE', name: 'theirs' })).toContain(
      'can only delete pods with spec.nodeName set to itself',
    );
    expect(await judge({ operation: 'DELETE', name: 'nope' })).toBe('pod "nope" not found');
    expect(await judge({ subresource: 'eviction', name: 'theirs', object: { metadata: {} } })).toContain(
      'node n1 can only evict pods',
    );
    expect(await judge({ subresource: 'binding', name: 'mine', object: { metadata: {} } })).toContain(
      'unexpected pod subresource "binding"',
    );
    expect(await judge({ operation: 'UPDATE', name: 'mine', object: pod(), oldObject: pod() })).toContain(
      'can only create and delete mirror pods',
    );
    const status = (object: KubeObject, oldObject: KubeObject) =>
      judge({ operation: 'UPDATE', subresource: 'status', object, oldObject });
    const own = pod({ nodeName: 'n1' });
    expect(await status({ ...own, status: { phase: 'Running' } }, own)).toBeUndefined();
    expect(await status(own, pod({ nodeName: 'n2' }))).toContain('can only update pod status for pods');
    expect(await status(pod({ nodeName: 'n1' }, { labels: { a: 'b' } }), own)).toContain(
      'cannot update labels through pod status',
    );
    expect(await status({ ...own, status: { resourceClaimStatuses: [{ name: 'a' }] } }, own)).toContain(
      'cannot update resource claim statues',
    );
  });

  describe('of tokens', () => {
    const token = (spec: object) => ({
      of: 'serviceaccounts',
      subresource: 'token',
      name: 'sa',
      object: { metadata: {}, spec },
    });
    const bound = (over: object = {}, audiences?: string[]) =>
      token({
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'u1', ...over },
        ...(audiences ? { audiences } : {}),
      });

    it('wants a pod on the node, and says what is wrong', async () => {
      const words = async (given: Parameters<typeof judge>[0]) =>
        (await judge(given))?.replace('serviceaccounts "sa" is forbidden: ', '');
      expect(await words(token({}))).toBe('node requested token not bound to a pod');
      expect(await words(bound({ kind: 'Secret' }))).toBe('node requested token not bound to a pod');
      expect(await words(bound({ uid: '' }))).toBe('node requested token with a pod binding without a uid');
      expect(await words(bound({ uid: 'u2' }))).toContain(
        'the UID in the bound object reference (u2) does not match',
      );
      expect(await words(bound({ name: 'gone' }))).toBe('pod "gone" not found');
      expect(await words(bound({ name: 'theirs', uid: 'u2' }))).toBe(
        'node requested token bound to a pod scheduled on a different node',
      );
      expect(await words(bound({}, ['a', 'b']))).toBe('node may only request 0 or 1 audiences');
      expect(await words(bound({}, ['vault']))).toBe(
        'audience "vault" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
      );
    });

    it('takes audiences that a volume of the pod needs', async () => {
      const volumes = [
        { name: 'token', projected: { sources: [{ serviceAccountToken: { audience: 'vault' } }] } },
        { name: 'inline', csi: { driver: 'one' } },
        { name: 'claimed', persistentVolumeClaim: { claimName: 'c' } },
        { name: 'old', awsElasticBlockStore: {} },
      ];
      const driver = (name: string, audience: string) => ({
        metadata: { name },
        spec: { tokenRequests: [{ audience }] },
      });
      const parts = {
        pods: listerOf(pod({ nodeName: 'n1', volumes }, { name: 'mine', uid: 'u1' })),
        claims: listerOf({ metadata: { namespace: 'ns', name: 'c' }, spec: { volumeName: 'v' } }),
        volumes: listerOf({ metadata: { name: 'v' }, spec: { csi: { driver: 'two' } } }),
        drivers: listerOf(driver('one', 'a1'), driver('two', 'a2'), driver('ebs.csi.aws.com', 'a3')),
      };
      for (const audience of ['vault', 'a1', 'a2', 'a3'])
        expect(await judge(bound({}, [audience]), parts)).toBeUndefined();
      expect(await judge(bound({}, ['a4']), parts)).toContain('audience "a4" not found');
      expect(await judge(bound({}, ['a4']), { ...parts, claims: listerOf() })).toContain(
        'error validating audience "a4": persistentvolumeclaim "c" not found',
      );
    });

    it('asks the authorizers for other audiences', async () => {
      const asked: AuthorizationAttributes[] = [];
      await plugin({}, asked).admit(attributesOf({ user: N1, ...bound({}, ['vault']) }));
      expect(asked).toMatchObject([
        {
          verb: 'request-serviceaccounts-token-audience',
          resource: 'vault',
          name: 'sa',
          namespace: 'ns',
          apiGroup: '',
        },
      ]);
      const allowing = {
        authorize: (): AuthorizationOutcome => ({ decision: 'allow', reason: '', asked: [] }),
      };
      expect(await judge(bound({}, ['vault']), { authorization: allowing })).toBeUndefined();
    });
  });

  it('of leases, CSI nodes and slices', async () => {
    const lease = (namespace: string, name: string) =>
      judge({ of: 'leases.coordination.k8s.io', namespace, object: { metadata: { name } } });
    expect(await lease('kube-node-lease', 'n1')).toBeUndefined();
    expect(await lease('kube-node-lease', 'n2')).toContain('can only access node lease with the same name');
    expect(await lease('ns', 'n1')).toContain(
      'can only access leases in the "kube-node-lease" system namespace',
    );
    expect(
      await judge({
        of: 'csinodes.storage.k8s.io',
        operation: 'UPDATE',
        name: 'n2',
        object: { metadata: {} },
      }),
    ).toContain('can only access CSINode');
    const slice = (nodeName?: string) => ({ metadata: { name: 's' }, spec: { nodeName } });
    expect(await judge({ of: 'resourceslices.resource.k8s.io', object: slice('n1') })).toBeUndefined();
    expect(await judge({ of: 'resourceslices.resource.k8s.io', object: slice() })).toContain(
      'can only create ResourceSlice',
    );
    expect(
      await judge({ of: 'resourceslices.resource.k8s.io', operation: 'DELETE', oldObject: slice('n2') }),
    ).toContain('can only delete ResourceSlice');
  });

  it('of claims, only what a node has found out about their size', async () => {
    const claim = (status: object, metadata: object = {}): KubeObject => ({
      metadata: { name: 'c', ...metadata },
      status,
    });
    const update = (object: KubeObject, oldObject: KubeObject, subresource = 'status') =>
      judge({ of: 'persistentvolumeclaims', operation: 'UPDATE', subresource, object, oldObject });
    const old = claim({ phase: 'Bound' });
    expect(
      await update(
        claim({ phase: 'Bound', capacity: { storage: '2Gi' }, conditions: [{}] }, { resourceVersion: '7' }),
        old,
      ),
    ).toBeUndefined();
    expect(await update(claim({ phase: 'Lost' }), old)).toContain(
      'is not allowed to update fields other than status.quantity and status.conditions',
    );
    expect(await update(claim({ phase: 'Bound' }, { labels: { a: 'b' } }), old)).toContain(
      'is not allowed to update fields',
    );
    expect(await update(old, old, '')).toContain('may only update PVC status');
  });
});
