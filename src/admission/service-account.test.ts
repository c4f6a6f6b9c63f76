import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryClient } from '../controllers/fixtures/memory-client.ts';
import type { KubeObject } from '../meta/object.ts';
import type { AdmissionAttributes } from './plugin.ts';
import { ServiceAccountPlugin } from './service-account.ts';

let client: MemoryClient;
const PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

beforeEach(() => {
  client = new MemoryClient();
});

const account = (name: string, more: object = {}, annotations: Record<string, string> = {}) =>
  client.put('serviceaccounts', { metadata: { name, namespace: 'ns', annotations }, ...more });
const strict = (more: object) =>
  account('strict', more, { 'kubernetes.io/enforce-mountable-secrets': 'true' });

function attributesOf(pod: KubeObject, more: Partial<AdmissionAttributes> = {}): AdmissionAttributes {
  return {
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    subresource: '',
    namespace: 'ns',
    name: pod.metadata.name ?? '',
    object: pod,
    options: {},
    dryRun: false,
    user: { name: 'admin', groups: [] },
    now: 0,
    warn: () => {},
    annotate: () => {},
    ...more,
  };
}

const pod = (spec: object = {}, annotations: Record<string, string> = {}): KubeObject => ({
  metadata: { name: 'p', namespace: 'ns', annotations },
  spec: { containers: [{ name: 'c' }], ...spec },
});

async function admit(object: KubeObject, more: Partial<AdmissionAttributes> = {}) {
  const plugin = new ServiceAccountPlugin({
    client,
    random: () => 0,
    wait: (_, then) => {
      queueMicrotask(then);
      return () => {};
    },
  });
  const attributes = attributesOf(object, more);
  const verdict =
    more.operation === 'UPDATE' ? await plugin.validate(attributes) : await plugin.admit(attributes);
  return verdict.outcome === 'denied' ? `${verdict.error.code} ${verdict.error.status.message}` : object.spec;
}

