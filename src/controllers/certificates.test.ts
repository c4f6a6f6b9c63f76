import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { GroupResource, KubeObject } from '../meta/object.ts';
import { createAuthority } from '../pki/authority.ts';
import { type RequestOptions, requestPem } from '../pki/fixtures/requests.ts';
import { signingAuthority } from '../pki/sign-request.ts';
import type { StaticLister } from '../registry/lister.ts';
import { CertificatesApproving, type MayAskFor } from './certificates-approving.ts';
import { CertificatesCleaning } from './certificates-cleaning.ts';
import { CertificatesSigning, type SigningParts } from './certificates-signing.ts';
import { MemoryClient } from './fixtures/memory-client.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ca = await createAuthority('ca', 900, NOW);

/** Keeps requests where the rest of it does. */
class RequestClient extends MemoryClient {
  override lister({ resource }: GroupResource): StaticLister {
    return super.lister({ group: '', resource });
  }
  get csrs(): StaticLister {
    return this.lister({ group: '', resource: 'certificatesigningrequests' });
  }
  add(name: string, spec: object, status?: object, metadata: object = {}): void {
    this.put('certificatesigningrequests', {
      metadata: { name, ...metadata },
      spec,
      ...(status ? { status } : {}),
    } as KubeObject);
  }
  status(name = 'r'): any {
    return this.csrs.get('', name)?.['status'];
  }
}

const NODE = 'system:node:n1';
const KUBELET = { commonName: NODE, organizations: ['system:nodes'] };
const kubeletSpec = (options: RequestOptions = KUBELET, more: object = {}): object => ({
  signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
  request: Buffer.from(requestPem(options)).toString('base64'),
  usages: ['digital signature', 'client auth'],
  username: 'system:bootstrap:abcdef',
  groups: ['system:bootstrappers'],
  ...more,
});
const APPROVED = { conditions: [{ type: 'Approved', status: 'True' }] };
const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('the approving controller', () => {
  async function approve(spec: object, rights: string[], status?: object) {
    const client = new RequestClient();
    const asked: string[] = [];
    const may: MayAskFor = async ({ name }, subresource) => {
      asked.push(`${name} ${subresource}`);
      return rights.includes(subresource);
    };
    const retries: (() => void)[] = [];
    const complaints: unknown[] = [];
    const loop = new CertificatesApproving(
      client,
      may,
      (...complaint) => complaints.push(complaint),
      (_, then) => {
        retries.push(then);
        return () => {};
      },
    );
    client.add('r', spec, status);
    loop.start();
    await settled();
    return { client, asked, retries, complaints, rights, condition: client.status()?.conditions?.[0] };
  }

  it('approves kubelets’ clients for who brings nodes in', async () => {
    const { condition, asked } = await approve(kubeletSpec(), ['nodeclient']);
    expect(condition).toMatchObject({
      type: 'Approved',
      status: 'True',
      reason: 'AutoApproved',
      message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
    });
    expect(asked).toEqual(['system:bootstrap:abcdef nodeclient']);
  });

  it('approves a node’s own', async () => {
    const { condition, asked } = await approve(kubeletSpec(KUBELET, { username: NODE }), ['selfnodeclient']);
    expect(condition.message).toContain('self kubelet client');
    expect(asked).toEqual([`${NODE} selfnodeclient`]);
  });

  it('gives another node nothing for the right to its own', async () => {
    const other = kubeletSpec(KUBELET, { username: 'system:node:n2' });
    const { condition, asked } = await approve(other, ['selfnodeclient']);
    expect(condition).toBeUndefined();
    expect(asked).toEqual(['system:node:n2 nodeclient']);
  });

  it('waits without a word for rights that may come', async () => {
    const { client, retries, complaints, rights } = await approve(kubeletSpec(), []);
    expect(client.status()).toBeUndefined();
    rights.push('nodeclient');
    retries.shift()!();
    await settled();
    expect(client.status().conditions[0].type).toBe('Approved');
    expect(complaints).toEqual([]);
  });

  it.each<[string, object, object?]>([
    ['of another signer', kubeletSpec(KUBELET, { signerName: 'kubernetes.io/kubelet-serving' })],
    ['with names', kubeletSpec({ ...KUBELET, dnsNames: ['a.example'] })],
    [
      'of other organisations',
      kubeletSpec({ ...KUBELET, organizations: ['system:nodes', 'system:masters'] }),
    ],
    ['of no organisation', kubeletSpec({ commonName: NODE })],
    ['of no node', kubeletSpec({ ...KUBELET, commonName: 'system:admin' })],
    ['for servers', kubeletSpec(KUBELET, { usages: ['digital signature', 'server auth'] })],
    ['for more', kubeletSpec(KUBELET, { usages: ['digital signature', 'client auth', 'cert sign'] })],
    ['that is denied', kubeletSpec(), { conditions: [{ type: 'Denied', status: 'True' }] }],
    ['that has its certificate', kubeletSpec(), { certificate: 'eA==' }],
  ])('leaves alone a request %s', async (_, spec, status) => {
    const { client, asked } = await approve(spec, ['nodeclient', 'selfnodeclient'], status);
    expect(asked).toEqual([]);
    expect(client.calls).toEqual([]);
  });
});

