// What a request costs without HTTP: all doors, the handler and a durable embedded store, in this process.
// npm run bench -- in-process [create|update|patch|get|token|review] [requests a round] [under way at once] [rounds]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { getHeapStatistics } from 'node:v8';
import { serverOptions } from '../src/cli/apiserver.ts';
import { apiserverFlags } from '../src/cli/apiserver-flags.ts';
import { parseFlags } from '../src/cli/flag-set.ts';
import { ensureClusterFolder } from '../src/pki/cluster-folder.ts';
import { ControlPlane } from '../src/server/control-plane.ts';
import type { Exchange, ResponseHeaders } from '../src/server/exchange.ts';
import { silentLog } from '../src/server/log.ts';
import { openEmbeddedStore } from '../src/storage/embedded/store.ts';
import { openEtcdStore } from '../src/storage/etcd/store.ts';
import { freePort } from '../test/support/up.ts';
import { ACCOUNT_TOKEN, NAME, newConfigMap, READ, tokenRequest, WRITE } from './side-by-side/fixture.ts';

const [what = 'create', size = '10000', width = '64', rounds = '6'] = process.argv.slice(2);
// An etcd in place of the embedded store: ETCD=http://127.0.0.1:2379.
const etcd = process.env['ETCD'];

const NO_CERTIFICATES: readonly Uint8Array[] = [];

/** A request that comes from nowhere and whose answer goes nowhere but to `answered`. */
class Fake implements Exchange {
  readonly httpVersion = '2';
  readonly query = '';
  readonly host = '127.0.0.1';
  readonly remoteAddress = '127.0.0.1';
  // All come over one connection, for which this array stands.
  readonly certificates = NO_CERTIFICATES;
  readonly method: string;
  readonly path: string;
  readonly #headers: Record<string, string>;
  readonly #body: Buffer;
  readonly #answered: (status: number, body: Uint8Array | string) => void;
  readonly #listeners: (() => void)[] = [];
  closed = false;