describe('a pod', () => {
  it('gets the default account and its token, read-only, in every container without a mount there', async () => {
    account('default');
    const spec: any = await admit(
      pod({
        initContainers: [{ name: 'i' }],
        containers: [{ name: 'c', volumeMounts: [{ name: 'own', mountPath: PATH }] }, { name: 'd' }],
        volumes: [{ name: 'own', emptyDir: {} }],
      }),
    );
    expect([spec.serviceAccountName, spec.serviceAccount]).toEqual(['default', 'default']);
    const mount = { name: 'kube-api-access-bbbbb', readOnly: true, mountPath: PATH };
    expect(spec.initContainers[0].volumeMounts).toEqual([mount]);
    expect(spec.containers.map((c: any) => c.volumeMounts)).toEqual([
      [{ name: 'own', mountPath: PATH }],
      [mount],
    ]);
    expect(spec.volumes[1]).toMatchObject({
      name: 'kube-api-access-bbbbb',
      projected: {
        defaultMode: 420,
        sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }, {}, {}],
      },
    });
  });

  it('gets no volume where it has one of that name, or nobody needs it', async () => {
    account('default');
    const own: any = await admit(pod({ volumes: [{ name: 'kube-api-access-mine', emptyDir: {} }] }));
    expect(own.volumes).toHaveLength(1);
    expect(own.containers[0].volumeMounts[0].name).toBe('kube-api-access-mine');
    const covered: any = await admit(
      pod({ containers: [{ name: 'c', volumeMounts: [{ name: 'x', mountPath: PATH }] }] }),
    );
    expect(covered.volumes).toBeUndefined();
  });

  it('has its own word on the token before the account has', async () => {
    account('quiet', { automountServiceAccountToken: false });
    account('loud', { automountServiceAccountToken: true });
    const volumes = async (serviceAccountName: string, wish?: boolean) =>
      (
        (await admit(
          pod({ serviceAccountName, ...(wish === undefined ? {} : { automountServiceAccountToken: wish }) }),
        )) as any
      ).volumes?.length ?? 0;
    expect([
      await volumes('quiet'),
      await volumes('quiet', true),
      await volumes('loud'),
      await volumes('loud', false),
    ]).toEqual([0, 1, 1, 0]);
  });

  it("takes the account's pull secrets if it has none, and follows the older field", async () => {
    account('loud', { imagePullSecrets: [{ name: 'r1' }, { name: 'r2' }] });
    expect(await admit(pod({ serviceAccount: 'loud' }))).toMatchObject({
      serviceAccountName: 'loud',
      imagePullSecrets: [{ name: 'r1' }, { name: 'r2' }],
    });
    expect(
      await admit(pod({ serviceAccountName: 'loud', imagePullSecrets: [{ name: 'own' }] })),
    ).toMatchObject({
      imagePullSecrets: [{ name: 'own' }],
    });
  });

  it('is refused without its account; the default one is asked for ten times', async () => {
    expect(await admit(pod({ serviceAccountName: 'ghost' }))).toBe(
      '403 pods "p" is forbidden: error looking up service account ns/ghost: serviceaccount "ghost" not found',
    );
    client.calls.length = 0;
    expect(await admit(pod())).toContain('serviceaccount "default" not found');
    expect(client.calls).toHaveLength(10);
    const generated = { metadata: { generateName: 'gen-' }, spec: {} };
    expect(await admit(generated)).toContain('pods "gen-" is forbidden');
  });

  it('is held to the Secrets its account lists where that is enforced', async () => {
    strict({ secrets: [{ name: 'yes' }], imagePullSecrets: [{ name: 'reg' }] });
    const said = (spec: object) => admit(pod({ serviceAccountName: 'strict', ...spec }));
    const env = (name: string) => [{ name: 'A', valueFrom: { secretKeyRef: { name, key: 'k' } } }];
    const not = 'is not allowed because service account strict does not reference that';
    expect(await said({ volumes: [{ name: 'v', secret: { secretName: 'yes' } }] })).toBeTypeOf('object');
    expect(await said({ volumes: [{ name: 'v', secret: { secretName: 'no' } }] })).toBe(
      `403 pods "p" is forbidden: volume with secret.secretName="no" ${not} secret`,
    );
    expect(await said({ initContainers: [{ name: 'i', env: env('no') }] })).toBe(
      `403 pods "p" is forbidden: init container i with envVar A referencing secret.secretName="no" ${not} secret`,
    );
    expect(await said({ containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'no' } }] }] })).toBe(
      `403 pods "p" is forbidden: container c with envFrom referencing secret.secretName="no" ${not} secret`,
    );
    expect(await said({ imagePullSecrets: [{ name: 'reg' }, { name: 'no' }] })).toBe(
      `403 pods "p" is forbidden: imagePullSecrets[1].name="no" ${not} imagePullSecret`,
    );
    expect(
      await said({ volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'no' } }] } }] }),
    ).toBeTypeOf('object');
  });

  it('is refused ephemeral containers with other Secrets by 500', async () => {
    strict({});
    const object = pod({
      serviceAccountName: 'strict',
      ephemeralContainers: [{ name: 'dbg', envFrom: [{ secretRef: { name: 'no' } }] }],
    });
    const update = { operation: 'UPDATE', subresource: 'ephemeralcontainers' } as const;
    expect(await admit(object, update)).toBe(
      '500 ephemeral container dbg with envFrom referencing secret.secretName="no" is not allowed because service account strict does not reference that secret',
    );
  });

  it('of a kubelet has no account and no secrets', async () => {
    const mirror = (spec: object) => admit(pod(spec, { 'kubernetes.io/config.mirror': '' }));
    expect(await mirror({})).toEqual({ containers: [{ name: 'c' }] });
    expect(await mirror({ serviceAccountName: 'x' })).toContain(
      'a mirror pod may not reference service accounts',
    );
    expect(await mirror({ imagePullSecrets: [{ name: 'x' }] })).toContain(
      'a mirror pod may not reference secrets',
    );
    expect(
      await mirror({ volumes: [{ projected: { sources: [{ serviceAccountToken: { path: 'x' } }] } }] }),
    ).toContain('a mirror pod may not use ServiceAccountToken volume projections');
  });
});
