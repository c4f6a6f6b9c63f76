import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { clients, type Ran, run } from './support/kubectl.ts';
import { Up } from './support/up.ts';

const MAIN = resolve('dist/cli/main.js');
const { kubectl: KUBECTL } = clients();

function sallyport(...args: string[]): { exit: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { exit: status, stdout, stderr };
}

/** One request with a bearer token: status, header fields and body, with what differs from request to request taken out. */
function get(
  up: Up,
  path: string,
  token?: string,
  {
    method = 'GET',
    body,
    headers = {},
  }: { method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; raw: string[]; body: string }> {
  return new Promise((done, fail) => {
    const asked = request(
      `${up.url}${path}`,
      {
        rejectUnauthorized: false,
        method,
        headers: {
          'audit-id': 'same',
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const raw = answer.rawHeaders.map((text, i, all) =>
            all[i - 1]?.toLowerCase() === 'date' ? '' : text,
          );
          done({ status: answer.statusCode!, raw, body: Buffer.concat(chunks).toString() });
        });
      },
    );
    asked.on('error', fail);
    asked.end(body);
  });
}

describe('a refused request', () => {
  let up: Up;
  const kubectl = (...args: string[]): Promise<Ran> => run(KUBECTL, up.kubeconfig, args);
  beforeAll(async () => {
    up = await Up.start();
    await kubectl('create', 'namespace', 'dev');
    await kubectl('create', 'role', 'readers', '--verb=get,list', '--resource=pods', '-n', 'dev');
    await kubectl('create', 'rolebinding', 'readers', '--role=readers', '--group=developers', '-n', 'dev');
  });
  afterAll(() => up?.remove());

  it('is explained to kubectl, with commands that make it work', async () => {
    const as = ['--as=jane', '--as-group=developers'];
    const refused = await kubectl('delete', 'pods', 'web', '-n', 'dev', ...as);
    expect(refused.exit).toBe(1);
    const warning = refused.stderr.split('\n').find((line) => line.startsWith('Warning: '))!;
    expect(warning).toContain(
      'jane (developers) may get and list pods in dev by RoleBinding dev/readers, but not delete them; to allow: kubectl create role ',
    );
    for (const command of warning.split('to allow: ')[1]!.split(' && '))
      expect((await kubectl(...command.split(' ').slice(1))).exit).toBe(0);
    const again = await kubectl('delete', 'pods', 'web', '-n', 'dev', ...as);
    expect(again.stderr).toBe('Error from server (NotFound): pods "web" not found\n');
  });

  it('is explained where admission refuses it', async () => {
    const { stderr } = await kubectl('create', 'configmap', 'x', '-n', 'missing');
    expect(stderr).toContain('Warning: NamespaceLifecycle: ');
    expect(stderr).toContain('create it: kubectl create namespace missing');
  });

  it('is explained where its caller is not known', async () => {
    const { status, raw, body } = await get(up, '/api/v1/pods', 'nonsense');
    expect(status).toBe(401);
    expect(raw.join('\n')).toContain('nobody here knows the bearer token');
    expect(JSON.parse(body).message).toBe('Unauthorized');
  });

  it('is drawn by sallyport explain, by its id and as the last of its kind', async () => {
    await kubectl('get', 'secrets', '-n', 'dev', '--as=jane');
    const config = ['--kubeconfig', up.kubeconfig];
    const last = sallyport(
      'explain',
      '--last',
      '--user=jane',
      '--verdict=RBAC_NO_RULE',
      ...config,
      '-o',
      'json',
    );
    expect(last.stderr).toBe('');
    const decision = JSON.parse(last.stdout);
    expect(decision.request).toMatchObject({ verb: 'list', resource: 'secrets', namespace: 'dev' });
    const { exit, stdout } = sallyport('explain', decision.id, ...config);
    expect(exit).toBe(0);
    expect(stdout).toContain('list secrets in dev: 403');
    expect(stdout).toContain('x509: recognised, X509_VERIFIED');
    expect(stdout).toContain('impersonation: as jane');
    expect(stdout).toContain('  kubectl create role allow-list-secrets --verb=list');
    expect(sallyport('explain', 'nothing', ...config)).toMatchObject({
      exit: 1,
      stderr: 'Error: decisions "nothing" not found\n',
    });
  });

  it('has no field that docs/explain.md leaves out', async () => {
    const { schemas } = parse(
      /^```yaml\n(openapi:[\s\S]*?)^```/m.exec(readFileSync('docs/explain.md', 'utf8'))![1]!,
    ).components;
    const unknown = (value: object, schema: string): string[] =>
      Object.keys(value).filter((name) => !(name in schemas[schema].properties));
    await kubectl('create', 'configmap', 'y', '-n', 'missing');
    await get(up, '/api/v1/pods', 'nonsense');
    await kubectl('get', 'secrets', '-n', 'dev', '--as=jane');
    const { stdout } = await kubectl('get', '--raw', '/sallyport/v1/decisions?whyNot=true&verdict=refused');
    const { items } = JSON.parse(stdout);
    expect(items.length).toBeGreaterThan(2);
    for (const item of items) {
      expect(unknown(item, 'Decision')).toEqual([]);
      for (const one of item.explanations) expect(unknown(one, 'Explanation')).toEqual([]);
      for (const one of item.authentication.asked) expect(unknown(one, 'AuthenticationVerdict')).toEqual([]);
      for (const one of item.authorization?.asked ?? [])
        expect(unknown(one, 'AuthorizationVerdict')).toEqual([]);
      for (const one of item.admission ?? []) expect(unknown(one, 'AdmissionVerdict')).toEqual([]);
    }
  });

  it('shows up with those who follow', async () => {
    const follower = spawn(process.execPath, [
      MAIN,
      'explain',
      '--follow',
      '--verdict=refused',
      '--kubeconfig',
      up.kubeconfig,
      '-o',
      'json',
    ]);
    const line = new Promise<string>((done) => {
      let text = '';
      follower.stdout.on('data', (chunk: Buffer) => {
        text += chunk;
        if (text.includes('\n')) done(text.split('\n')[0]!);
      });
    });
    let waiting = true;
    const first = line.finally(() => {
      waiting = false;
    });
    for (let tries = 0; waiting && tries < 100; tries++) {
      await get(up, '/api/v1/nodes');
      await new Promise((again) => setTimeout(again, 100));
    }
    expect(JSON.parse(await first).request.resource).toBe('nodes');
    follower.kill();
  });

  it('is kept from those without a right to decisions', async () => {
    const { stderr } = await kubectl('get', '--raw', '/sallyport/v1/decisions', '--as=jane');
    expect(stderr).toContain('Forbidden');
  });
});

