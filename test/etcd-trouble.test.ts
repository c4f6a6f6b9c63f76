import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openEtcdStore } from '../src/storage/etcd/store.ts';
import { EtcdCluster, etcdIsHere } from './support/etcd-cluster.ts';
import { Link } from './support/link.ts';
import { type Answer, Replica } from './support/replica.ts';
import { freePort } from './support/up.ts';

const ETCDCTL = '/usr/bin/etcdctl';
const MAPS = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const revisionOf = ({ body }: Answer): number => Number(body.metadata.resourceVersion);

/** Asks until the answer is as wanted; fails with the last one. */
async function until(ask: () => Promise<Answer>, wanted: (answer: Answer) => boolean): Promise<Answer> {
  let last: unknown;
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    const answer = await ask().catch((error: unknown) => {
      last = error;
      return undefined;
    });
    if (answer && wanted(answer)) return answer;
    if (answer) last = `${answer.status} ${JSON.stringify(answer.body)}`;
    await sleep(50);
  }
  throw new Error(`not within 30 s: ${last}`);
}

describe.skipIf(!etcdIsHere)('a server whose etcd is in trouble', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-trouble-'));
  const replicas: Replica[] = [];
  const links: Link[] = [];
  const clusters: EtcdCluster[] = [];
  let etcd: EtcdCluster;
  let prefixes = 0;

  const servers = (...urls: string[]): string => `--etcd-servers=${urls.join(',')}`;
  const ownPrefix = (): string => `--etcd-prefix=/cluster-${prefixes++}`;
  const prepare = async (...flags: string[]): Promise<Replica> => {
    const replica = await Replica.prepare(folder, flags);
    replicas.push(replica);
    return replica;
  };
  const start = async (...flags: string[]): Promise<Replica> => {
    const replica = await prepare(...flags);
    await replica.run();
    return replica;
  };
  const link = async (): Promise<Link> => {
    const made = await Link.to(etcd.endpoints[0]!);
    links.push(made);
    return made;
  };
  const cluster = async (members: number, flags?: string[]): Promise<EtcdCluster> => {
    const made = await EtcdCluster.start(members, flags);
    clusters.push(made);
    return made;
  };

  beforeAll(async () => {
    etcd = await EtcdCluster.start(1);
    // Makes the certificates that all the others find.
    await (await start(servers(...etcd.endpoints), ownPrefix())).kill();
  });
  afterEach(async () => {
    for (const replica of replicas.splice(0)) await replica.kill();
    for (const made of links.splice(0)) made.close();
    for (const made of clusters.splice(0)) await made.stop();
  });
  afterAll(async () => {
    await etcd?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is not ready before all is there that a cluster starts with', async () => {
    const slow = await link();
    slow.latencyMs = 40;
    const replica = await prepare(servers(slow.url), ownPrefix());
    const up = replica.run();
    let refused: Answer | undefined;
    await until(
      () => replica.send('GET', '/readyz'),
      (answer) => {
        if (answer.status === 500) refused ??= answer;
        return answer.status === 200;
      },
    );
    // The very next request after readiness is one that meets all of it.
    const made = await replica.send('POST', MAPS, configMap('first'));
    expect(made).toMatchObject({ status: 201 });
    for (const path of [
      '/api/v1/namespaces/kube-system',
      '/api/v1/namespaces/default/services/kubernetes',
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/cluster-admin',
      '/apis/scheduling.k8s.io/v1/priorityclasses/system-cluster-critical',
      '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/catch-all',
    ])
      expect(`${path} ${(await replica.send('GET', path)).status}`).toBe(`${path} 200`);
    expect(refused?.body).toMatch(/\[-\]poststarthook\/rbac\/bootstrap-roles failed: reason withheld/);
    await up;
  });

  it('waits for it at the start, and says why', async () => {
    const port = await freePort();
    const replica = await prepare(servers(`http://127.0.0.1:${port}`));
    const up = replica.run();
    while (!replica.output.includes('connection refused')) await Promise.race([sleep(50), up]);
    expect(replica.output).toContain(`etcd cannot be reached: 127.0.0.1:${port}: connection refused`);
    const late = await cluster(1, [
      `--listen-client-urls=http://127.0.0.1:${port}`,
      `--advertise-client-urls=http://127.0.0.1:${port}`,
    ]);
    expect(late.endpoints).toHaveLength(1);
    await up;
    expect((await replica.send('GET', '/readyz')).status).toBe(200);
  });

  it('answers 503 while it is cut off, and its watches miss nothing', async () => {
    const line = await link();
    const prefix = ownPrefix();
    const cut = await start(servers(line.url), prefix);
    const other = await start(servers(...etcd.endpoints), prefix);
    const first = await other.send('POST', MAPS, configMap('a', { step: '0' }));
    const seen: string[] = [];
    let ended = false;
    const stop = cut.watch(
      `${MAPS}?watch=true&resourceVersion=${revisionOf(first)}`,
      ({ type, object }) => {
        if (object.metadata?.name !== 'kube-root-ca.crt') seen.push(`${type} ${object.data?.step}`);
      },
      () => {
        ended = true;
      },
    );
    await other.send('PUT', `${MAPS}/a`, configMap('a', { step: '1' }));
    while (seen.length < 1) await sleep(20);
    line.cut();
    const began = Date.now();
    const read = await cut.send('GET', `${MAPS}/a`);
    expect(read).toMatchObject({ status: 503, body: { reason: 'ServiceUnavailable' } });
    expect((await cut.send('POST', MAPS, configMap('b'))).status).toBe(503);
    expect(Date.now() - began).toBeLessThan(15_000);
    expect((await cut.send('GET', '/readyz')).status).toBe(500);
    // Who asks for no particular freshness is answered from memory.
    expect((await cut.send('GET', `${MAPS}?resourceVersion=0`)).status).toBe(200);
    for (const step of ['2', '3']) await other.send('PUT', `${MAPS}/a`, configMap('a', { step }));
    await other.send('DELETE', `${MAPS}/a`);
    await other.send('POST', MAPS, configMap('a', { step: '4' }));
    line.mend();
    await until(
      () => cut.send('GET', `${MAPS}/a`),
      ({ status, body }) => status === 200 && body.data.step === '4',
    );
    while (seen.length < 5) await sleep(20);
    expect(seen).toEqual(['MODIFIED 1', 'MODIFIED 2', 'MODIFIED 3', 'DELETED 3', 'ADDED 4']);
    expect(ended).toBe(false);
    stop();
  });

  it('ends watches whose history is gone, and refuses to resume them', async () => {
    const line = await link();
    const prefix = ownPrefix();
    const cut = await start(servers(line.url), prefix);
    const other = await start(servers(...etcd.endpoints), prefix);
    const first = await other.send('POST', MAPS, configMap('a', { step: '0' }));
    await until(
      () => cut.send('GET', `${MAPS}/a`),
      ({ status }) => status === 200,
    );
    const events: string[] = [];
    const over = new Promise<void>((done) => {
      cut.watch(
        `${MAPS}?watch=true&resourceVersion=${revisionOf(first)}`,
        ({ type, object }) => {
          if (object.metadata?.name !== 'kube-root-ca.crt') events.push(type);
        },
        () => done(),
      );
    });
    line.cut();
    for (const step of ['1', '2']) await other.send('PUT', `${MAPS}/a`, configMap('a', { step }));
    const last = await other.send('PUT', `${MAPS}/a`, configMap('a', { step: '3' }));
    const store = await openEtcdStore({ endpoints: etcd.endpoints, compactionIntervalMs: 0 });
    await store.compact(revisionOf(last));
    await store.close();
    line.mend();
    await over;
    expect(events).toEqual([]);
    const resumed = await new Promise<any>((done) => {
      cut.watch(
        `${MAPS}?watch=true&resourceVersion=${revisionOf(first)}`,
        (event) => done(event),
        () => done(undefined),
      );
    });
    expect(resumed).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    expect((await cut.send('GET', `${MAPS}/a`)).body.data.step).toBe('3');
  });

  it('turns to another member where one hangs', async () => {
    const three = await cluster(3);
    const replica = await start(servers(...three.endpoints));
    let step = 0;
    const seen: string[] = [];
    const first = await replica.send('POST', MAPS, configMap('a', { step: '0' }));
    replica.watch(
      `${MAPS}?watch=true&resourceVersion=${revisionOf(first)}`,
      ({ type, object }) => {
        if (object.metadata?.name === 'a') seen.push(`${type} ${object.data.step}`);
      },
      () => undefined,
    );
    for (const member of [0, 1, 2]) {
      three.freeze(member);
      // Within the time a client waits for one request, tries included.
      await until(
        () => replica.send('PUT', `${MAPS}/a`, configMap('a', { step: String(step + 1) })),
        ({ status }) => status === 200,
      );
      step++;
      const read = await until(
        () => replica.send('GET', `${MAPS}/a`),
        ({ status }) => status === 200,
      );
      expect(read.body.data.step).toBe(String(step));
      const told = Date.now();
      while (seen.at(-1) !== `MODIFIED ${step}` && Date.now() - told < 10_000) await sleep(20);
      expect(seen.at(-1)).toBe(`MODIFIED ${step}`);
      three.freeze(member, false);
      await sleep(1000);
    }
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('answers 503 or 504 without a quorum, and goes on by itself', async () => {
    const three = await cluster(3);
    const replica = await start(servers(...three.endpoints));
    await three.kill(0);
    await three.kill(1);
    const read = await until(
      () => replica.send('GET', MAPS),
      ({ status }) => status !== 200,
    );
    expect(read).toMatchObject({ status: 503, body: { reason: 'ServiceUnavailable' } });
    expect([503, 504]).toContain((await replica.send('POST', MAPS, configMap('a'))).status);
    expect((await replica.send('GET', '/readyz')).status).toBe(500);
    three.run(0);
    await until(
      () => replica.send('POST', MAPS, configMap('b')),
      ({ status }) => status === 201,
    );
    await until(
      () => replica.send('GET', '/readyz'),
      ({ status }) => status === 200,
    );
  });

  it.skipIf(!existsSync(ETCDCTL))(
    'says that etcd has no space left, and writes again once it has',
    async () => {
      const small = await cluster(1, ['--quota-backend-bytes=16777216']);
      const replica = await start(servers(...small.endpoints));
      const data = { filling: 'x'.repeat(900_000) };
      let full: Answer | undefined;
      for (let i = 0; i < 60 && !full; i++) {
        const answer = await replica.send('POST', MAPS, configMap(`m${i}`, data));
        if (answer.status !== 201) full = answer;
      }
      expect(full).toMatchObject({
        status: 500,
        body: { message: 'etcdserver: mvcc: database space exceeded' },
      });
      expect((await replica.send('GET', `${MAPS}/m0`)).status).toBe(200);
      expect((await replica.send('GET', '/livez')).status).toBe(200);
      const etcdctl = (...args: string[]): string =>
        execFileSync(ETCDCTL, ['--endpoints', small.endpoints.join(','), ...args], {
          env: { ...process.env, ETCDCTL_API: '3' },
          encoding: 'utf8',
        });
      etcdctl('del', '--prefix', '/registry/configmaps/default/m');
      const status = JSON.parse(etcdctl('endpoint', 'status', '--write-out=json'));
      etcdctl('compact', String(status[0].Status.header.revision));
      etcdctl('defrag');
      etcdctl('alarm', 'disarm');
      await until(
        () => replica.send('POST', MAPS, configMap('after')),
        ({ status }) => status === 201,
      );
      expect((await replica.send('GET', `${MAPS}/m0`)).status).toBe(404);
    },
  );

  it('compacts it as often as it is told to, and lets events go in time', async () => {
    const replica = await start(
      servers(...etcd.endpoints),
      ownPrefix(),
      '--etcd-compaction-interval=1s',
      '--event-ttl=2s',
    );
    const old = await replica.send('POST', MAPS, configMap('a'));
    await replica.send('PUT', `${MAPS}/a`, configMap('a', { step: '1' }));
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e' },
      involvedObject: { kind: 'ConfigMap', namespace: 'default', name: 'a' },
    };
    const made = await replica.send('POST', '/api/v1/namespaces/default/events', event);
    expect(made.status).toBe(201);
    const gone = new Promise<number>((done) => {
      replica.watch(
        `/api/v1/namespaces/default/events?watch=true&resourceVersion=${revisionOf(made)}`,
        ({ type, object }) => type === 'DELETED' && done(Number(object.metadata.resourceVersion)),
        () => done(0),
      );
    });
    expect(await gone).toBeGreaterThan(revisionOf(made));
    expect((await replica.send('GET', '/api/v1/namespaces/default/events/e')).status).toBe(404);
    const store = await openEtcdStore({ endpoints: etcd.endpoints, compactionIntervalMs: 0 });
    const key = `/cluster-${prefixes - 1}/configmaps/default/a`;
    for (let tries = 0; tries < 200; tries++) {
      const compacted = await store.get(key, revisionOf(old)).then(
        () => false,
        () => true,
      );
      if (compacted) break;
      await sleep(100);
    }
    await expect(store.get(key, revisionOf(old))).rejects.toThrow('compacted');
    expect(await store.get('compact_rev_key')).toBeDefined();
    await store.close();
  });
});
