// Mixed load at 80 % of the most a server can take: is memory flat, are answers in time, is every answered write there and told to
// every watch?
// npm run build && npm run bench -- soak [minutes, 2] [requests a second; without it 80 % of the most that a ramp finds]
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Up } from '../test/support/up.ts';
import { ApiPool } from './load/api-pool.ts';
import { Latencies } from './load/latencies.ts';
import { anonymousMiB, loopDelay, metricsOf, stateOf } from './load/server-state.ts';
import { soakChart } from './load/soak-chart.ts';
import { MIX, NAMESPACES, type Operation, POPULATION, SoakLoad } from './load/soak-load.ts';
import { SoakTruth } from './load/soak-truth.ts';
import { ApiClient } from './side-by-side/api-client.ts';

const MINUTES = Number(process.argv[2] ?? 2);
const GIVEN_RATE = process.argv[3] === undefined ? undefined : Number(process.argv[3]);
const WATCHES_EACH = 4;
const TICK_MS = 5;
/** A ramp ends where one of a hundred requests takes longer. */
const LATE_MS = 1000;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const up = await Up.start();
const api = new ApiClient(up.kubeconfig);
const pool = new ApiPool(api.url, api.ca, 8);
const watching = new ApiPool(api.url, api.ca, 4);
const truth = new SoakTruth();
let isOver = false;

async function account(name: string): Promise<string> {
  await api.ensure('/api/v1/namespaces/soak-0/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name },
  });
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 7200 },
  };
  return (await api.json('POST', `/api/v1/namespaces/soak-0/serviceaccounts/${name}/token`, request)).status
    .token;
}

/** Watches for ever, taking the thread up again whenever a watch ends. */
async function follow(namespace: string | undefined, token: string): Promise<void> {
  const path = namespace === undefined ? '/api/v1/configmaps' : `/api/v1/namespaces/${namespace}/configmaps`;
  const from = Number((await api.json('GET', `${path}?limit=1`)).metadata.resourceVersion);
  const state = truth.watch(namespace, from);
  const again = (): void => {
    if (isOver) return;
    watching.lines(
      `${path}?watch=1&resourceVersion=${state.revision}&timeoutSeconds=${60 + Math.floor(Math.random() * 120)}`,
      token,
      (line) => {
        const { type, object } = JSON.parse(line);
        if (type === 'ERROR') truth.fault(`a watch ended with ${JSON.stringify(object)}`);
        const { namespace: at, name, resourceVersion } = object.metadata;
        if (!at?.startsWith('soak-') || !name.startsWith('c-')) {
          state.revision = Number(resourceVersion);
          return;
        }
        truth.event(state, Number(resourceVersion), `${at}/${name}`, type === 'DELETED');
      },
      (status) => {
        if (status !== 200 && !isOver) truth.fault(`a watch was answered with ${status}`);
        setTimeout(again, 10);
      },
    );
  };
  again();
}

/** Sends so many requests a second for so long, and tells how it went. */
async function run(load: SoakLoad, rate: number, seconds: number) {
  load.take();
  const before = await metricsOf(api);
  const began = performance.now();
  let sent = 0;
  let skipped = 0;
  while (performance.now() - began < seconds * 1000) {
    const due = ((performance.now() - began) / 1000) * rate;
    for (; sent < due; sent++) {
      if (load.running > 3000) skipped++;
      else void load.one();
    }
    await pause(TICK_MS);
  }
  const took = (performance.now() - began) / 1000;
  const { latencies, shed } = load.take();
  const all = new Latencies();
  for (const [operation, times] of latencies) if (operation !== 'watch a while') all.take(times);
  const after = await metricsOf(api);
  return {
    rate: all.count / took,
    all,
    latencies,
    shed,
    skipped,
    after,
    delay: loopDelay(before, after),
    took,
  };
}

const show = (ms: number): string => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0));