describe('without the right to be told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, 'olga-token,olga,1\njane-token,jane,2\n');
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'explain' } };
  const manifest = {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { ...role, kind: 'ClusterRole', rules: [{ verbs: ['get'], nonResourceURLs: ['/sallyport/explain'] }] },
      {
        ...role,
        kind: 'ClusterRoleBinding',
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'explain' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'olga' }],
      },
      {
        ...role,
        kind: 'ClusterRole',
        metadata: { name: 'writes' },
        rules: [{ verbs: ['create'], apiGroups: [''], resources: ['configmaps'] }],
      },
      {
        ...role,
        kind: 'ClusterRoleBinding',
        metadata: { name: 'writes' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'writes' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' }],
      },
    ],
  };
  const flowHeaders = (raw: string[]): string[] =>
    raw.map((text, i) => (raw[i - 1]?.toLowerCase().startsWith('x-kubernetes-pf-') ? '' : text));
  let silent: Up;
  let telling: Up;
  beforeAll(async () => {
    silent = await Up.start([`--token-auth-file=${tokens}`, '--explain=off']);
    telling = await Up.start([`--token-auth-file=${tokens}`, '--explain=permitted']);
    for (const up of [silent, telling])
      await run(KUBECTL, up.kubeconfig, ['apply', '-f', '-'], JSON.stringify(manifest));
  });
  afterAll(async () => {
    await silent?.remove();
    await telling?.remove();
    rmSync(folder, { recursive: true });
  });

  it.each(['jane-token', 'nonsense', undefined])('not one byte of an answer differs: %s', async (token) => {
    for (const path of ['/api/v1/pods', '/metrics']) {
      const [said, kept] = [await get(telling, path, token), await get(silent, path, token)];
      expect({ ...said, raw: flowHeaders(said.raw) }).toEqual({ ...kept, raw: flowHeaders(kept.raw) });
      expect(said.status).toBeGreaterThan(400);
    }
  });

  const others = [
    [
      'by admission',
      '/api/v1/namespaces/missing/configmaps',
      { method: 'POST', body: '{"metadata":{"name":"x"}}' },
      404,
    ],
    ['by impersonation', '/api/v1/pods', { headers: { 'impersonate-user': 'bob' } }, 403],
    ['by impersonation that makes no sense', '/api/v1/pods', { headers: { 'impersonate-group': 'x' } }, 400],
  ] as const;
  it.each(others)('nor of one that is refused %s', async (_, path, more, status) => {
    const [said, kept] = [
      await get(telling, path, 'jane-token', more),
      await get(silent, path, 'jane-token', more),
    ];
    expect(said.status).toBe(status);
    expect({ ...said, raw: flowHeaders(said.raw) }).toEqual({ ...kept, raw: flowHeaders(kept.raw) });
    const told = await get(telling, path, 'olga-token', more);
    expect(told.raw.some((text) => text.toLowerCase() === 'warning')).toBe(true);
    expect(told.body).toBe(said.body.replaceAll('jane', 'olga'));
  });

  it('with it the same answer has a warning more', async () => {
    const said = await get(telling, '/api/v1/pods', 'olga-token');
    expect(said.raw.join('\n')).toContain('olga may not list pods');
    const kept = await get(silent, '/api/v1/pods', 'olga-token');
    expect(kept.raw.join('\n').toLowerCase()).not.toContain('warning');
    expect(said.body).toBe(kept.body);
  });
});

