import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { OpensslAuthority } from '../../authentication/fixtures/openssl-authority.ts';
import { registerAudit } from './command.ts';
import type { AuditReport, Finding } from './finding.ts';

const TOKENS = `
apiVersion: v1
kind: Secret
metadata:
  {name: ci-token, namespace: kube-system, creationTimestamp: '2020-01-01T00:00:00Z', annotations: {kubernetes.io/service-account.name: ci}, labels: {kubernetes.io/legacy-token-last-used: '2020-06-01'}}
type: kubernetes.io/service-account-token
---
apiVersion: v1
kind: Secret
metadata: {name: app-token, namespace: shop, annotations: {kubernetes.io/service-account.name: app}}
type: kubernetes.io/service-account-token
---
apiVersion: v1
kind: Secret
metadata:
  {name: old, namespace: shop, annotations: {kubernetes.io/service-account.name: app}, labels: {kubernetes.io/legacy-token-invalid-since: '2026-01-01'}}
type: kubernetes.io/service-account-token
---
apiVersion: v1
kind: Secret
metadata: {name: bootstrap-token-abcdef, namespace: kube-system}
type: bootstrap.kubernetes.io/token
stringData: {token-id: abcdef, usage-bootstrap-authentication: 'true'}
---
{apiVersion: v1, kind: Secret, metadata: {name: other}, type: Opaque, data: {password: c2VjcmV0}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: c}], volumes: [{name: t, secret: {secretName: app-token}}]}
`;
const binding = (name: string, role: string, subject: string, namespace?: string): string => `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${namespace ? 'RoleBinding' : 'ClusterRoleBinding'}
metadata: {name: ${name}${namespace ? `, namespace: ${namespace}` : ''}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${role}}
subjects: [${subject}]
`;
const POLICY = [
  binding('ci', 'cluster-admin', '{kind: ServiceAccount, name: ci, namespace: kube-system}'),
  binding('open', 'view', '{kind: Group, name: system:unauthenticated}'),
  binding('edit', 'edit', '{kind: User, name: jane}', 'shop'),
  binding('harmless', 'view', '{kind: User, name: kim}'),
].join('');