try {
  for (const name of NAMESPACES)
    await api.ensure('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await api.ensure('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'soak' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [
      { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:serviceaccounts:soak-0' },
    ],
  });
  const tokens = await Promise.all(Array.from({ length: 10 }, (_, i) => account(`client-${i}`)));
  const load = new SoakLoad({ pool, truth, tokens, account: { namespace: 'soak-0', name: 'client-0' } });
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (truth.subjects.size < POPULATION) await load.one('create');
    }),
  );
  for (const namespace of [...NAMESPACES, undefined])
    for (let i = 0; i < WATCHES_EACH; i++) await follow(namespace, tokens[i]!);
  const watches = (NAMESPACES.length + 1) * WATCHES_EACH;

  let rate = GIVEN_RATE ?? 0;
  let most = 0;
  if (GIVEN_RATE === undefined) {
    console.log('ramp: requests a second that are answered, and how long 99 of 100 take at most');
    for (let target = 100; ; target = Math.round(target * 1.25)) {
      const step = await run(load, target, 5);
      console.log(
        `  ${target} asked: ${Math.round(step.rate)} answered, p99 ${show(step.all.percentile(99))} ms${step.shed ? `, ${step.shed} times 429` : ''}`,
      );
      if (step.rate < target * 0.93 || step.all.percentile(99) > LATE_MS || step.shed > 0) break;
      most = target;
    }
    while (load.running > 0) await pause(50);
    await pause(2000);
    rate = Math.round(most * 0.8);
  }
  console.log(
    `soak: ${rate} requests a second (${most ? `80 % of ${most}` : 'as given'}) for ${MINUTES} minutes, ${watches} watches, ${POPULATION} objects; ${cpus().length} cores\n` +
      `mix: ${Object.entries(MIX)
        .map(([name, part]) => `${name} ${part} %`)
        .join(', ')}`,
  );
  console.log(
    'minute | requests/s |    p50 |    p99 |    max | 429 | loop p99 | RSS MiB | of anon | heap MiB | ext MiB | CPU % | events/s | client lag p99',
  );
  const own = monitorEventLoopDelay({ resolution: 10 });
  own.enable();
  const minutes: Record<string, number>[] = [];
  const whole = new Map<Operation, Latencies>();
  let events = truth.counts.events;
  let cpu = stateOf(up.pid, await metricsOf(api)).cpuSeconds;
  for (let minute = 1; minute <= MINUTES; minute++) {
    own.reset();
    const step = await run(load, rate, 60);
    const state = stateOf(up.pid, step.after);
    const row = {
      minute,
      rate: Math.round(step.rate),
      p50: step.all.percentile(50),
      p99: step.all.percentile(99),
      most: step.all.most,
      shed: step.shed + step.skipped,
      loopP99: step.delay.p99,
      residentMiB: Math.round(state.residentMiB),
      anonymousMiB: Math.round(anonymousMiB(up.pid)),
      heapMiB: Math.round(state.heapMiB),
      externalMiB: Math.round(state.externalMiB),
      cpuPercent: Math.round(((state.cpuSeconds - cpu) / step.took) * 100),
      eventsPerSecond: Math.round((truth.counts.events - events) / step.took),
      clientLagP99: own.percentile(99) / 1e6,
    };
    cpu = state.cpuSeconds;
    events = truth.counts.events;
    minutes.push(row);
    for (const [operation, times] of step.latencies) {
      const found = whole.get(operation) ?? new Latencies();
      whole.set(operation, found);
      found.take(times);
    }
    console.log(
      [
        String(minute).padStart(6),
        String(row.rate).padStart(10),
        show(row.p50).padStart(6),
        show(row.p99).padStart(6),
        show(row.most).padStart(6),
        String(row.shed).padStart(3),
        show(row.loopP99).padStart(8),
        String(row.residentMiB).padStart(7),
        String(row.anonymousMiB).padStart(7),
        String(row.heapMiB).padStart(8),
        String(row.externalMiB).padStart(7),
        String(row.cpuPercent).padStart(5),
        String(row.eventsPerSecond).padStart(8),
        show(row.clientLagP99).padStart(14),
      ].join(' | '),
    );
    if (truth.faults.length)
      console.log(`  faults so far: ${truth.faults.length}; first: ${truth.faults[0]}`);
  }
  for (let i = 0; i < 200 && load.running > 0; i++) await pause(50);
  await pause(3000);
  // What is there at the end is what was answered last.
  for (const namespace of NAMESPACES) {
    const { items } = await api.json('GET', `/api/v1/namespaces/${namespace}/configmaps`);
    const there = new Map<string, any>(items.map((item: any) => [item.metadata.name, item]));
    for (const subject of truth.of(namespace)) {
      if (subject.busy) continue;
      const item = there.get(subject.name);
      if (!item) truth.fault(`${namespace}/${subject.name} is gone`);
      else if (Number(item.data.version) !== subject.version)
        truth.fault(`${namespace}/${subject.name} is at ${item.data.version}, not ${subject.version}`);
      there.delete(subject.name);
    }
    for (const name of there.keys())
      if (name.startsWith('c-') && !truth.subjects.has(`${namespace}/${name}`))
        truth.fault(`${namespace}/${name} was deleted and is there`);
  }
  truth.settle();
  isOver = true;
  console.log('\noperation            |   count |    p50 |    p99 |    max (ms)');
  for (const [operation, times] of [...whole].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(
      `${operation.padEnd(20)} | ${String(times.count).padStart(7)} | ${show(times.percentile(50)).padStart(6)} | ${show(times.percentile(99)).padStart(6)} | ${show(times.most).padStart(6)}`,
    );
  console.log(
    `\n${truth.counts.writes} answered writes, ${truth.counts.reads} reads and lists checked, ${truth.counts.events} watch events, ${truth.counts.unknown} writes without an answer`,
  );
  console.log(
    truth.faults.length ? `FAULTS:\n${truth.faults.join('\n')}` : 'nothing lost, nothing out of order',
  );
  mkdirSync('.cache/bench', { recursive: true });
  writeFileSync('.cache/bench/soak.json', JSON.stringify({ most, rate, minutes, faults: truth.faults }));
  // A short run is no picture of anything.
  if (MINUTES >= 10) writeFileSync('docs/soak.svg', soakChart(minutes));
  if (truth.faults.length) process.exitCode = 1;
} finally {
  isOver = true;
  watching.close();
  pool.close();
  api.close();
  await up.remove();
}
process.exit();
