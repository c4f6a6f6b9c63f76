// What requests cost while there are more and more objects of their kind: those that touch few must not care.
// npm run build && npm run bench -- scale-objects [most, 100000]
import { BenchServer, configMap } from './load/bench-server.ts';
import { type Measured, median, scale } from './load/scale.ts';
import { anonymousMiB } from './load/server-state.ts';

const MOST = Number(process.argv[2] ?? 100_000);
const SIZES = [10, 100, 1000, 10_000, 100_000].filter((size) => size <= MOST);
const BIG = '/api/v1/namespaces/big/configmaps';
const SMALL = '/api/v1/namespaces/small/configmaps';
/** In the namespace of its own, whatever there is beside. */
const FEW = 10;

const server = await BenchServer.start(['big', 'small']);
const { up } = server;

/** Until the line that says that all is told that was there. */
const watchInitial = (path: string): Promise<void> =>
  new Promise((resolve) => {
    const stop = server.pool.lines(
      `${path}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
      server.token,
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
        await server.ask(
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
  for (let i = 0; i < FEW; i++) await server.ask('POST', SMALL, configMap(`few-${i}`, { few: 'yes' }));
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
        get: await median(300, () => server.ask('GET', `${BIG}/cm-000003`)),
        create: await median(100, () => server.ask('POST', SMALL, configMap(`extra-${extra++}`))),
        'list 10 of a namespace': await median(runs, () =>
          server.ask('GET', `${SMALL}?labelSelector=few%3Dyes`),
        ),
        'list a page of 500': await median(runs, () => server.ask('GET', `${BIG}?limit=500`)),
        'list by name': await median(runs, () =>
          server.ask('GET', `${BIG}?fieldSelector=metadata.name%3Dcm-000003`),
        ),
        'list by label': await median(runs >> 1, () => server.ask('GET', `${BIG}?labelSelector=only%3Do3`)),
        'list all': await median(size > 10_000 ? 5 : 20, () => server.ask('GET', BIG)),
        'watch with all': await median(size > 10_000 ? 3 : 10, () => watchInitial(BIG)),
      };
      measured['memory, MiB'] = anonymousMiB(up.pid);
      const before = performance.now();
      await up.end();
      await up.run();
      measured['restart'] = performance.now() - before;
      measured['memory after it, MiB'] = anonymousMiB(up.pid);
      return measured;
    },
  });
} finally {
  await server.end();
}
process.exit();
