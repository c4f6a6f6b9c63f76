// What a write costs while more and more clients watch, and what a watch holds.
// npm run build && npm run bench -- scale-watchers [most, 5000]
import { ApiPool } from './load/api-pool.ts';
import { BenchServer, configMap } from './load/bench-server.ts';
import { type Measured, median, scale } from './load/scale.ts';
import { anonymousMiB } from './load/server-state.ts';

const MOST = Number(process.argv[2] ?? 5000);
const SIZES = [1, 10, 100, 1000, 5000].filter((size) => size <= MOST);
/** Each client-go process watches over one connection; 200 watches fit on one. */
const WATCHES_EACH = 200;
const WATCHED = '/api/v1/namespaces/watched/configmaps';
const QUIET = '/api/v1/namespaces/quiet/configmaps';

const server = await BenchServer.start(['watched', 'quiet']);
const watchers: { stop(): void }[] = [];
const pools: ApiPool[] = [];
let events = 0;
let told = (): void => {};
let names = 0;

async function watch(): Promise<void> {
  if (watchers.length % WATCHES_EACH === 0) pools.push(new ApiPool(server.api.url, server.api.ca, 1));
  const { metadata } = JSON.parse(await server.ask('GET', `${WATCHED}?limit=1`));
  const stop = pools.at(-1)!.lines(
    `${WATCHED}?watch=1&resourceVersion=${metadata.resourceVersion}`,
    server.token,
    () => {
      events++;
      told();
    },
    () => {},
  );
  watchers.push({ stop });
}

/** Until every watcher has been told of one new object. */
async function tellAll(): Promise<void> {
  const wanted = events + watchers.length;
  const all = new Promise<void>((resolve) => {
    told = () => {
      if (events >= wanted) resolve();
    };
  });
  await server.ask('POST', WATCHED, configMap(`told-${names++}`));
  await all;
}

try {
  const idle = anonymousMiB(server.up.pid);
  await scale({
    name: 'scale-watchers',
    title: 'What a write costs while more clients watch its namespace',
    of: 'watches',
    sizes: SIZES,
    unit: 'milliseconds',
    drawn: ['create that all are told of', 'until the last is told', 'create elsewhere', 'get'],
    at: async (size): Promise<Measured> => {
      while (watchers.length < size) await watch();
      await tellAll();
      const runs = size >= 1000 ? 20 : 50;
      return {
        'create elsewhere': await median(runs, () =>
          server.ask('POST', QUIET, configMap(`quiet-${names++}`)),
        ),
        'create that all are told of': await median(runs, async () => {
          await server.ask('POST', WATCHED, configMap(`told-${names++}`));
        }),
        'until the last is told': await median(runs, tellAll),
        get: await median(200, () => server.ask('GET', `${WATCHED}/told-0`)),
        'memory, MiB': anonymousMiB(server.up.pid),
        'KiB a watch': ((anonymousMiB(server.up.pid) - idle) * 1024) / size,
      };
    },
  });
} finally {
  for (const pool of pools) pool.close();
  await server.end();
}
process.exit();