  constructor(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Buffer,
    answered: (status: number, body: Uint8Array | string) => void,
  ) {
    this.method = method;
    this.path = path;
    this.#headers = headers;
    this.#body = body;
    this.#answered = answered;
  }
  header(name: string): string | undefined {
    return this.#headers[name];
  }
  headerValues(name: string): readonly string[] {
    const value = this.#headers[name];
    return value === undefined ? [] : [value];
  }
  headerNames(): readonly string[] {
    return Object.keys(this.#headers);
  }
  body(): Promise<Buffer> {
    return Promise.resolve(this.#body);
  }
  source(): Readable {
    return Readable.from([this.#body]);
  }
  respond(status: number, _headers: ResponseHeaders, body: Uint8Array | string): void {
    this.closed = true;
    for (const listener of this.#listeners) listener();
    this.#answered(status, body);
  }
  stream(): never {
    throw new Error('an answer in pieces');
  }
  onClose(listener: () => void): void {
    this.#listeners.push(listener);
  }
  cut(): void {}
}

const folder = mkdtempSync(join(tmpdir(), 'in-process-'));
const port = await freePort();
const { paths } = await ensureClusterFolder(resolve(folder), `https://127.0.0.1:${port}`, Date.now());
const { values } = parseFlags(apiserverFlags, [
  ...(etcd ? [`--etcd-servers=${etcd}`] : [`--data-dir=${folder}`]),
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
  `--tls-cert-file=${paths.apiserver.certFile}`,
  `--tls-private-key-file=${paths.apiserver.keyFile}`,
  `--client-ca-file=${paths.ca.certFile}`,
  `--root-ca-file=${paths.ca.certFile}`,
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${paths.serviceAccounts.publicKeyFile}`,
  `--service-account-signing-key-file=${paths.serviceAccounts.keyFile}`,
  '--service-cluster-ip-range=10.96.0.0/16',
  '--authorization-mode=Node,RBAC',
  '--enable-admission-plugins=NodeRestriction',
]);
const options = await serverOptions(values);
const store = etcd ? await openEtcdStore({ endpoints: [etcd] }) : await openEmbeddedStore({ folder });
const plane = await ControlPlane.create({ options, store, log: silentLog });
await plane.start();
await plane.ready();

const make = async (group: string, resource: string, namespace: string, object: object): Promise<void> => {
  await plane.client.create({ group, resource }, namespace, object as never).catch((error: Error) => {
    if (!etcd) throw error;
  });
};
for (const name of [READ, WRITE]) await make('', 'namespaces', '', { metadata: { name } });
await make('', 'serviceaccounts', READ, { metadata: { name: NAME, namespace: READ } });
const rbac = 'rbac.authorization.k8s.io';
await make(rbac, 'clusterroles', '', {
  metadata: { name: NAME },
  rules: [
    {
      apiGroups: [''],
      resources: ['configmaps'],
      verbs: ['get', 'create', 'update', 'patch'],
    },
    { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
  ],
});
await make(rbac, 'clusterrolebindings', '', {
  metadata: { name: NAME },
  roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: NAME },
  subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: READ }],
});
await make('', 'configmaps', READ, {
  metadata: { name: 'one', namespace: READ },
  data: { 'settings.yaml': 'x'.repeat(90) },
});

const bytesOf = (object: object): Buffer => Buffer.from(JSON.stringify(object));
const none = Buffer.alloc(0);
const review = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  spec: { resourceAttributes: { namespace: READ, verb: 'get', resource: 'configmaps' } },
};
type Sent = [method: string, path: string, body: Buffer];
const made = `/api/v1/namespaces/${WRITE}/configmaps`;
const changed = (worker: number, n: number): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `of-${worker}` },
  data: { 'settings.yaml': String(n).padStart(90, 'x') },
});
/** What the nth request of a worker is. */
const requests: Record<string, (worker: number, n: number) => Sent> = {
  create: () => ['POST', made, create],
  get: () => ['GET', `/api/v1/namespaces/${READ}/configmaps/one`, none],
  update: (worker, n) => ['PUT', `${made}/of-${worker}`, bytesOf(changed(worker, n))],
  patch: (worker, n) => ['PATCH', `${made}/of-${worker}`, bytesOf({ data: { n: String(n) } })],
  token: () => ['POST', ACCOUNT_TOKEN, token],
  review: () => ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', asked],
};
const [create, token, asked] = [newConfigMap, tokenRequest, review].map(bytesOf) as [Buffer, Buffer, Buffer];
const request = requests[what]!;
for (let i = 0; i < Number(width); i++) await make('', 'configmaps', WRITE, changed(i, -1));

const headers: Record<string, string> = {
  'content-type': what === 'patch' ? 'application/merge-patch+json' : 'application/json',
  'user-agent': 'h2load nghttp2/1.52.0',
};

interface Answer {
  status: number;
  body: Uint8Array | string;
}

const ask = ([method, path, body]: Sent): Promise<Answer> =>
  new Promise((done) => {
    const answered = (status: number, text: Uint8Array | string): void => done({ status, body: text });
    plane.chain.serve(new Fake(method, path, headers, body, answered));
  });

headers['authorization'] = `Bearer ${await tokenOf()}`;

/** A token of the ServiceAccount, made past the doors: nobody may ask for it yet. */
async function tokenOf(): Promise<string> {
  const served = plane.registry.find('', 'v1', 'serviceaccounts')!;
  const handler = served.subresources.get('token')!.handler as never as {
    virtual: { create(object: unknown, context: unknown): Promise<{ status: { token: string } }> };
  };
  const made = await handler.virtual.create(
    { ...tokenRequest, metadata: {}, spec: { ...tokenRequest.spec, audiences: [] } },
    {
      user: { name: 'x', groups: [] },
      namespace: READ,
      name: NAME,
      now: Date.now(),
      dryRun: false,
      warn: () => {},
      annotate: () => {},
      admit: async () => {},
    },
  );
  return made.status.token;
}

/** CPU time of the main thread in microseconds. */
function mainMicros(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;
}

let count = 0;
let gcs = 0;
let gcMs = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    gcs++;
    gcMs += entry.duration;
  }
}).observe({ entryTypes: ['gc'] });

async function round(n: number): Promise<void> {
  let left = n;
  const worker = async (_: unknown, own: number): Promise<void> => {
    while (left-- > 0) {
      const answer = await ask(request(own, ++count));
      if (answer.status >= 300) throw new Error(String(answer.body));
    }
  };
  await Promise.all(Array.from({ length: Number(width) }).map(worker));
}

const n = Number(size);
await round(n);
const rows: { main: number; all: number; wall: number; gc: number }[] = [];
for (let i = 0; i < Number(rounds); i++) {
  gcMs = 0;
  const [main, all, wall] = [mainMicros(), process.cpuUsage(), performance.now()];
  await round(n);
  const used = process.cpuUsage(all);
  await new Promise((r) => setTimeout(r, 20));
  rows.push({
    main: (mainMicros() - main) / n,
    all: (used.user + used.system) / n,
    wall: ((performance.now() - wall - 20) * 1000) / n,
    gc: (gcMs * 1000) / n,
  });
}
const median = (key: keyof (typeof rows)[0]): string =>
  rows
    .map((row) => row[key])
    .sort((a, b) => a - b)
    [rows.length >> 1]!.toFixed(1);
const least = (key: keyof (typeof rows)[0]): string => Math.min(...rows.map((row) => row[key])).toFixed(1);
console.log(
  `${what}: main thread ${median('main')} µs (least ${least('main')}), all threads ${median('all')} (least ${least('all')}), wall ${median('wall')} (least ${least('wall')}), collector's pauses ${median('gc')}`,
);
// How much garbage: a round that is small enough for no collection to fall into it.
if (globalThis.gc) {
  const small = 1000;
  globalThis.gc();
  gcs = 0;
  const before = getHeapStatistics();
  await round(small);
  const after = getHeapStatistics();
  await new Promise((r) => setTimeout(r, 20));
  const grown = (key: 'used_heap_size' | 'external_memory'): string =>
    ((after[key] - before[key]) / small / 1024).toFixed(2);
  console.log(
    `KiB a request: ${grown('used_heap_size')} on the heap, ${grown('external_memory')} beside it; ${gcs} collections`,
  );
}
await plane.stop();
await store.close();
rmSync(folder, { recursive: true });
