// What requests cost while there are more and more objects of their kind: those that touch few must not care.
// npm run build && npm run bench -- scale-objects [most, 100000]
import { Up } from '../test/support/up.ts';
import { ApiPool } from './load/api-pool.ts';
import { type Measured, median, scale } from './load/scale.ts';
import { anonymousMiB, metricsOf, stateOf } from './load/server-state.ts';
import { ApiClient } from './side-by-side/api-client.ts';

const MOST = Number(process.argv[2] ?? 100_000);
const SIZES = [10, 100, 1000, 10_000, 100_000].filter((size) => size <= MOST);
const BIG = '/api/v1/namespaces/big/configmaps';
const SMALL = '/api/v1/namespaces/small/configmaps';
/** In the namespace of its own, whatever there is beside. */
const FEW = 10;

const up = await Up.start();
const api = new ApiClient(up.kubeconfig);
const pool = new ApiPool(api.url, api.ca, 4);
const configMap = (name: string, labels: object): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data: { 'settings.yaml': 'x'.repeat(400) },
});
const account = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'bench' },
};

async function token(): Promise<string> {
  for (const name of ['big', 'small'])
    await api.ensure('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await api.ensure('/api/v1/namespaces/small/serviceaccounts', account);
  await api.ensure('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'bench' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'bench', namespace: 'small' }],
  });
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 7200 },
  };
  return (await api.json('POST', '/api/v1/namespaces/small/serviceaccounts/bench/token', request)).status
    .token;
}

const bearer = await token();
const ask = async (method: string, path: string, body?: object): Promise<string> => {
  const { status, text } = await pool.ask(method, path, bearer, body);
  if (status > 299) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 200)}`);
  return text;
};

/** Until the line that says that all is told that was there. */
const watchInitial = (path: string): Promise<void> =>
  new Promise((resolve) => {
    const stop = pool.lines(
      `${path}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
      bearer,
      (line) => {
        if (!line.startsWith('{"type":"BOOKMARK"')) return;
        stop();
        resolve();
      },
      () => resolve(),
    );
  });

let there = 0;
async function grow(size: number): Promise<void> {
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (there < size) {
        const i = there++;
        await ask(
          'POST',
          BIG,
          configMap(`cm-${String(i).padStart(6, '0')}`, { group: `g${i % 1000}`, only: `o${i}` }),
        );
      }
    }),
  );
}

let extra = 0;
try {
  for (let i = 0; i < FEW; i++) await ask('POST', SMALL, configMap(`few-${i}`, { few: 'yes' }));
  const idle = anonymousMiB(up.pid);
  await scale({
    name: 'scale-objects',
    title: 'What requests cost while there are more objects of their kind',
    of: 'objects',
    sizes: SIZES,
    unit: 'milliseconds',
    drawn: [
      'get',
      'create',
      'list 10 of a namespace',
      'list a page of 500',
      'list by label',
      'list all',
      'watch with all',
      'restart',
    ],
    at: async (size): Promise<Measured> => {
      await grow(size);
      const runs = size > 10_000 ? 20 : 50;
      const measured: Measured = {
        get: await median(300, () => ask('GET', `${BIG}/cm-000003`)),
        create: await median(100, () => ask('POST', SMALL, configMap(`extra-${extra++}`, {}))),
        'list 10 of a namespace': await median(runs, () => ask('GET', `${SMALL}?labelSelector=few%3Dyes`)),
        'list a page of 500': await median(runs, () => ask('GET', `${BIG}?limit=500`)),
        'list by name': await median(runs, () =>
          ask('GET', `${BIG}?fieldSelector=metadata.name%3Dcm-000003`),
        ),
        'list by label': await median(runs >> 1, () => ask('GET', `${BIG}?labelSelector=only%3Do3`)),
        'list all': await median(size > 10_000 ? 5 : 20, () => ask('GET', BIG)),
        'watch with all': await median(size > 10_000 ? 3 : 10, () => watchInitial(BIG)),
      };
      const state = stateOf(up.pid, await metricsOf(api));
      measured['resident MiB'] = state.residentMiB;
      measured['bytes of memory an object'] = ((anonymousMiB(up.pid) - idle) * 2 ** 20) / size;
      const before = performance.now();
      await up.end();
      await up.run();
      measured['restart'] = performance.now() - before;
      measured['MiB after it'] = anonymousMiB(up.pid);
      return measured;
    },
  });
} finally {
  pool.close();
  api.close();
  await up.remove();
}
process.exit();
