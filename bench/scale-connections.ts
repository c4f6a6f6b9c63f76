// What requests cost while more and more clients are connected, and what a connection holds.
// npm run build && npm run bench -- scale-connections [most, 2000]
import { ApiPool } from './load/api-pool.ts';
import { BenchServer, configMap } from './load/bench-server.ts';
import { Latencies } from './load/latencies.ts';
import { type Measured, median, scale } from './load/scale.ts';
import { anonymousMiB } from './load/server-state.ts';

const MOST = Number(process.argv[2] ?? 2000);
const SIZES = [1, 10, 100, 1000, 2000].filter((size) => size <= MOST);
const PATH = '/api/v1/namespaces/default/configmaps/one';

const server = await BenchServer.start([]);
const connections: ApiPool[] = [];

async function connect(): Promise<number> {
  const pool = new ApiPool(server.api.url, server.api.ca, 1);
  const began = performance.now();
  await pool.ask('GET', PATH, server.token);
  connections.push(pool);
  return performance.now() - began;
}

try {
  await server.ask('POST', '/api/v1/namespaces/default/configmaps', configMap('one'));
  const idle = anonymousMiB(server.up.pid);
  await scale({
    name: 'scale-connections',
    title: 'What requests cost while more clients are connected',
    of: 'connections',
    sizes: SIZES,
    unit: 'milliseconds',
    drawn: [
      'get',
      'first request of a connection',
      'one request of each at once, p50',
      'one request of each at once, p99',
    ],
    at: async (size): Promise<Measured> => {
      const firsts: number[] = [];
      while (connections.length < size) firsts.push(await connect());
      firsts.sort((a, b) => a - b);
      const wave = new Latencies();
      for (let round = 0; round < 5; round++)
        await Promise.all(
          connections.map(async (pool) => {
            const began = performance.now();
            const { status } = await pool.ask('GET', PATH, server.token);
            if (status !== 200 && status !== 429) throw new Error(`a get was answered with ${status}`);
            if (status === 200) wave.add(performance.now() - began);
          }),
        );
      return {
        get: await median(200, () => server.ask('GET', PATH)),
        'first request of a connection': firsts[firsts.length >> 1] ?? 0,
        'one request of each at once, p50': wave.percentile(50),
        'one request of each at once, p99': wave.percentile(99),
        'of them turned away, %': (1 - wave.count / (size * 5)) * 100,
        'memory, MiB': anonymousMiB(server.up.pid),
        'KiB a connection': ((anonymousMiB(server.up.pid) - idle) * 1024) / size,
      };
    },
  });
} finally {
  for (const pool of connections) pool.close();
  await server.end();
}
process.exit();