describe('without a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const manifests = file(
    'rbac.yaml',
    `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: readers, namespace: dev}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get, list]}
- {apiGroups: [""], resources: [services], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: dev}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: readers}
subjects: [{kind: Group, name: "oidc:developers", apiGroup: rbac.authorization.k8s.io}]
`,
  );
  const configuration = file(
    'authentication.yaml',
    `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer: {url: https://idp.example, audiences: [k8s]}
  claimMappings:
    username: {claim: sub, prefix: "oidc:"}
    groups: {claim: groups, prefix: "oidc:"}
`,
  );
  afterAll(() => rmSync(folder, { recursive: true }));

  it('a request is played with claims that nobody has signed', () => {
    const common = ['-n', 'dev', '--from', manifests, '--authentication-config', configuration];
    const claims = JSON.stringify({ sub: 'jane', groups: ['developers'] });
    const allowed = sallyport('try', 'list', 'pods', ...common, '--claims', claims);
    expect(allowed).toMatchObject({ exit: 0, stderr: '' });
    expect(allowed.stdout).toContain('authentication: oidc:jane (oidc:developers)');
    const other = sallyport('try', 'list', 'pods', ...common, '--claims', '{"sub":"jane","aud":"vault"}');
    expect(other.exit).toBe(1);
    expect(other.stdout).toContain('why: the token is for audience vault, this server takes k8s');
    expect(sallyport('try', 'list', 'pods', ...common, '--claims', 'nonsense')).toMatchObject({
      exit: 2,
      stderr: 'Error: --claims is no JSON\n',
    });
  });

  it('tests run again when what they test changes', async () => {
    const policy = file('watched-rbac.yaml', readFileSync(manifests, 'utf8'));
    const tests = file(
      'watched.test.yaml',
      `manifests: watched-rbac.yaml
tests:
- who: {user: jane, groups: ["oidc:developers"]}
  what: {verb: list, resource: pods, namespace: dev}
  expect: {verdict: allowed}
`,
    );
    const follower = spawn(process.execPath, [MAIN, 'test', tests, '--watch']);
    let said = '';
    follower.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const says = async (text: string): Promise<void> => {
      for (let tries = 0; !said.includes(text) && tries < 200; tries++)
        await new Promise((again) => setTimeout(again, 50));
      expect(said).toContain(text);
    };
    await says('1 of 1 tests passed');
    await says('Waiting for a change');
    writeFileSync(policy, readFileSync(manifests, 'utf8').replace('verbs: [get, list]', 'verbs: [get]'));
    await says('0 of 1 tests passed');
    expect(said).toContain('it is refused, not allowed');
    follower.kill('SIGINT');
    expect(await new Promise((done) => follower.once('exit', done))).toBe(0);
  });

  it('a configuration of issuers is worked on, and looked at again when its file changes', async () => {
    const watched = file('watched.yaml', readFileSync(configuration, 'utf8'));
    const claims = ['--claims', '{"sub":"jane"}'];
    const once = sallyport('try', 'oidc', watched, ...claims, '-o', 'json');
    expect(once).toMatchObject({ exit: 0, stderr: '' });
    expect(JSON.parse(once.stdout)).toMatchObject({
      valid: true,
      results: [{ user: { name: 'oidc:jane' } }],
    });
    const follower = spawn(process.execPath, [MAIN, 'try', 'oidc', watched, ...claims, '--watch']);
    let said = '';
    follower.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const says = async (text: string): Promise<void> => {
      for (let tries = 0; !said.includes(text) && tries < 200; tries++)
        await new Promise((again) => setTimeout(again, 50));
      expect(said).toContain(text);
    };
    await says('user name: "oidc:jane"');
    writeFileSync(watched, readFileSync(configuration, 'utf8').replace('claim: sub', 'claim: email'));
    await says('the user name cannot be read from claim email');
    writeFileSync(watched, readFileSync(configuration, 'utf8').replace('claim: sub', 'clam: sub'));
    await says(`${watched}:6:16: strict decoding error: unknown field "jwt[0].claimMappings.username.clam"`);
    follower.kill('SIGINT');
    expect(await new Promise((done) => follower.once('exit', done))).toBe(0);
  });

  it('tests say what holds, what does not, and what nobody has tested', () => {
    const tests = file(
      'tests.yaml',
      `manifests: rbac.yaml
authenticationConfig: authentication.yaml
tests:
- name: developers read pods
  who: {claims: {sub: jane, groups: [developers]}}
  what: {verb: list, resource: pods, namespace: dev}
  expect: {verdict: allowed, code: RBAC_ALLOWED, user: "oidc:jane"}
- name: old tokens are refused
  who: {claims: {sub: jane, exp: 1}}
  what: {verb: get, path: /version}
  expect: {verdict: refused, code: OIDC_EXPIRED}
`,
    );
    const passed = sallyport('test', tests);
    expect(passed).toMatchObject({ exit: 0, stderr: '' });
    expect(passed.stdout).toContain('2 of 2 tests passed in ');
    expect(passed.stdout).toContain('not touched: RoleBinding dev/readers of Role readers: get services');
    const wrong = file(
      'wrong.yaml',
      readFileSync(tests, 'utf8').replace('code: OIDC_EXPIRED', 'code: OIDC_ISSUER'),
    );
    const junit = join(folder, 'junit.xml');
    const failed = sallyport('test', wrong, '--junit', junit);
    expect(failed.exit).toBe(1);
    expect(failed.stdout).toContain('it was decided by OIDC_EXPIRED, not OIDC_ISSUER');
    expect(readFileSync(junit, 'utf8')).toContain('<testsuites tests="2" failures="1"');
    const bad = file('bad.yaml', 'tests:\n- whom: jane\n');
    expect(sallyport('test', bad)).toEqual({
      exit: 2,
      stdout: '',
      stderr: `Error: ${bad}:2:3: a test has no field "whom"; there are name, who, what, at, expect\n`,
    });
    const schema = JSON.parse(sallyport('test', '--schema').stdout);
    expect(Object.keys(schema.properties)).toContain('manifests');
  });
});
