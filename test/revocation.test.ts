import { execFile } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OpensslAuthority } from '../src/authentication/fixtures/openssl-authority.ts';
import { Apiserver } from './support/apiserver.ts';
import { type Connection, connection, type OpenWatch } from './support/connection.ts';

const MAIN = resolve('dist/cli/main.js');
const SELF = '/api/v1/namespaces/default/configmaps';
const WATCH = `${SELF}?watch=true`;
/** An open connection's next request is refused, and its watches end, within this. */
const WITHIN_MS = 1000;
const VERSIONS = ['1.1', '2'] as const;

const sallyport = (kubeconfig: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [MAIN, 'revoke', ...args, '--kubeconfig', kubeconfig]);

/** Puts a file in the place of another at one moment. */
function replace(path: string, content: string): void {
  writeFileSync(`${path}.new`, content, 'latin1');
  renameSync(`${path}.new`, path);
}

async function refusedWithin(client: Connection, since: number): Promise<void> {
  for (;;) {
    const { status, body } = await client.get(SELF);
    if (status === 401) {
      expect(JSON.parse(body)).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Unauthorized',
        reason: 'Unauthorized',
        code: 401,
      });
      return;
    }
    expect(status).toBe(200);
    if (Date.now() - since > WITHIN_MS) throw new Error('still let in');
    await new Promise((done) => setTimeout(done, 20));
  }
}

async function endedWithin(watch: OpenWatch, since: number): Promise<void> {
  expect((await watch.ended) - since).toBeLessThan(WITHIN_MS);
}

