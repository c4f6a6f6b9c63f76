import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OpensslAuthority } from '../src/authentication/fixtures/openssl-authority.ts';
import { Apiserver } from './support/apiserver.ts';
import { type Connection, connection, type OpenWatch } from './support/connection.ts';

/** SALLYPORT_ROTATION_WATCHES=1000 for the long run. */
const WATCHES = Number(process.env['SALLYPORT_ROTATION_WATCHES'] ?? 200);
const ROTATIONS = 10;
const PER_CONNECTION = 50;
const MAPS = '/api/v1/namespaces/default/configmaps';
const HOST = 'inside.example.com';

describe('certificates, keys and authorities that are exchanged while the server runs', () => {
  let server: Apiserver;
  let people: OpensslAuthority;
  let trusted: string;
  let verified: string;
  const connections: Connection[] = [];
  const path = (name: string): string => join(server.folder, name);

  beforeAll(async () => {
    server = await Apiserver.prepare();
    people = new OpensslAuthority('people');
    const { ca, apiserver, serviceAccounts } = server.paths;
    trusted = readFileSync(ca.certFile, 'utf8');
    verified = readFileSync(serviceAccounts.publicKeyFile, 'utf8');
    copyFileSync(apiserver.certFile, path('serving.crt'));
    copyFileSync(apiserver.keyFile, path('serving.key'));
    copyFileSync(apiserver.certFile, path('inside.crt'));
    copyFileSync(apiserver.keyFile, path('inside.key'));
    copyFileSync(serviceAccounts.keyFile, path('sign.key'));
    writeFileSync(path('verify.pub'), verified);
    writeFileSync(path('clients.crt'), trusted + people.certificate);
    writeFileSync(path('proxies.crt'), trusted);
    writeFileSync(path('people.crl'), people.list());
    writeFileSync(path('root.crt'), trusted);
    await server.run([
      `--tls-cert-file=${path('serving.crt')}`,
      `--tls-private-key-file=${path('serving.key')}`,
      `--tls-sni-cert-key=${path('inside.crt')},${path('inside.key')}:${HOST}`,
      `--client-ca-file=${path('clients.crt')}`,
      `--client-ca-crl-file=${path('people.crl')}`,
      `--requestheader-client-ca-file=${path('proxies.crt')}`,
      '--requestheader-allowed-names=front-proxy-client',
      `--service-account-key-file=${path('verify.pub')}`,
      `--service-account-signing-key-file=${path('sign.key')}`,
      `--root-ca-file=${path('root.crt')}`,
    ]);
    await made('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'all' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' }],
    });
    await made('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } });
  });
  afterAll(async () => {
    for (const one of connections) one.close();
    await server?.remove();
    people?.remove();
  });

  const made = async (where: string, body: object): Promise<any> => {
    const answer = await server.ask(where, { method: 'POST', body });
    expect(answer.status).toBe(201);
    return JSON.parse(answer.body);
  };
  const token = async (): Promise<string> =>
    (await made('/api/v1/namespaces/default/serviceaccounts/robot/token', { spec: {} })).status.token;
  const kidOf = (jwt: string): string =>
    JSON.parse(Buffer.from(jwt.split('.')[0]!, 'base64url').toString()).kid;
  const replace = (name: string, content: string): void => {
    writeFileSync(`${path(name)}.new`, content);
    renameSync(`${path(name)}.new`, path(name));
  };
  /** What a new connection is shown, verified by the authority. */
  const shown = (servername: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: server.port, ca: trusted, servername };
      const socket = connect({ ...options, checkServerIdentity: () => undefined }, () => {
        resolve(socket.getPeerX509Certificate()!.fingerprint256);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (const deadline = Date.now() + 10_000; !(await holds()); await pause(30))
      if (Date.now() > deadline) throw new Error(`${what} did not come about:\n${server.output}`);
  };
  const servingPair = (): { cert: string; key: string } => {
    const { ca } = server.paths;
    const openssl = (...args: string[]) =>
      execFileSync('openssl', args, { cwd: server.folder, stdio: ['ignore', 'ignore', 'pipe'] });
    openssl(
      ...[
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-subj',
        '/CN=server',
      ],
      ...['-keyout', 'next.key', '-out', 'next.csr', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    );
    openssl(
      ...['x509', '-req', '-in', 'next.csr', '-CA', ca.certFile, '-CAkey', ca.keyFile, '-CAcreateserial'],
      ...['-copy_extensions', 'copy', '-days', '2', '-out', 'next.crt'],
    );
    return { cert: readFileSync(path('next.crt'), 'utf8'), key: readFileSync(path('next.key'), 'utf8') };
  };

  /** Everything once, each pair with its halves one after the other. */
  async function rotate(round: number): Promise<void> {
    const serving = servingPair();
    const extra = new OpensslAuthority(`extra-${round}`);
    const sa = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    verified += sa.publicKey.export({ type: 'spki', format: 'pem' });
    const root = trusted + extra.certificate;
    extra.remove();
    // First the half by which nothing is taken away.
    replace('sign.key', sa.privateKey.export({ type: 'sec1', format: 'pem' }) as string);
    replace('serving.crt', serving.cert);
    replace('inside.key', serving.key);
    await pause(150);
    replace('verify.pub', verified);
    replace('serving.key', serving.key);
    replace('inside.crt', serving.cert);
    replace('clients.crt', root + people.certificate);
    replace('proxies.crt', root);
    replace('people.crl', people.list());
    replace('root.crt', root);
    const fingerprint = new X509Certificate(serving.cert).fingerprint256;
    const before = kidOf(await token());
    await until('the serving certificate', async () => (await shown('localhost')) === fingerprint);
    await until('the certificate by host name', async () => (await shown(HOST)) === fingerprint);
    await until('the root CA', async () => {
      const { body } = await server.ask('/api/v1/namespaces/kube-public/configmaps/kube-root-ca.crt');
      return JSON.parse(body).data['ca.crt'] === root;
    });
    await until('the signing key', async () => {
      const own = kidOf(await token());
      const { keys } = JSON.parse((await server.ask('/openid/v1/jwks')).body);
      return keys.at(-1).kid === own && (own !== before || keys.length === round + 2);
    });
  }

  it(`lose no request and no watch, of ${WATCHES} watches`, { timeout: 180_000 }, async () => {
    const robot = { ca: trusted, token: await token() };
    const jane = { ca: trusted, certificate: people.issue('jane', '/CN=jane') };
    const watches: OpenWatch[] = [];
    for (let i = 0; watches.length < WATCHES; i++) {
      const client = connection(i % 4 === 3 ? '1.1' : '2', server.port, i % 2 ? jane : robot);
      connections.push(client);
      const count = Math.min(PER_CONNECTION, WATCHES - watches.length);
      watches.push(
        ...(await Promise.all(Array.from({ length: count }, () => client.watch(`${MAPS}?watch=true`)))),
      );
    }
    const seen = watches.map((watch) => watch.events());

    let running = true;
    const failures: string[] = [];
    const counts = { kept: 0, fresh: 0 };
    const ask = async (client: Connection, kind: keyof typeof counts): Promise<void> => {
      try {
        const { status } = await client.get(MAPS);
        counts[kind]++;
        if (status !== 200) failures.push(`HTTP/${client.version}: ${status}`);
      } catch (error) {
        failures.push(`HTTP/${client.version}: ${(error as Error).message}`);
      }
    };
    const loops = [robot, jane].flatMap((who) =>
      (['1.1', '2'] as const).flatMap((version) => [
        (async () => {
          const client = connection(version, server.port, who);
          connections.push(client);
          while (running) {
            await ask(client, 'kept');
            await pause(5);
          }
        })(),
        (async () => {
          while (running) {
            const client = connection(version, server.port, who);
            await ask(client, 'fresh');
            client.close();
            await pause(20);
          }
        })(),
      ]),
    );
    for (let round = 0; round < ROTATIONS; round++) await rotate(round);
    running = false;
    await Promise.all(loops);

    expect(failures).toEqual([]);
    expect(counts.kept).toBeGreaterThan(100);
    expect(counts.fresh).toBeGreaterThan(100);
    expect(watches.filter((watch) => !watch.isOpen())).toEqual([]);
    await made(MAPS, { metadata: { name: 'the-end' } });
    await until('the last event', async () => watches.every((watch, i) => watch.events() > seen[i]!));
    process.stdout.write(`${JSON.stringify({ watches: watches.length, rotations: ROTATIONS, ...counts })}\n`);
  });

  it('say aloud where one half of a pair is missing, and go on with the old pair', async () => {
    const before = await shown('localhost');
    const pair = servingPair();
    replace('serving.crt', pair.cert);
    await server.says('was not reloaded; the one before stays in force');
    expect(await shown('localhost')).toBe(before);
    replace(
      'sign.key',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
        type: 'pkcs8',
        format: 'pem',
      }) as string,
    );
    await server.says('its public half is in no --service-account-key-file yet');
    const review = await made('/apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token: await token() },
    });
    expect(review.status.authenticated).toBe(true);
    replace('root.crt', 'nonsense');
    await server.says('the bundle before stays published');
  });
});
