import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../meta/object.ts';
import { conflictError } from '../meta/status.ts';
import { MemoryClient } from './fixtures/memory-client.ts';
import { ResourceQuotaController } from './resource-quota.ts';

const core = (resource: string) => ({ group: '', resource });

function setup(hard: Record<string, string>, spec: object = {}) {
  const client = new MemoryClient();
  let now = Date.parse('2026-01-01T00:00:00Z');
  const waits: { ms: number; then: () => void }[] = [];
  const complaints: unknown[] = [];
  let resources = ['pods', 'services', 'configmaps'].map(core);
  const controller = new ResourceQuotaController({
    client,
    resources: () => resources,
    clock: { now: () => now, monotonic: () => now },
    wait: (ms, then) => {
      waits.push({ ms, then });
      return () => {};
    },
    complain: (...complaint) => complaints.push(complaint),
  });
  client.put('resourcequotas', quota(hard, spec));
  return {
    client,
    controller,
    waits,
    complaints,
    forget: (name: string) => {
      resources = resources.filter(({ resource }) => resource !== name);
    },
    later: (ms: number) => {
      now += ms;
    },
    status: () => client.lister(core('resourcequotas')).get('ns', 'q')?.['status'],
  };
}

const quota = (hard: object, spec: object = {}): KubeObject =>
  ({ metadata: { name: 'q', namespace: 'ns' }, spec: { hard, ...spec } }) as KubeObject;
const pod = (name: string, cpu: string, more: object = {}): KubeObject => ({
  metadata: { name, namespace: 'ns' },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] },
  ...more,
});
/** Until all that is under way is done. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('the ResourceQuota controller', () => {
  it('counts what is there when it starts', async () => {
    const { client, controller, status } = setup({ pods: '5', cpu: '2', services: '1', odd: '1' });
    client.put('pods', pod('a', '250m'));
    client.put('pods', pod('b', '1'));
    client.put('pods', { ...pod('c', '1'), metadata: { name: 'c', namespace: 'other' } });
    controller.start();
    await settled();
    expect(status()).toEqual({
      hard: { pods: '5', cpu: '2', services: '1', odd: '1' },
      used: { pods: '2', cpu: '1250m', services: '0' },
    });
    await controller.stop();
  });

  it('takes on new limits, and keeps what is said of those nobody counts', async () => {
    const { client, controller, status } = setup({ pods: '5' });
    controller.start();
    await settled();
    const stored = client.lister(core('resourcequotas')).get('ns', 'q')!;
    client.put('resourcequotas', {
      ...stored,
      spec: { hard: { configmaps: '1', odd: '3' } },
      status: { ...stored['status'], used: { pods: '0', odd: '2' } },
    });
    await settled();
    expect(status()).toEqual({
      hard: { configmaps: '1', odd: '3' },
      used: { configmaps: '0', odd: '2' },
    });
    await controller.stop();
  });

  it('gives back what is gone, over or freed, and writes nothing for what was charged already', async () => {
    const { client, controller, status } = setup({ pods: '5', cpu: '2' });
    client.put('pods', pod('a', '1'));
    client.put('pods', pod('b', '1'));
    controller.start();
    await settled();
    const writes = client.calls.length;
    client.put('pods', pod('c', '100m'));
    await settled();
    expect(client.calls).toHaveLength(writes);
    client.put('pods', pod('a', '1', { status: { phase: 'Succeeded' } }));
    await settled();
    expect(status().used).toEqual({ pods: '2', cpu: '1100m' });
    client.lister(core('pods')).remove('ns', 'b');
    await settled();
    expect(status().used).toEqual({ pods: '1', cpu: '100m' });
    await controller.stop();
  });

  it('counts all anew from time to time', async () => {
    const { client, controller, status, waits } = setup({ configmaps: '5' });
    controller.start();
    await settled();
    client.put('configmaps', { metadata: { name: 'm', namespace: 'ns' } });
    expect(waits.map(({ ms }) => ms)).toEqual([300_000]);
    waits.shift()!.then();
    await settled();
    expect(status().used).toEqual({ configmaps: '1' });
    await controller.stop();
  });

  it('counts within its scopes', async () => {
    const { client, controller, status } = setup({ pods: '5' }, { scopes: ['Terminating'] });
    client.put('pods', pod('a', '1'));
    const ending = pod('b', '1');
    client.put('pods', { ...ending, spec: { ...ending['spec'], activeDeadlineSeconds: 3 } });
    controller.start();
    await settled();
    expect(status().used).toEqual({ pods: '1' });
    await controller.stop();
  });

  it('tries again after a conflict, and minds no quota that is gone', async () => {
    const { client, controller, status, waits, complaints } = setup({ pods: '5' });
    client.failures.update = [conflictError(core('resourcequotas'), 'q', 'changed')];
    controller.start();
    await settled();
    expect(status()).toBeUndefined();
    expect(complaints).toHaveLength(1);
    waits.find(({ ms }) => ms < 300_000)!.then();
    await settled();
    expect(status().used).toEqual({ pods: '0' });
    client.lister(core('resourcequotas')).remove('ns', 'q');
    await settled();
    expect(complaints).toHaveLength(1);
    await controller.stop();
  });

  it('stops listening to kinds that have gone', async () => {
    const { client, controller, status, forget } = setup({ configmaps: '5' });
    client.put('configmaps', { metadata: { name: 'm', namespace: 'ns' } });
    controller.start();
    await settled();
    forget('configmaps');
    controller.resourcesChanged();
    client.lister(core('configmaps')).remove('ns', 'm');
    await settled();
    expect(status().used).toEqual({ configmaps: '1' });
    await controller.stop();
  });
});