describe('credentials that are taken back', () => {
  let server: Apiserver;
  let ca: OpensslAuthority;
  let trusted: string;
  let bundle: string;
  let lists: string;
  const open: Connection[] = [];

  beforeAll(async () => {
    server = await Apiserver.prepare();
    ca = new OpensslAuthority('people');
    trusted = readFileSync(server.paths.ca.certFile, 'utf8');
    bundle = join(server.folder, 'clients.crt');
    lists = join(server.folder, 'people.crl');
    writeFileSync(bundle, trusted + ca.certificate);
    writeFileSync(lists, ca.list());
    await server.run([`--client-ca-file=${bundle}`, `--client-ca-crl-file=${lists}`]);
    await made('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'all' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' }],
    });
    await made('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } });
  });
  afterAll(async () => {
    for (const one of open) one.close();
    await server?.remove();
    ca?.remove();
  });

  const made = async (path: string, body: object): Promise<any> => {
    const answer = await server.ask(path, { method: 'POST', body });
    expect(answer.status).toBe(201);
    return JSON.parse(answer.body);
  };
  const people = (file: string, subject = `/CN=${file}`) => ({ certificate: ca.issue(file, subject) });
  const robot = async () => ({
    token: (
      await made('/api/v1/namespaces/default/serviceaccounts/robot/token', {
        spec: { expirationSeconds: 3600 },
      })
    ).status.token as string,
  });
  const connected = async (
    version: '1.1' | '2',
    credentials: { certificate?: { cert: string; key: string }; token?: string },
  ) => {
    const client = connection(version, server.port, { ca: trusted, ...credentials });
    open.push(client);
    expect((await client.get(SELF)).status).toBe(200);
    return { client, watch: await client.watch(WATCH) };
  };
  const explained = async (code: string) =>
    JSON.parse((await server.ask(`/sallyport/v1/decisions?verdict=${code}&whyNot=true`)).body).items[0];

  it('nobody sees anything of it unasked', async () => {
    expect((await server.ask('/apis/sallyport.dev')).status).toBe(404);
    const { stdout } = await sallyport(server.kubeconfig, 'list');
    expect(stdout).toBe('Nothing is revoked.\n');
    expect((await server.ask('/apis/sallyport.dev')).status).toBe(404);
  });

  it.each(VERSIONS)('a certificate, by its file, over HTTP/%s', async (version) => {
    const file = `jane-${version.replace('.', '')}`;
    const jane = await connected(version, people(file));
    const other = await connected(version, people(`${file}-other`));
    const path = ca.path(`${file}.crt`);
    const { stdout } = await sallyport(server.kubeconfig, 'certificate', path, '--reason', 'laptop stolen');
    const since = Date.now();
    expect(stdout).toContain(`Revoked the certificate of CN=${file} (X509SHA256=`);
    expect((await jane.client.get(SELF)).status).toBe(401);
    await endedWithin(jane.watch, since);
    expect([(await other.client.get(SELF)).status, other.watch.isOpen()]).toEqual([200, true]);
    expect(await explained('CREDENTIAL_REVOKED')).toMatchObject({
      explanations: [
        { what: expect.stringMatching(/^the credential X509SHA256=\S+ was revoked \(laptop stolen\)/) },
      ],
    });
  });

  it.each(VERSIONS)('a token, of which the id alone is kept, over HTTP/%s', async (version) => {
    const mine = await robot();
    const client = await connected(version, mine);
    const other = await connected(version, await robot());
    const file = join(server.folder, 'token');
    writeFileSync(file, mine.token);
    await sallyport(server.kubeconfig, 'token', file);
    const since = Date.now();
    expect((await client.client.get(SELF)).status).toBe(401);
    await endedWithin(client.watch, since);
    expect([(await other.client.get(SELF)).status, other.watch.isOpen()]).toEqual([200, true]);
    const review = await made('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: mine.token } });
    expect(review.status).toMatchObject({ error: expect.stringContaining('has been revoked') });
    const kept = (await server.ask('/apis/sallyport.dev/v1/credentialrevocations')).body;
    expect(kept).not.toContain(mine.token.split('.')[2]);
    expect(kept).toContain(JSON.parse(Buffer.from(mine.token.split('.')[1]!, 'base64url').toString()).jti);
  });

  it.each(VERSIONS)('all that a user was issued before an instant, over HTTP/%s', async (version) => {
    const name = `kim-${version}`;
    const client = await connected(version, people(name));
    await sallyport(server.kubeconfig, 'user', name);
    const since = Date.now();
    expect((await client.client.get(SELF)).status).toBe(401);
    await endedWithin(client.watch, since);
    expect(await explained('USER_REVOKED_BEFORE')).toMatchObject({
      authentication: { asked: expect.arrayContaining([expect.objectContaining({ by: 'revocations' })]) },
    });
    const entries = JSON.parse((await server.ask('/apis/sallyport.dev/v1/credentialrevocations')).body).items;
    const entry = entries.find((one: any) => one.spec.user === name).metadata.name;
    await sallyport(server.kubeconfig, 'undo', entry);
    expect((await client.client.get(SELF)).status).toBe(200);
  });

  it('newer tokens of a user whose older ones are revoked get in', async () => {
    const before = await connected('2', await robot());
    await new Promise((done) => setTimeout(done, 1100));
    await sallyport(server.kubeconfig, 'user', 'serviceaccount:default:robot', '--before', '1s');
    expect((await before.client.get(SELF)).status).toBe(401);
    await new Promise((done) => setTimeout(done, 1100));
    await connected('2', await robot());
  });

  it('impersonation does not help', async () => {
    const admin = ca.issue('boss', '/O=system:masters/CN=boss');
    const as = { headers: { 'impersonate-user': 'ann' }, certificate: admin };
    expect((await server.ask(SELF, as)).status).toBe(200);
    await sallyport(server.kubeconfig, 'certificate', ca.path('boss.crt'));
    expect((await server.ask(SELF, as)).status).toBe(401);
  });

  it('what a command signs in with is not revoked by it unless forced', async () => {
    await expect(sallyport(server.kubeconfig, 'certificate', server.kubeconfig)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is what this command signs in with'),
    });
    const { body } = await server.ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      method: 'POST',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    const { username } = JSON.parse(body).status.userInfo;
    await expect(sallyport(server.kubeconfig, 'user', username)).rejects.toMatchObject({ code: 1 });
    expect((await server.ask(SELF)).status).toBe(200);
  });

  it.each(VERSIONS)('a certificate on the list of its authority, over HTTP/%s', async (version) => {
    const file = `lou-${version.replace('.', '')}`;
    const lou = await connected(version, people(file));
    ca.revoke(file);
    replace(lists, ca.list());
    const since = Date.now();
    await refusedWithin(lou.client, since);
    await endedWithin(lou.watch, since);
    await server.says('ended, as its credential was taken back');
  });

  it('a list that goes back or is nonsense is reported, and the one before stays', async () => {
    const now = readFileSync(lists, 'latin1');
    const pat = people('pat');
    ca.revoke('pat');
    const older = ca.list({ number: 1 });
    replace(lists, older);
    await server.says('goes back from number');
    replace(lists, 'nonsense');
    await server.says('no certificate revocation list');
    expect((await server.ask(SELF, { certificate: ca.issue('lou-3', '/CN=lou-3') })).status).toBe(200);
    expect((await server.ask(SELF, pat)).status).toBe(200);
    replace(lists, now);
  });

  it.each(VERSIONS)('a client whose authority is trusted no more, over HTTP/%s', async (version) => {
    const file = `max-${version.replace('.', '')}`;
    const max = await connected(version, people(file));
    const robots = await connected(version, await robot());
    replace(bundle, trusted);
    const since = Date.now();
    await refusedWithin(max.client, since);
    await endedWithin(max.watch, since);
    expect([(await robots.client.get(SELF)).status, robots.watch.isOpen()]).toEqual([200, true]);
    replace(bundle, trusted + ca.certificate);
    for (;;) {
      if ((await max.client.get(SELF)).status === 200) break;
      await new Promise((done) => setTimeout(done, 20));
    }
  });
});