describe('the signing controller', () => {
  async function sign(
    spec: object,
    status: object | undefined = APPROVED,
    parts: Partial<SigningParts> = {},
  ) {
    const client = (parts.client as RequestClient | undefined) ?? new RequestClient();
    const complaints: string[] = [];
    const loop = new CertificatesSigning({
      client,
      authority: () => signingAuthority(ca.certificate, ca.key),
      clock: { now: () => NOW, monotonic: () => NOW },
      random: (bytes) => Buffer.alloc(bytes, 7),
      complain: (_loop, _key, error) => complaints.push((error as Error).message),
      wait: () => () => {},
      ...parts,
    });
    client.add('r', spec, status);
    loop.start();
    await settled();
    const { certificate, conditions } = client.status() ?? {};
    const issued = certificate && new X509Certificate(Buffer.from(certificate, 'base64'));
    const failed = conditions?.find(({ type }: { type: string }) => type === 'Failed');
    return { client, issued: issued as X509Certificate | undefined, failed, complaints };
  }
  const client = (more: object = {}, options: RequestOptions = { commonName: 'jane' }): object => ({
    ...kubeletSpec(options),
    signerName: 'kubernetes.io/kube-apiserver-client',
    ...more,
  });

  it('issues what is approved', async () => {
    const { issued } = await sign(client());
    expect(issued!.subject).toBe('CN=jane');
    expect(issued!.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true);
    expect(Date.parse(issued!.validTo)).toBe(NOW + 365 * 24 * HOUR - 5 * MINUTE);
  });

  it.each([
    [3600, HOUR],
    [600, 10 * MINUTE],
    [1, 10 * MINUTE],
    [10 * 365 * 24 * 3600, 365 * 24 * HOUR - 5 * MINUTE],
  ])('lets it live as long as asked, within bounds: %d s', async (expirationSeconds, lifetime) => {
    const { issued } = await sign(client({ expirationSeconds }));
    expect(Date.parse(issued!.validTo)).toBe(NOW + lifetime);
  });

  it.each<[string, object, string]>([
    [
      'a usage clients do not need',
      client({ usages: ['client auth', 'server auth'] }),
      'invalid usage for client certificate: server auth',
    ],
    [
      'no usage of clients',
      client({ usages: ['digital signature'] }),
      'missing required usage for client certificate: client auth',
    ],
    [
      'no organisation of nodes',
      kubeletSpec({ commonName: NODE }),
      'subject organization is not system:nodes',
    ],
    [
      'a serving certificate for no name',
      kubeletSpec(KUBELET, { signerName: 'kubernetes.io/kubelet-serving' }),
      'DNS or IP subjectAltName is required',
    ],
  ])('notes why it does not issue: %s', async (_, spec, message) => {
    const { issued, failed } = await sign(spec);
    expect(issued).toBeUndefined();
    expect(failed).toEqual({
      type: 'Failed',
      status: 'True',
      reason: 'SignerValidationFailure',
      message,
      lastUpdateTime: '2026-01-01T00:00:00Z',
    });
  });

  it('issues serving certificates of kubelets, and whatever the old signer is asked for', async () => {
    const serving = {
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', 'key encipherment', 'server auth'],
    };
    const named = { ...KUBELET, ipAddresses: [Buffer.from([10, 0, 0, 1])] };
    expect((await sign(kubeletSpec(named, serving))).issued!.subjectAltName).toBe('IP Address:10.0.0.1');
    const legacy = { signerName: 'kubernetes.io/legacy-unknown', usages: ['server auth'] };
    expect((await sign(kubeletSpec({ dnsNames: ['a'] }, legacy))).issued).toBeDefined();
  });

  it.each<[string, object, object | undefined]>([
    ['not approved', client(), undefined],
    ['denied', client(), { conditions: [...APPROVED.conditions, { type: 'Denied' }] }],
    ['failed', client(), { conditions: [...APPROVED.conditions, { type: 'Failed' }] }],
    ['of somebody else’s signer', client({ signerName: 'example.com/x' }), APPROVED],
    ['of a signer that objects inherit', client({ signerName: 'constructor' }), APPROVED],
  ])('leaves alone a request %s', async (_, spec, status = {}) => {
    expect((await sign(spec, status)).client.calls).toEqual([]);
  });

  it('complains where it cannot sign', async () => {
    const broken = (): never => {
      throw new Error('no CA');
    };
    expect((await sign(client(), APPROVED, { authority: broken })).complaints).toEqual(['no CA']);
    expect((await sign(client({ request: 'eA==' }))).complaints).toEqual([
      'unable to parse csr "r": PEM block type must be CERTIFICATE REQUEST',
    ]);
  });

  it('signs nothing but what it looked at', async () => {
    const other = new (class extends RequestClient {
      override async update(...args: Parameters<MemoryClient['update']>): Promise<KubeObject> {
        this.add('r', client({}, { commonName: 'mallory' }), {});
        return super.update(...args);
      }
    })();
    const { issued } = await sign(client(), APPROVED, { client: other });
    expect(issued).toBeUndefined();
    expect(other.calls).toContain('update certificatesigningrequests /r');
    expect(other.status()).toEqual({});
  });
});

