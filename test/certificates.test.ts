import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { EXPIRED, KubeadmFolder } from './support/kubeadm-folder.ts';
import { clients, type Ran, run } from './support/kubectl.ts';
import { ClockedServer, sallyport } from './support/sallyport.ts';
import { freePort } from './support/up.ts';

const { kubectl } = clients();
const folders: string[] = [];
const servers: ClockedServer[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
  folders.push(folder);
  return folder;
}

async function started(args: readonly string[], port: number, forward = ''): Promise<ClockedServer> {
  const server = await ClockedServer.start(args, port, forward);
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.end();
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const OBJECTS = ['a', 'b', 'c'];

/** Makes objects, and resolves to what the store holds of them. */
async function made(kubeconfig: string): Promise<string> {
  for (const name of OBJECTS) {
    const ran = await run(kubectl, kubeconfig, ['create', 'configmap', name, `--from-literal=value=${name}`]);
    expect(ran.stderr, ran.stderr).toBe('');
  }
  return held(kubeconfig);
}

async function held(kubeconfig: string): Promise<string> {
  const path = '{range .items[*]}{.metadata.uid} {.metadata.resourceVersion} {.data.value}{"\\n"}{end}';
  const ran = await run(kubectl, kubeconfig, ['get', 'configmaps', '-o', `jsonpath=${path}`]);
  expect(ran.exit, ran.stderr).toBe(0);
  // kube-root-ca.crt is the server's, and changes with the CA.
  return ran.stdout
    .split('\n')
    .filter((line) => OBJECTS.includes(line.split(' ')[2] ?? ''))
    .join('\n');
}

const whoAmI = (kubeconfig: string): Promise<Ran> =>
  run(kubectl, kubeconfig, ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}']);

describe('a host laid out by kubeadm whose certificates expired two years ago', () => {
  it.each([
    ['all but the CAs', false],
    ['the CAs, too', true],
  ])('is recovered while the server runs, with no object lost: %s', async (_, authoritiesToo) => {
    const host = new KubeadmFolder(newFolder());
    const port = await freePort();
    const url = `https://127.0.0.1:${port}`;
    host.make(url);
    const admin = join(host.folder, 'super-admin.conf');
    const before = await started(['apiserver', ...host.flags(port)], port);
    const objects = await made(admin);
    expect(objects.split('\n')).toHaveLength(OBJECTS.length);
    await before.end();

    if (authoritiesToo) host.datedAuthorities(EXPIRED);
    host.issue(url, EXPIRED);
    const server = await started(['apiserver', ...host.flags(port)], port);
    const locked = await run(kubectl, admin, ['get', 'configmaps']);
    expect(locked.stderr).toContain('certificate has expired');
    const flags = ['--cert-dir', host.pki, '--kubeconfig-dir', host.folder];
    const checked = await sallyport(['certs', 'check-expiration', ...flags, '--warn', '30d', '-o', 'json']);
    expect(checked.exit).toBe(1);
    const { items } = JSON.parse(checked.stdout) as { items: { name: string; status: string }[] };
    expect(items.filter(({ status }) => status === 'expired')).toHaveLength(authoritiesToo ? 14 : 11);

    const refused = await sallyport(['certs', 'renew', 'all', ...flags]);
    expect(refused.exit).toBe(authoritiesToo ? 1 : 0);
    if (authoritiesToo) expect(refused.stderr).toContain('its CA ca has itself expired');
    const recovered = await sallyport(['certs', 'recover', ...flags, '--yes']);
    expect(recovered.exit, recovered.stdout + recovered.stderr).toBe(0);
    expect(recovered.stdout).toContain(`The server at 127.0.0.1:${port} shows its new certificate`);
    expect(recovered.stdout).toMatch(/It knows .*admin.conf as kubernetes-admin/);

    expect((await whoAmI(admin)).stdout).toBe('kubernetes-super-admin');
    expect(await held(admin)).toBe(objects);
    const good = await sallyport(['certs', 'check-expiration', ...flags, '--warn', '30d']);
    expect(good.exit, good.stdout).toBe(0);
    expect(server.output).not.toContain('PRIVATE KEY');
  });
});

describe('a folder of sallyport up, two years later', () => {
  it('is recovered, with no object lost', async () => {
    const folder = newFolder();
    const port = await freePort();
    const admin = join(folder, 'admin.kubeconfig');
    const first = await started(['up', '--data-dir', folder, '--port', String(port)], port);
    const objects = await made(admin);
    await first.end();

    // `up` would renew by itself at its start; a server that was only left running does not.
    const pki = (name: string): string => join(folder, 'pki', name);
    const flags = [
      'apiserver',
      `--data-dir=${folder}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${pki('sa.pub')}`,
      `--service-account-signing-key-file=${pki('sa.key')}`,
      '--authorization-mode=Node,RBAC',
    ];
    const forward = '+730d';
    await started(flags, port, forward);
    const due = ['certs', 'check-expiration', '--data-dir', folder, '--warn', '30d'];
    const before = await sallyport(due, { forward });
    expect(before.exit).toBe(1);
    expect(before.stderr).toBe('3 expired\n');
    const asked = ['certs', 'check-expiration', '--kubeconfig', admin, '--all-contexts', '-o', 'json'];
    const wire = await sallyport(asked, { forward });
    expect(JSON.parse(wire.stdout).items[0]).toMatchObject({
      kind: 'serving-certificate',
      status: 'expired',
    });

    const recovered = await sallyport(['certs', 'recover', '--data-dir', folder, '--yes'], { forward });
    expect(recovered.exit, recovered.stdout + recovered.stderr).toBe(0);
    expect(recovered.stdout).toMatch(/It knows .*admin.kubeconfig as kubernetes-admin/);
    expect((await sallyport(due, { forward })).exit).toBe(0);
    for (const server of servers.splice(0)) await server.end();

    // kubectl can't be moved to another time: what is good for it are certificates of now.
    await started(flags, port);
    const now = await sallyport(['certs', 'renew', 'all', '--data-dir', folder]);
    expect(now.exit, now.stderr).toBe(0);
    await waitFor(async () => (await whoAmI(admin)).stdout === 'kubernetes-admin');
    expect(await held(admin)).toBe(objects);
  });
});

async function waitFor(is: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await is()); ) {
    if (Date.now() > deadline) throw new Error('it never came true');
    await new Promise((done) => setTimeout(done, 200));
  }
}