describe('sallyport audit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-audit-'));
  const cluster = join(folder, 'cluster');
  let ca: OpensslAuthority;

  beforeAll(() => {
    mkdirSync(cluster);
    writeFileSync(join(cluster, 'tokens.yaml'), TOKENS);
    writeFileSync(join(cluster, 'policy.yaml'), POLICY);
    ca = new OpensslAuthority('ca');
  });
  afterAll(() => {
    ca.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    process.exitCode = 0;
  });

  async function audit(...args: string[]): Promise<{ text: string; told: string; code: number }> {
    let text = '';
    let told = '';
    const program = new Command().exitOverride();
    registerAudit(program, {
      write: (more) => {
        text += more;
      },
      tell: (more) => {
        told += more;
      },
      interactive: false,
      progress: false,
      ask: async () => false,
    });
    process.exitCode = 0;
    await program.parseAsync(['node', 'sallyport', 'audit', ...args]);
    return { text, told, code: Number(process.exitCode ?? 0) };
  }
  const found = async (...args: string[]): Promise<Finding[]> =>
    (JSON.parse((await audit(...args, '-o', 'json')).text) as AuditReport).findings;
  const brief = (findings: readonly Finding[]): string[][] =>
    findings.map(({ severity, code, who }) => [severity, code, who]);

  it('tokens says what each may do, when it was used, and what to use in its place', async () => {
    const file = join(folder, 'tokens.csv');
    writeFileSync(file, 'sesame,boss,1,"system:masters"\nopen,kim,2\n');
    const findings = await found('tokens', '--from', cluster, '--token-auth-file', file);
    expect(brief(findings)).toEqual([
      ['critical', 'TOKEN_SECRET', 'Secret kube-system/ci-token (ServiceAccount ci)'],
      ['critical', 'STATIC_TOKEN', `User boss (${file})`],
      ['medium', 'BOOTSTRAP_TOKEN', 'Secret kube-system/bootstrap-token-abcdef'],
      ['medium', 'STATIC_TOKEN', `User kim (${file})`],
      ['low', 'TOKEN_SECRET', 'Secret shop/app-token (ServiceAccount app)'],
      ['info', 'TOKEN_SECRET', 'Secret shop/old (ServiceAccount app)'],
    ]);
    expect(findings[0]).toMatchObject({
      what: expect.stringContaining('may do everything, everywhere'),
      fix: expect.stringContaining('seems forgotten'),
      facts: {
        lastUsed: '2020-06-01',
        worst: { through: 'ClusterRoleBinding ci of ClusterRole cluster-admin' },
      },
    });
    expect(findings[4]!.fix).toContain('take it out of pod web: a projected token');
    expect(JSON.stringify(findings)).not.toMatch(/sesame|c2VjcmV0/);
  });

  it('access names who may do everything, who can come by it, and what nobody in particular may', async () => {
    const { cert } = ca.issue('root', '/O=system:masters/CN=root');
    ca.issue('nobody', '/CN=nobody');
    writeFileSync(
      join(cluster, 'csr.yaml'),
      `{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: one}, status: {certificate: ${Buffer.from(cert).toString('base64')}}}`,
    );
    const findings = await found('access', '--from', cluster, '--certificates', ca.folder);
    expect(brief(findings)).toEqual([
      ['critical', 'MASTERS_CERTIFICATE', `CN=root,O=system:masters (${ca.path('1001.pem')})`],
      ['critical', 'MASTERS_CERTIFICATE', `CN=root,O=system:masters (${ca.path('root.crt')})`],
      ['critical', 'MASTERS_CERTIFICATE', 'CN=root,O=system:masters (CertificateSigningRequest one)'],
      ['critical', 'EVERYTHING', 'ServiceAccount kube-system/ci'],
      ['high', 'ANONYMOUS_RIGHTS', 'Group system:unauthenticated'],
      ['medium', 'IMPERSONATE', 'User jane'],
    ]);
    expect(findings.find(({ who }) => who === 'User jane')!.what).toContain('in namespace shop');
    const defaults = await found('access', '--from', cluster, '--all');
    expect(defaults.length).toBeGreaterThan(findings.length);
  });

  it('fails where something is as bad as --fail-on says, and tells of what it could not see', async () => {
    expect((await audit('access', '--from', cluster, '--fail-on', 'critical')).code).toBe(1);
    const harmless = join(folder, 'harmless');
    mkdirSync(harmless);
    writeFileSync(join(harmless, 'a.yaml'), binding('harmless', 'view', '{kind: User, name: kim}'));
    const fine = await audit('access', '--from', harmless, '--fail-on', 'info');
    expect([fine.code, fine.text]).toEqual([0, 'Nobody holds more than the defaults give.\n']);
    const lost = await audit('access', '--kubeconfig', join(folder, 'none'), '--context', 'a');
    expect([lost.code, lost.text]).toEqual([
      2,
      expect.stringContaining('Not looked at: a: no kubeconfig has'),
    ]);
    const wrong = await audit('tokens', '--from', join(folder, 'none'));
    expect([wrong.code, wrong.told]).toEqual([1, expect.stringMatching(/^Error: ENOENT/)]);
  });

  it('shows a table, or YAML, of several clusters', async () => {
    const { text } = await audit('tokens', '--from', cluster, join(folder, 'harmless'));
    expect(text).toMatch(/^CLUSTER +SEVERITY +FINDING +WHO +WHAT\n/);
    expect(text).toContain(
      '\nWhat to do:\n- Secret kube-system/ci-token (ServiceAccount ci): seems forgotten',
    );
    const yaml = parse((await audit('tokens', '--from', cluster, '-o', 'yaml')).text);
    expect(yaml).toMatchObject({ clusters: [cluster], unseen: [], findings: expect.any(Array) });
  });
});