describe('the cleaner', () => {
  const at = (ago: number): string => new Date(NOW - ago).toISOString();
  const decided = (type: string, ago: number, more: object = {}) => ({
    conditions: [{ type, lastUpdateTime: at(ago) }],
    ...more,
  });
  const issued = { certificate: Buffer.from(ca.certificate).toString('base64') };

  it.each<[string, object | undefined, number, boolean]>([
    ['pending for a day', undefined, 24 * HOUR + 1, true],
    ['pending for less', undefined, 23 * HOUR, false],
    ['denied an hour ago', decided('Denied', HOUR + 1), 0, true],
    ['denied just now', decided('Denied', MINUTE), 0, false],
    ['failed an hour ago', decided('Failed', HOUR + 1), 0, true],
    ['issued an hour ago', decided('Approved', HOUR + 1, issued), 0, true],
    ['issued just now', decided('Approved', MINUTE, issued), 0, false],
    ['approved, not issued for hours', decided('Approved', 3 * HOUR), 0, false],
    ['approved, not issued for a day', decided('Approved', 24 * HOUR + 1), 0, true],
    ['issued with what nobody can read', decided('Approved', MINUTE, { certificate: 'eA==' }), 0, false],
  ])('deletes what is over: %s', async (_, status, age, gone) => {
    const client = new RequestClient();
    client.add('r', {}, status, { creationTimestamp: at(age) });
    await new CertificatesCleaning(client, { now: () => NOW, monotonic: () => 0 }).clean();
    expect(client.csrs.get('', 'r') === undefined).toBe(gone);
  });

  it('deletes certificates that have expired', async () => {
    const client = new RequestClient();
    const later = NOW + 901 * 24 * HOUR;
    const lastUpdateTime = new Date(later - MINUTE).toISOString();
    client.add('r', {}, { conditions: [{ type: 'Approved', lastUpdateTime }], ...issued });
    await new CertificatesCleaning(client, { now: () => later, monotonic: () => 0 }).clean();
    expect(client.csrs.list()).toEqual([]);
  });

  it('looks again each hour until it is stopped, and goes on after a failure', async () => {
    const client = new RequestClient();
    for (const name of ['a', 'b']) client.add(name, {}, undefined, { creationTimestamp: at(48 * HOUR) });
    client.failures.delete = [new Error('broken')];
    const waits: { ms: number; then: () => void }[] = [];
    const complaints: unknown[] = [];
    const cleaner = new CertificatesCleaning(
      client,
      { now: () => NOW, monotonic: () => 0 },
      (...complaint) => complaints.push(complaint),
      (ms, then) => {
        waits.push({ ms, then });
        return () => waits.splice(0);
      },
    );
    cleaner.start();
    await settled();
    expect([complaints.length, client.csrs.list().length, waits[0]!.ms]).toEqual([1, 1, HOUR]);
    waits.shift()!.then();
    await settled();
    expect(client.csrs.list()).toEqual([]);
    await cleaner.stop();
    expect(waits).toEqual([]);
  });
});
