import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdCluster, etcdIsHere } from './support/etcd-cluster.ts';
import { History, type WatchSession } from './support/history.ts';
import { Link } from './support/link.ts';
import { type Answer, Replica } from './support/replica.ts';

/** How long there is trouble; CONTRIBUTING.md tells of the long run. */
const SECONDS = Number(process.env['SALLYPORT_ETCD_SECONDS'] ?? 20);
const WRITERS = 6;
const READERS = 3;
const KEYS = 12;
const MAPS = '/api/v1/namespaces/proof/configmaps';

const configMap = (name: string, data: Record<string, string>, resourceVersion?: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(resourceVersion ? { resourceVersion } : {}) },
  data,
});
const revisionOf = ({ body }: Answer): number => Number(body.metadata.resourceVersion);

describe.skipIf(!etcdIsHere)('two servers on three members of etcd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-replicas-'));
  const replicas: Replica[] = [];
  const links: Link[] = [];
  const history = new History();
  let etcd: EtcdCluster;
  let running = true;

  beforeAll(async () => {
    etcd = await EtcdCluster.start(3);
    // One server hears of everything later than the other: a read from its own memory would be an old one.
    for (const endpoint of etcd.endpoints) links.push(await Link.to(endpoint));
    for (const link of links) link.latencyMs = 25;
    // One after the other: the first makes the certificates that the second finds.
    for (const [address, urls] of [
      ['192.0.2.1', etcd.endpoints],
      ['192.0.2.2', links.map(({ url }) => url)],
    ] as const) {
      const flags = [`--etcd-servers=${urls.join(',')}`, `--advertise-address=${address}`];
      replicas.push(await Replica.start(folder, flags));
    }
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'proof' } };
    expect((await replicas[0]!.send('POST', '/api/v1/namespaces', namespace)).status).toBe(201);
  }, 120_000);

  afterAll(async () => {
    running = false;
    for (const replica of replicas) await replica.kill();
    for (const link of links) link.close();
    await etcd?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const anyone = (): Replica => replicas[Math.random() < 0.5 ? 0 : 1]!;

  /** Undefined where there is no answer, or one that says nothing of the object. */
  async function ask(method: string, path: string, body?: unknown): Promise<Answer | undefined> {
    try {
      const answer = await anyone().send(method, path, body);
      if (answer.status === 503 || answer.status === 504 || answer.status === 429) {
        history.counts.refused++;
        return undefined;
      }
      if (answer.status >= 500) history.fault(`${method} ${path}: ${JSON.stringify(answer.body)}`);
      return answer;
    } catch {
      await sleep(50);
      return undefined;
    }
  }

  /** Reads, then replaces what was read: of those who read the same, one may win. */
  async function writer(number: number): Promise<void> {
    for (let i = 0; running; i++) {
      const key = `k${Math.floor(Math.random() * KEYS)}`;
      const least = history.newest(key);
      const found = await ask('GET', `${MAPS}/${key}`);
      if (!found) continue;
      if (found.status === 404 && least > 0)
        history.fault(`${key} is not there, though ${least} was written`);
      if (found.status === 200 && revisionOf(found) < least)
        history.fault(`stale read of ${key}: ${revisionOf(found)} though ${least} was written`);
      const id = `w${number}-${i}`;
      const previous: string = found.status === 200 ? found.body.data.id : '';
      history.writes.set(id, { key, id, previous });
      const started = performance.now();
      const answer =
        previous === ''
          ? await ask('POST', MAPS, configMap(key, { id }))
          : await ask('PUT', `${MAPS}/${key}`, configMap(key, { id }, found.body.metadata.resourceVersion));
      if (!answer) history.counts.unknown++;
      else if (answer.status === 409) {
        history.counts.conflicts++;
        history.writes.delete(id);
      } else if (answer.status === 200 || answer.status === 201) {
        history.latencies.push(performance.now() - started);
        history.acknowledge(id, revisionOf(answer));
      } else history.fault(`writing ${key}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
  }

  async function reader(): Promise<void> {
    while (running) {
      const least = history.newest();
      const each = new Map<string, number>();
      for (let k = 0; k < KEYS; k++) each.set(`k${k}`, history.newest(`k${k}`));
      const answer = await ask('GET', MAPS);
      if (answer?.status === 200) {
        history.counts.lists++;
        if (revisionOf(answer) < least)
          history.fault(`stale list: ${revisionOf(answer)} though ${least} was written`);
        for (const { metadata } of answer.body.items)
          if (Number(metadata.resourceVersion) < (each.get(metadata.name) ?? 0))
            history.fault(`a stale ${metadata.name} in a list`);
      }
      // An object's whole life, each step of it seen at once by whichever server is asked.
      const name = `life-${Math.random().toString(36).slice(2)}`;
      const made = await ask('POST', MAPS, configMap(name, { id: name }));
      if (made?.status !== 201) continue;
      history.counts.reads++;
      if ((await ask('GET', `${MAPS}/${name}`))?.status === 404) history.fault(`${name} is not seen`);
      const gone = await ask('DELETE', `${MAPS}/${name}`);
      if (gone?.status !== 200) continue;
      if ((await ask('GET', `${MAPS}/${name}`))?.status === 200) history.fault(`${name} is still seen`);
      await sleep(20);
    }
  }

  /** Watches, resumes where it was cut off, and lists anew only where it is told to. */
  async function watcher(first: number): Promise<void> {
    let session: WatchSession | undefined;
    for (let turn = first; running; turn++) {
      const replica = replicas[turn % 2]!;
      try {
        if (!session) {
          const list = await replica.send('GET', MAPS);
          if (list.status !== 200) throw new Error('no list');
          session = { after: revisionOf(list), events: [], upTo: revisionOf(list) };
          history.sessions.push(session);
        }
        const now: WatchSession = session;
        await new Promise<void>((done) => {
          const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${now.upTo}`;
          const poll = setInterval(() => {
            if (running) return;
            end();
            finish(0);
          }, 100);
          const finish = (status: number): void => {
            clearInterval(poll);
            if (status === 410) session = undefined;
            done();
          };
          const end = replica.watch(
            `${MAPS}?${query}`,
            ({ type, object }) => {
              if (type === 'ERROR') {
                if (object.code === 410) session = undefined;
                else history.fault(`a watch failed: ${JSON.stringify(object)}`);
                return;
              }
              const revision = Number(object.metadata.resourceVersion);
              if (type !== 'BOOKMARK') {
                const id: string = type === 'DELETED' ? 'gone' : object.data.id;
                if (object.metadata.name.startsWith('k') && type !== 'DELETED')
                  now.events.push({ type, key: object.metadata.name, id, revision });
                else if (object.metadata.name !== 'kube-root-ca.crt')
                  now.events.push({ type, key: object.metadata.name, id: `${type} ${id}`, revision });
              }
              now.upTo = Math.max(now.upTo, revision);
            },
            finish,
          );
        });
      } catch {
        // The server is down; the other one is next.
      }
      await sleep(50);
    }
  }

  /** Kills and restarts members and servers in turn, one at a time. */
  async function trouble(until: number): Promise<number> {
    let kills = 0;
    for (; Date.now() < until; kills++) {
      await sleep(1500);
      const turn = kills % 5;
      if (turn < 3) {
        await etcd.kill(turn);
        await sleep(1200);
        etcd.run(turn);
      } else {
        const replica = replicas[turn - 3]!;
        await replica.kill();
        await sleep(300);
        await replica.run();
      }
    }
    return kills;
  }

  it(
    'lose no write, show no old state and tell each change once, whoever is killed',
    async () => {
      const work = [
        ...Array.from({ length: WRITERS }, (_, i) => writer(i)),
        ...Array.from({ length: READERS }, () => reader()),
        ...[0, 1, 0, 1].map((first) => watcher(first)),
      ];
      const kills = await trouble(Date.now() + SECONDS * 1000);
      await sleep(1000);
      running = false;
      await Promise.all(work);

      const last = new Map<string, string>();
      for (const replica of replicas) {
        const list = await replica.send('GET', MAPS);
        expect(list.status).toBe(200);
        for (const { metadata, data } of list.body.items) if (data.id) last.set(metadata.name, data.id);
      }
      for (const name of [...last.keys()]) if (!name.startsWith('k')) last.delete(name);
      expect(last.size).toBe(KEYS);
      history.checkChains(last);
      history.checkSessions();
      const events = history.sessions.reduce((sum, session) => sum + session.events.length, 0);
      const figures = { kills, sessions: history.sessions.length, events, ...history.counts };
      console.info({ ...figures, p50: history.latency(50), p99: history.latency(99) });
      expect(history.faults).toEqual([]);
      expect(history.counts.acknowledged).toBeGreaterThan(100);
    },
    SECONDS * 1000 + 120_000,
  );

  it('go on running the control loops, whoever ran them before', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'after' } };
    expect((await replicas[0]!.send('POST', '/api/v1/namespaces', namespace)).status).toBe(201);
    const account = '/api/v1/namespaces/after/serviceaccounts/default';
    for (let tries = 0; tries < 400; tries++) {
      if ((await replicas[1]!.send('GET', account)).status === 200) return;
      await sleep(100);
    }
    expect.fail('nobody makes service accounts');
  }, 60_000);

  it('are both where the Service kubernetes leads to, and neither once it has gone', async () => {
    const endpoints = async (): Promise<string[]> => {
      const { body } = await replicas[0]!.send('GET', '/api/v1/namespaces/default/endpoints/kubernetes');
      return (body.subsets?.[0]?.addresses ?? []).map(({ ip }: { ip: string }) => ip);
    };
    const become = async (wanted: string[]): Promise<void> => {
      for (let tries = 0; tries < 300; tries++) {
        if (JSON.stringify(await endpoints()) === JSON.stringify(wanted)) return;
        await sleep(100);
      }
      expect(await endpoints()).toEqual(wanted);
    };
    await become(['192.0.2.1', '192.0.2.2']);
    await replicas[1]!.kill('SIGTERM');
    await become(['192.0.2.1']);
    await replicas[1]!.run();
    await become(['192.0.2.1', '192.0.2.2']);
  }, 120_000);

  it('give no address or port away twice', async () => {
    const service = (name: string) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
    });
    const made = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        replicas[i % 2]!.send('POST', '/api/v1/namespaces/proof/services', service(`s${i}`), 60_000),
      ),
    );
    expect(new Set(made.map(({ status, body }) => `${status} ${body.message ?? ''}`))).toEqual(
      new Set(['201 ']),
    );
    expect(new Set(made.map(({ body }) => body.spec.clusterIP)).size).toBe(60);
    expect(new Set(made.map(({ body }) => body.spec.ports[0].nodePort)).size).toBe(60);
    const wanted = (name: string) => ({
      ...service(name),
      spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30_001 }] },
    });
    const rivals = await Promise.all(
      replicas.map((replica, i) =>
        replica.send('POST', '/api/v1/namespaces/proof/services', wanted(`rival-${i}`), 60_000),
      ),
    );
    expect(rivals.map(({ status }) => status).sort()).toEqual([201, 422]);
    expect(JSON.stringify(rivals)).toContain('provided port is already allocated');
  }, 120_000);

  it('answer 503 while no member of etcd is there, and go on when they are back', async () => {
    for (const member of [0, 1, 2]) await etcd.kill(member);
    const read = await replicas[0]!.send('GET', MAPS, undefined, 60_000);
    expect(read).toMatchObject({ status: 503, body: { kind: 'Status', reason: 'ServiceUnavailable' } });
    const write = await replicas[1]!.send('POST', MAPS, configMap('late', {}), 60_000);
    expect([503, 504]).toContain(write.status);
    expect((await replicas[0]!.send('GET', '/readyz')).status).toBe(500);
    for (const member of [0, 1, 2]) etcd.run(member);
    for (let tries = 0; tries < 300; tries++) {
      if ((await replicas[0]!.send('GET', '/readyz')).status === 200) break;
      await sleep(100);
    }
    expect((await replicas[0]!.send('GET', MAPS)).status).toBe(200);
  }, 120_000);
});