describe('a running sallyport up', () => {
  it('has its CA exchanged in phases, and nobody is locked out in between', async () => {
    const folder = newFolder();
    const port = await freePort();
    const admin = join(folder, 'admin.kubeconfig');
    await started(['up', '--data-dir', folder, '--port', String(port)], port);
    const jane = join(folder, 'jane.kubeconfig');
    const created = await sallyport([
      ...['kubeconfig', 'create', '--user', 'jane', '--group', 'developers', '--ttl', '2h'],
      ...['--kubeconfig', admin, '--out', jane],
    ]);
    expect(created.exit, created.stderr).toBe(0);
    expect(statSync(jane).mode & 0o777).toBe(0o600);
    expect(created.stdout + created.stderr).not.toMatch(/PRIVATE KEY|LS0tLS1/);
    expect((await whoAmI(jane)).stdout).toBe('jane');

    const rotate = (phase: string, ...more: string[]): Promise<Ran> =>
      sallyport(['certs', 'rotate-ca', '--data-dir', folder, '--phase', phase, '--yes', ...more]);
    expect((await rotate('drop')).stderr).toContain('--phase trust comes first');
    const trusted = await rotate('trust', '--kubeconfig', jane);
    expect(trusted.exit, trusted.stderr).toBe(0);
    for (const kubeconfig of [admin, jane]) expect((await whoAmI(kubeconfig)).exit).toBe(0);

    const reissued = await rotate('reissue');
    expect(reissued.exit, reissued.stderr).toBe(0);
    for (const [kubeconfig, name] of [
      [admin, 'kubernetes-admin'],
      [jane, 'jane'],
    ] as const)
      await waitFor(async () => (await whoAmI(kubeconfig)).stdout === name);

    const refused = await rotate('drop', '--kubeconfig', jane);
    expect(refused.exit).toBe(1);
    expect(refused.stderr).toContain(`user jane of ${jane} has a certificate that was issued by it`);
    expect(refused.stderr).toContain('the certificate of CertificateSigningRequest sallyport-jane-');
    const renewed = await sallyport([...['kubeconfig', 'renew', jane, '--kubeconfig', admin, '--ttl', '2h']]);
    expect(renewed.exit, renewed.stderr).toBe(0);
    await run(kubectl, admin, ['delete', 'csr', '--all']);
    const dropped = await rotate('drop', '--kubeconfig', jane);
    expect(dropped.exit, dropped.stderr).toBe(0);
    for (const [kubeconfig, name] of [
      [admin, 'kubernetes-admin'],
      [jane, 'jane'],
    ] as const)
      await waitFor(async () => (await whoAmI(kubeconfig)).stdout === name);
    expect(readFileSync(join(folder, 'pki', 'ca.crt'), 'utf8').match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
  });

  it('renews client certificates through the API, and says why others cannot be', async () => {
    const host = new KubeadmFolder(newFolder());
    const port = await freePort();
    host.make(`https://127.0.0.1:${port}`);
    await started(['apiserver', ...host.flags(port)], port);
    const superAdmin = join(host.folder, 'super-admin.conf');
    const renewed = await sallyport([
      ...['certs', 'renew', 'all', '--use-api', '--cert-dir', host.pki, '--kubeconfig', superAdmin],
      ...['--validity', '30d'],
    ]);
    expect(renewed.exit).toBe(1);
    expect(renewed.stdout).toMatch(/^scheduler\.conf: renewed until /m);
    expect(renewed.stdout).toMatch(/^admin\.conf: renewed until /m);
    expect(renewed.stderr).toMatch(/^apiserver: NOT RENEWED, the API has no signer for it/m);
    expect(renewed.stderr).toMatch(
      /^super-admin\.conf: NOT RENEWED, the API issues nothing for system:masters/m,
    );
    expect((await whoAmI(join(host.folder, 'scheduler.conf'))).stdout).toBe('system:kube-scheduler');
  });

  it('hands out an emergency certificate that counts, and that is noted', async () => {
    const folder = newFolder();
    const port = await freePort();
    await started(['up', '--data-dir', folder, '--port', String(port)], port);
    const [out, log] = ['emergency.kubeconfig', 'audit.log'].map((name) => join(folder, name)) as [
      string,
      string,
    ];
    const flags = ['kubeconfig', 'break-glass', '--data-dir', folder, '--audit-log-path', log, '--out', out];
    const made = await sallyport([...flags, '--ttl', '1h', '--reason', 'RBAC is gone']);
    expect(made.exit, made.stderr).toBe(0);
    const who = await run(kubectl, out, ['auth', 'whoami', '-o', 'json']);
    const { userInfo } = JSON.parse(who.stdout).status;
    expect(userInfo.groups).toContain('system:masters');
    const event = JSON.parse(readFileSync(log, 'utf8'));
    expect(event).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      annotations: {
        'sallyport/break-glass-reason': 'RBAC is gone',
        'sallyport/break-glass-credential-id':
          userInfo.extra['authentication.kubernetes.io/credential-id'][0],
      },
    });
    const check = ['certs', 'check-expiration', '--data-dir', folder, '-o', 'json'];
    const listed = JSON.parse((await sallyport(check)).stdout).items;
    expect(listed.filter(({ kind }: { kind: string }) => kind === 'break-glass')).toHaveLength(1);
    const later = await sallyport(['kubeconfig', 'break-glass', '--data-dir', folder, '--prune'], {
      forward: '+2d',
    });
    expect(later.stdout).toContain('1 expired ones are off the list');
  });
});

