import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connection } from './support/connection.ts';
import { EtcdCluster, etcdIsHere } from './support/etcd-cluster.ts';
import { Replica } from './support/replica.ts';

const MAIN = resolve('dist/cli/main.js');
const MAPS = '/api/v1/namespaces/default/configmaps';
const WITHIN_MS = 1000;

describe.skipIf(!etcdIsHere)('credentials taken back on one server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-replicas-'));
  const open: Connection[] = [];
  const replicas: Replica[] = [];
  let etcd: EtcdCluster;

  beforeAll(async () => {
    etcd = await EtcdCluster.start(1);
    const servers = `--etcd-servers=${etcd.endpoints.join(',')}`;
    for (const address of ['192.0.2.1', '192.0.2.2'])
      replicas.push(await Replica.start(folder, [servers, `--advertise-address=${address}`]));
    await made('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'all' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' }],
    });
    await made('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } });
  }, 120_000);
  afterAll(async () => {
    for (const one of open) one.close();
    for (const replica of replicas) await replica.kill();
    await etcd?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const made = async (path: string, body: object) => {
    const answer = await replicas[0]!.send('POST', path, body);
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const pki = (file: string): string => join(folder, 'pki', file);
  const certificate = (name: string) => {
    const files = { key: join(folder, `${name}.key`), cert: join(folder, `${name}.crt`) };
    const openssl = (...args: string[]) =>
      execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    openssl(
      ...[
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-subj',
        `/CN=${name}`,
      ],
      ...['-keyout', files.key, '-out', `${files.cert}.csr`],
    );
    openssl(
      ...['x509', '-req', '-in', `${files.cert}.csr`, '-CA', pki('ca.crt'), '-CAkey', pki('ca.key')],
      ...['-CAcreateserial', '-days', '2', '-out', files.cert],
    );
    return { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
  };
  const token = async (): Promise<string> =>
    (await made('/api/v1/namespaces/default/serviceaccounts/robot/token', { spec: {} })).status.token;
  const revoke = (...args: string[]) =>
    promisify(execFile)(process.execPath, [
      ...[MAIN, 'revoke', ...args, '--kubeconfig', join(folder, 'admin.kubeconfig')],
    ]);
  /** The kubeconfig is of whichever server was started last. */
  const connected = async (
    version: '1.1' | '2',
    replica: number,
    credentials: { certificate?: { cert: string; key: string }; token?: string },
  ) => {
    const ca = readFileSync(pki('ca.crt'), 'utf8');
    const client = connection(version, replicas[replica]!.port, { ca, ...credentials });
    open.push(client);
    expect((await client.get(MAPS)).status).toBe(200);
    return { client, watch: await client.watch(`${MAPS}?watch=true`) };
  };

  it.each(['1.1', '2'] as const)(
    'are refused on the others within a second, over HTTP/%s',
    async (version) => {
      const name = `jane-${version.replace('.', '')}`;
      const shown = await token();
      const file = join(folder, `${name}.token`);
      writeFileSync(file, shown);
      const credentials = [
        { args: ['certificate', join(folder, `${name}.crt`)], made: { certificate: certificate(name) } },
        { args: ['token', file], made: { token: shown } },
        { args: ['user', `${name}-user`], made: { certificate: certificate(`${name}-user`) } },
      ];
      for (const one of credentials) {
        const both = [await connected(version, 0, one.made), await connected(version, 1, one.made)];
        await revoke(...one.args);
        const since = Date.now();
        await Promise.all(
          both.map(async ({ client, watch }) => {
            while ((await client.get(MAPS)).status !== 401) {
              if (Date.now() - since > WITHIN_MS) throw new Error(`${one.args[0]} is let in still`);
              await new Promise((done) => setTimeout(done, 10));
            }
            expect((await watch.ended) - since).toBeLessThan(WITHIN_MS);
          }),
        );
      }
    },
  );

  it('are refused by a server that starts afterwards', async () => {
    const shown = certificate('late');
    const before = await connected('2', 0, { certificate: shown });
    await revoke('certificate', join(folder, 'late.crt'));
    await before.watch.ended;
    await replicas[0]!.kill();
    await replicas[0]!.run();
    const ca = readFileSync(pki('ca.crt'), 'utf8');
    const client = connection('2', replicas[0]!.port, { ca, certificate: shown });
    open.push(client);
    expect((await client.get(MAPS)).status).toBe(401);
  });
});