describe('revocation lists at the start', () => {
  let ca: OpensslAuthority;
  let server: Apiserver;
  const flags = (...more: string[]) => [
    `--client-ca-file=${join(server.folder, 'clients.crt')}`,
    `--client-ca-crl-file=${join(server.folder, 'list.crl')}`,
    ...more,
  ];
  const given = (list: string): void => writeFileSync(join(server.folder, 'list.crl'), list, 'latin1');

  beforeAll(async () => {
    server = await Apiserver.prepare();
    ca = new OpensslAuthority('people');
    const trusted = readFileSync(server.paths.ca.certFile, 'utf8');
    writeFileSync(join(server.folder, 'clients.crt'), trusted + ca.certificate);
  });
  afterAll(async () => {
    await server?.remove();
    ca?.remove();
  });

  it('end the server where they cannot be used', async () => {
    given('nonsense');
    expect(await server.refuse(flags())).toBe(1);
    expect(server.output).toContain('no certificate revocation list');
    const stranger = new OpensslAuthority('stranger');
    given(stranger.list());
    stranger.remove();
    expect(await server.refuse(flags())).toBe(1);
    expect(server.output).toContain('of an issuer that is in neither --client-ca-file nor');
    expect(await server.refuse(flags('--client-ca-crl-stale=perhaps'))).toBe(1);
    expect(server.output).toContain('--client-ca-crl-stale has to be refuse or warn');
  });

  it.each([
    ['refuse', 401, 'are refused until a newer one is in'],
    ['warn', 403, 'is let in (--client-ca-crl-stale=warn)'],
  ])('that have run out: %s', async (policy, status, said) => {
    given(ca.list({ seconds: 1, der: true }));
    const jane = ca.issue(`jane-${policy}`, `/CN=jane-${policy}`);
    await new Promise((done) => setTimeout(done, 1200));
    await server.run(flags(`--client-ca-crl-stale=${policy}`));
    await server.says(said);
    expect((await server.ask(SELF, { certificate: jane })).status).toBe(status);
    // Others are none of that list's.
    expect((await server.ask(SELF)).status).toBe(200);
    replace(join(server.folder, 'list.crl'), ca.list());
    await server.says('reloaded path=');
    expect((await server.ask(SELF, { certificate: jane })).status).toBe(403);
    await server.end();
    server.output = '';
  });
});
