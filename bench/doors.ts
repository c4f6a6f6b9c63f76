// What a request costs between connection and answer: the doors, the API behind them and the garbage of both, without HTTP.
// A control plane as `sallyport up` makes one, in this process; requests as client-go sends them.
// npm run bench -- doors [--rounds=N] [get|review|token]...; with flags of Node: node FLAGS .cache/bench/doors.mjs
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { serverOptions } from '../src/cli/apiserver.ts';
import { apiserverFlags } from '../src/cli/apiserver-flags.ts';
import { parseFlags } from '../src/cli/flag-set.ts';
import { openStore } from '../src/cli/run-server.ts';
import { clusterFlags } from '../src/cli/up.ts';
import { ensureClusterFolder } from '../src/pki/cluster-folder.ts';
import { ControlPlane } from '../src/server/control-plane.ts';
import { silentLog } from '../src/server/log.ts';
import { freePort } from '../test/support/up.ts';
import { MemoryExchange, type Sent } from './load/memory-exchange.ts';
import { ApiClient } from './side-by-side/api-client.ts';
import { makeAccount, makeConfigMaps, READ } from './side-by-side/fixture.ts';

/** Requests that come with one turn of the event loop, and how many of one kind are timed together. */
const AT_ONCE = 32;
const TIMED = 12_800;
/** So few that nobody collects their garbage before it is weighed. */
const WEIGHED = 16;
const BURSTS = 100;

const rounds = Number(process.argv.find((argument) => argument.startsWith('--rounds='))?.slice(9) ?? 15);
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const folder = mkdtempSync(join(tmpdir(), 'doors-'));
// `up` has the console at the doors too; nobody looks at its page here.
mkdirSync(join(import.meta.dirname, 'console'), { recursive: true });
writeFileSync(join(import.meta.dirname, 'console', 'index.html'), '');

const port = await freePort();
const { paths } = await ensureClusterFolder(folder, `https://127.0.0.1:${port}`, Date.now());
const { values } = parseFlags(apiserverFlags, clusterFlags(folder, paths, port, []));
const options = await serverOptions(values);
const store = await openStore(options);
const plane = await ControlPlane.create({ options, store, log: silentLog });
await plane.start();
await plane.ready();
const api = new ApiClient(paths.kubeconfig);
const token = await makeAccount(api);
await makeConfigMaps(api);
api.close();

const fields = [
  'accept',
  'application/json, */*',
  'user-agent',
  'controller/v1.36.2 (linux/amd64) kubernetes/0000000',
  'authorization',
  `Bearer ${token}`,
  'accept-encoding',
  'gzip',
];

function posted(path: string, object: object): Sent {
  const body = Buffer.from(JSON.stringify(object));
  const own = ['content-type', 'application/json', 'content-length', String(body.length)];
  return { method: 'POST', path, fields: [...fields, ...own], body };
}

const rows: Record<string, Sent> = {
  get: { method: 'GET', path: `/api/v1/namespaces/${READ}/configmaps/cm-0500`, fields },
  review: posted('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: READ } },
  }),
  token: posted('/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token },
  }),
};

/** Requests that come together; resolves in a later turn of the event loop, when all have their answers and are over. */
function ask(sent: Sent, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked: MemoryExchange[] = [];
    let open = count;
    const end = (): void => {
      for (const exchange of asked) exchange.cut();
      const bad = asked.find(({ status }) => status > 299);
      if (bad) reject(new Error(`${bad.path}: ${bad.status} ${Buffer.from(bad.answer as Uint8Array)}`));
      else resolve();
    };
    const told = (): void => {
      if (--open === 0) setImmediate(end);
    };
    for (let i = 0; i < count; i++) asked.push(new MemoryExchange(sent, told));
    for (const exchange of asked) plane.chain.serve(exchange);
  });
}

/** Nanoseconds this thread has run; the collector's helpers and the disk's are others. */
const threadTime = (): number => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]);

let collections = 0;
let collecting = 0;
const observer = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    collections++;
    collecting += duration;
  }
});
observer.observe({ entryTypes: ['gc'] });

interface Sample {
  thread: number;
  all: number;
  collector: number;
}

/** Microseconds of each request. */
async function time(sent: Sent): Promise<Sample> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  collecting = 0;
  const before = process.cpuUsage();
  const began = threadTime();
  for (let done = 0; done < TIMED; done += AT_ONCE) await ask(sent, AT_ONCE);
  const thread = (threadTime() - began) / 1000 / TIMED;
  const { user, system } = process.cpuUsage(before);
  await new Promise((resolve) => setTimeout(resolve, 5));
  return { thread, all: (user + system) / TIMED, collector: (collecting * 1000) / TIMED };
}

/** Bytes in the heap that each request makes, and bytes of buffers. */
async function weigh(sent: Sent): Promise<{ heap: number; buffers: number }> {
  const heap: number[] = [];
  const buffers: number[] = [];
  for (let i = 0; i < BURSTS; i++) {
    if (i % 10 === 0) collect();
    const before = process.memoryUsage();
    await ask(sent, WEIGHED);
    const after = process.memoryUsage();
    heap.push((after.heapUsed - before.heapUsed) / WEIGHED);
    buffers.push((after.arrayBuffers - before.arrayBuffers) / WEIGHED);
  }
  return { heap: median(heap), buffers: buffers.reduce((sum, bytes) => sum + bytes, 0) / BURSTS };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

const chosen = Object.entries(rows).filter(([name]) => wanted.length === 0 || wanted.includes(name));
const samples = new Map<string, Sample[]>(chosen.map(([name]) => [name, []]));
// The first two are for the compiler.
for (let round = -2; round < rounds; round++)
  for (const [name, sent] of chosen) {
    const sample = await time(sent);
    if (round >= 0) samples.get(name)!.push(sample);
  }
console.log(
  '              µs of the thread      least   of that collecting   µs, all threads   bytes, heap   buffers',
);
for (const [name, sent] of chosen) {
  const of = (key: keyof Sample): number => median(samples.get(name)!.map((sample) => sample[key]));
  const least = Math.min(...samples.get(name)!.map(({ thread }) => thread));
  const { heap, buffers } = await weigh(sent);
  const shown = [of('thread'), least, of('collector'), of('all')].map((value) => value.toFixed(2));
  console.log(
    `${name.padEnd(10)}${shown[0]!.padStart(20)}${shown[1]!.padStart(11)}${shown[2]!.padStart(21)}${shown[3]!.padStart(18)}${heap.toFixed(0).padStart(14)}${buffers.toFixed(0).padStart(10)}`,
  );
}
console.log(`${collections} collections`);
await plane.stop();
await store.close();
rmSync(folder, { recursive: true });
