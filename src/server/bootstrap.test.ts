import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../controllers/fixtures/memory-client.ts';
import { systemClock } from '../meta/clock.ts';
import type { ObjectClient } from '../registry/client.ts';
import { Bootstrap } from './bootstrap.ts';
import type { ServerOptions } from './options.ts';

const options = {
  store: { engine: 'embedded', folder: '' },
  serviceClusterIpRange: '10.96.0.0/16',
  advertiseAddress: '192.0.2.1',
} as ServerOptions;

/** `refuses` says which creations fail. */
function start(refuses: (resource: string) => boolean) {
  const memory = new MemoryClient();
  const client: ObjectClient = {
    lister: (resource) => memory.lister(resource),
    get: (...args) => memory.get(...args),
    list: (...args) => memory.list(...args),
    create: async (resource, namespace, object) => {
      if (refuses(resource.resource)) throw new Error('the store cannot be reached');
      return memory.create(resource, namespace, object);
    },
    update: (resource, namespace, name, change) => memory.update(resource, namespace, name, change),
    delete: (...args) => memory.delete(...args),
  };
  const failures: string[] = [];
  let resume: () => void = () => {};
  const bootstrap = new Bootstrap({
    client,
    options,
    port: () => 6443,
    rbac: true,
    clock: systemClock,
    groupVersions: ['v1', 'apps/v1'],
    failed: (hook, error) => failures.push(`${hook}: ${(error as Error).message}`),
    pause: (_ms, signal) =>
      new Promise((done) => {
        resume = done;
        signal.addEventListener('abort', () => done());
      }),
  });
  return { memory, bootstrap, failures, resume: () => resume() };
}

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));
const pending = (bootstrap: Bootstrap) =>
  bootstrap.names.filter((name) => bootstrap.fault(name) !== undefined);

describe('what a cluster starts with', () => {
  it('is not there before it is, hook by hook', async () => {
    const { bootstrap, memory } = start(() => false);
    expect(pending(bootstrap)).toEqual(bootstrap.names);
    expect(bootstrap.fault('poststarthook/bootstrap-controller')).toBe('not finished');
    expect(await bootstrap.run()).toBe(true);
    expect(pending(bootstrap)).toEqual([]);
    const names = (await memory.list({ group: '', resource: 'namespaces' })).map((o) => o.metadata.name);
    expect(names.sort()).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    const service = await memory.get({ group: '', resource: 'services' }, 'default', 'kubernetes');
    expect(service['spec'].clusterIP).toBe('10.96.0.1');
  });

  it('is made as soon as the store lets it, and what comes after waits for it', async () => {
    let down = true;
    const { bootstrap, failures, resume } = start((resource) => down && resource === 'priorityclasses');
    const run = bootstrap.run();
    await turn();
    expect(failures).toEqual([
      'poststarthook/scheduling/bootstrap-system-priority-classes: the store cannot be reached',
    ]);
    expect(pending(bootstrap)).toEqual([
      'poststarthook/scheduling/bootstrap-system-priority-classes',
      'poststarthook/bootstrap-controller',
      'poststarthook/start-service-ip-repair-controllers',
    ]);
    down = false;
    resume();
    expect(await run).toBe(true);
    expect(pending(bootstrap)).toEqual([]);
  });

  it('is given up where the server is stopped', async () => {
    const { bootstrap } = start((resource) => resource === 'namespaces');
    const run = bootstrap.run();
    await turn();
    bootstrap.stop();
    expect(await run).toBe(false);
    expect(pending(bootstrap)).toEqual(bootstrap.names);
  });
});