describe('many clusters at once', () => {
  it('are asked together, and one that is out of reach is a row like the others', async () => {
    const folder = newFolder();
    const port = await freePort();
    await started(['up', '--data-dir', folder, '--port', String(port)], port);
    const admin = join(folder, 'admin.kubeconfig');
    const secrets = `
apiVersion: v1
kind: Secret
metadata: {name: bootstrap-token-abcdef, namespace: kube-system}
type: bootstrap.kubernetes.io/token
stringData: {token-id: abcdef, token-secret: 0123456789abcdef, usage-bootstrap-authentication: "true", expiration: "2035-01-02T03:04:05Z"}
---
apiVersion: v1
kind: Secret
metadata: {name: legacy, namespace: default, annotations: {kubernetes.io/service-account.name: default}}
type: kubernetes.io/service-account-token
`;
    await waitFor(async () => (await run(kubectl, admin, ['get', 'serviceaccount', 'default'])).exit === 0);
    const applied = await run(kubectl, admin, ['apply', '-f', '-'], secrets);
    expect(applied.exit, applied.stderr).toBe(0);
    const token = await run(kubectl, admin, ['create', 'token', 'default', '--duration=1h']);
    const gone = await freePort();
    const others = join(folder, 'others');
    writeFileSync(
      others,
      `
clusters:
- {name: here, cluster: {server: "https://127.0.0.1:${port}", insecure-skip-tls-verify: true}}
- {name: gone, cluster: {server: "https://127.0.0.1:${gone}"}}
users:
- {name: sa, user: {token: ${token.stdout.trim()}}}
- {name: plugin, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ${join(folder, 'must-not-run')}}}}
contexts:
- {name: gone, context: {cluster: gone, user: sa}}
- {name: sa, context: {cluster: here, user: sa}}
- {name: plugin, context: {cluster: here, user: plugin}}
`,
    );
    const flags = ['certs', 'check-expiration', '--kubeconfig', admin, others, '--all-contexts'];
    const checked = await sallyport([...flags, '-o', 'json', '--warn', '30d']);
    expect(checked.exit).toBe(1);
    const { items } = JSON.parse(checked.stdout) as { items: Record<string, string>[] };
    const of = (source: string, kind: string) =>
      items.filter((item) => item.source === source && item.kind === kind);
    const main = 'kubernetes-admin@sallyport';
    expect(of(main, 'serving-certificate')).toMatchObject([{ name: `127.0.0.1:${port}`, status: 'good' }]);
    expect(of(main, 'client-certificate')).toMatchObject([{ name: 'kubernetes-admin', status: 'good' }]);
    expect(of(main, 'bootstrap-token')).toMatchObject([{ name: 'abcdef', expires: '2035-01-02T03:04:05Z' }]);
    expect(of(main, 'service-account-token')).toMatchObject([{ name: 'default/legacy', status: 'never' }]);
    expect(of('gone', 'cluster')).toMatchObject([
      { problem: `127.0.0.1:${gone} cannot be reached (connection refused; nothing listens there)` },
    ]);
    expect(of('sa', 'token')).toMatchObject([{ name: 'sa', status: 'soon' }]);
    expect(of('plugin', 'exec-plugin')).toMatchObject([{ status: 'not looked at' }]);
    expect(of('plugin', 'serving-certificate')).toHaveLength(1);
    expect(checked.stdout + checked.stderr).not.toContain(token.stdout.trim());
    const one = await sallyport([...flags.slice(0, -1), '--context', 'sa,nowhere', '-o', 'json']);
    const named = new Set(JSON.parse(one.stdout).items.map(({ source }: { source: string }) => source));
    expect([...named]).toEqual(['nowhere', 'sa']);
  });
});
