import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answered, Apiserver, type Asked } from './support/apiserver.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const TOKEN = 'abcdef.0123456789abcdef';
const CLIENT_USAGES = ['digital signature', 'client auth'];
/** What kubeadm binds for nodes to come in, and to renew their certificates. */
const BOUND: readonly (readonly [string, string])[] = [
  ['system:node-bootstrapper', 'system:bootstrappers'],
  ['system:certificates.k8s.io:certificatesigningrequests:nodeclient', 'system:bootstrappers'],
  ['system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', 'system:nodes'],
];

const node = (name: string, labels: Record<string, string> = {}): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
});
const lease = (name: string): object => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: 'kube-node-lease' },
  spec: { holderIdentity: name },
});
const pod = (name: string, nodeName: string, annotations?: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ...(annotations ? { annotations } : {}) },
  spec: { nodeName, containers: [{ name: 'c', image: 'img' }] },
});

describe('a kubelet comes in with a bootstrap token', () => {
  let server: Apiserver;
  let certificate: { cert: string; key: string };

  beforeAll(async () => {
    server = await Apiserver.prepare();
    await server.run(['--enable-admission-plugins=NodeRestriction']);
    const [id, secret] = TOKEN.split('.');
    await made('/api/v1/namespaces/kube-system/secrets', {
      metadata: { name: `bootstrap-token-${id}` },
      type: 'bootstrap.kubernetes.io/token',
      stringData: { 'token-id': id, 'token-secret': secret, 'usage-bootstrap-authentication': 'true' },
    });
    for (const [index, [role, group]] of BOUND.entries())
      await made(BINDINGS, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: `bootstrap-${index}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
      });
  });
  afterAll(() => server?.remove());

  async function made(path: string, body: object, as: Asked = {}): Promise<any> {
    const answer = await server.ask(path, { method: 'POST', body, ...as });
    expect(answer.body, `${path}: ${answer.status}`).toContain('"uid"');
    return JSON.parse(answer.body);
  }

  /** A key and a request of openssl's making. */
  function openssl(subject: string): { key: string; request: string } {
    const [keyFile, requestFile] = ['key', 'csr'].map((name) => join(server.folder, `kubelet.${name}`));
    const key = ['ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', keyFile!];
    execFileSync('openssl', key, { stdio: 'ignore' });
    const request = ['req', '-new', '-key', keyFile!, '-subj', subject, '-out', requestFile!];
    execFileSync('openssl', request, { stdio: 'ignore' });
    return { key: readFileSync(keyFile!, 'utf8'), request: readFileSync(requestFile!).toString('base64') };
  }

  const csr = (name: string, request: string, more: object = {}): object => ({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request,
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: CLIENT_USAGES,
      ...more,
    },
  });

  /** Waits until the request has what is looked for in its status; resolves to that. */
  async function statusOf(name: string, has: (status: any) => unknown): Promise<any> {
    for (let tries = 0; tries < 600; tries++) {
      const { status } = JSON.parse((await server.ask(`${CSRS}/${name}`)).body);
      if (has(status ?? {})) return status;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`${name} came to nothing:\n${server.output}`);
  }

  const asKubelet = (path: string, asked: Asked = {}): Promise<Answered> =>
    server.ask(path, { ...asked, certificate });
  const messageOf = ({ body }: Answered): string => JSON.parse(body).message;

  it('who may ask for a certificate, and for nothing else', async () => {
    const nodes = await server.ask('/api/v1/nodes', { token: TOKEN });
    expect(nodes.status).toBe(403);
    expect(messageOf(nodes)).toContain('User "system:bootstrap:abcdef" cannot list resource "nodes"');
  });

  it('whose request is approved and signed by itself', async () => {
    const { key, request } = openssl('/O=system:nodes/CN=system:node:n1');
    const asked = await made(CSRS, csr('n1', request, { expirationSeconds: 3600 }), { token: TOKEN });
    expect(asked.spec).toMatchObject({ username: 'system:bootstrap:abcdef' });
    expect(asked.spec.groups).toContain('system:bootstrappers');
    const status = await statusOf('n1', (now) => now.certificate);
    expect(status.conditions[0]).toMatchObject({ type: 'Approved', reason: 'AutoApproved' });
    certificate = { cert: Buffer.from(status.certificate, 'base64').toString(), key };
    const issued = new X509Certificate(certificate.cert);
    expect(issued.verify(new X509Certificate(readFileSync(server.paths.ca.certFile)).publicKey)).toBe(true);
    expect(issued.subject).toBe('O=system:nodes\nCN=system:node:n1');
    expect(issued.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    const lives = Date.parse(issued.validTo) - Date.parse(issued.validFrom);
    expect(lives).toBe((3600 + 5 * 60) * 1000);
    const me = await asKubelet('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      method: 'POST',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    expect(JSON.parse(me.body).status.userInfo).toMatchObject({
      username: 'system:node:n1',
      groups: ['system:nodes', 'system:authenticated'],
    });
  });

  it('whose request for more than a client certificate of a node waits for a human', async () => {
    const { request } = openssl('/O=system:nodes/O=system:masters/CN=system:node:n1');
    const answer = await server.ask(CSRS, { method: 'POST', body: csr('masters', request), token: TOKEN });
    expect(answer.status).toBe(201);
    const other = openssl('/O=system:nodes/CN=system:node:later');
    await made(CSRS, csr('later', other.request), { token: TOKEN });
    await statusOf('later', (now) => now.certificate);
    expect(JSON.parse((await server.ask(`${CSRS}/masters`)).body).status).toEqual({});
  });

  it('and then writes its own node, and no other', async () => {
    await made('/api/v1/nodes', node('n1'), { certificate });
    await made('/api/v1/nodes', node('n2'));
    const status = { body: { status: { nodeInfo: {} } }, method: 'PATCH' };
    const headers = { 'content-type': 'application/merge-patch+json' };
    const own = await asKubelet('/api/v1/nodes/n1/status', {
      ...status,
      body: { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
      headers,
    });
    expect(own.status).toBe(200);
    const others = await asKubelet('/api/v1/nodes/n2/status', { ...status, headers });
    expect(others.status).toBe(403);
    expect(messageOf(others)).toBe('nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"');
    const created = await asKubelet('/api/v1/nodes', { method: 'POST', body: node('n3') });
    expect(messageOf(created)).toBe('nodes "n3" is forbidden: node "n1" is not allowed to modify node "n3"');
  });

  it('but gives it no label that others trust, and no freedom from taints', async () => {
    const patch = (body: object) =>
      asKubelet('/api/v1/nodes/n1', {
        method: 'PATCH',
        body,
        headers: { 'content-type': 'application/merge-patch+json' },
      });
    const labels = { 'node-restriction.kubernetes.io/secure': 'true' };
    expect(messageOf(await patch({ metadata: { labels } }))).toBe(
      'nodes "n1" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/secure',
    );
    const taints = [{ key: 'a', effect: 'NoSchedule' }];
    expect(messageOf(await patch({ spec: { taints } }))).toBe(
      'nodes "n1" is forbidden: node "n1" is not allowed to modify taints',
    );
  });

  it('holds its own lease, and no other', async () => {
    await made(LEASES, lease('n1'), { certificate });
    const other = await asKubelet(LEASES, { method: 'POST', body: lease('n2') });
    expect(other.status).toBe(403);
    expect(messageOf(other)).toContain(
      'can only access node lease with the same name as the requesting node',
    );
  });

  it('creates no pods but mirrors on itself, and deletes none elsewhere', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const plain = await asKubelet(pods, { method: 'POST', body: pod('p', 'n1') });
    expect(messageOf(plain)).toBe(
      'pods "p" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    );
    const elsewhere = pod('m', 'n2', { 'kubernetes.io/config.mirror': 'x' });
    expect(messageOf(await asKubelet(pods, { method: 'POST', body: elsewhere }))).toBe(
      'pods "m" is forbidden: node "n1" can only create pods with spec.nodeName set to itself',
    );
    await made(pods, pod('there', 'n2'));
    await made(pods, pod('here', 'n1'));
    const deleted = await asKubelet(`${pods}/there`, { method: 'DELETE' });
    expect(deleted.status).toBe(403);
    expect((await asKubelet(`${pods}/here`, { method: 'DELETE' })).status).toBe(200);
  });

  it('renews its certificate, and asks for no other node’s', async () => {
    const { request } = openssl('/O=system:nodes/CN=system:node:n1');
    await made(CSRS, csr('renewed', request), { certificate });
    const status = await statusOf('renewed', (now) => now.certificate);
    expect(status.conditions[0].message).toContain('self kubelet client certificate');
    const other = openssl('/O=system:nodes/CN=system:node:n2');
    const refused = await asKubelet(CSRS, { method: 'POST', body: csr('other', other.request) });
    expect(refused.status).toBe(403);
    expect(messageOf(refused)).toContain('can only create a node CSR with CN=system:node:n1');
  });

  it('is left with nothing once the token is gone', async () => {
    await server.ask('/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef', { method: 'DELETE' });
    for (let tries = 0; tries < 600; tries++) {
      const { status } = await server.ask(CSRS, { token: TOKEN });
      if (status === 401) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error('the token still counts');
  });
});
