import { afterEach, describe, expect, it } from 'vitest';
import type { GroupResource } from '../meta/object.ts';
import type { StaticLister } from '../registry/lister.ts';
import { ClusterRoleAggregation } from './cluster-role-aggregation.ts';
import { MemoryClient } from './fixtures/memory-client.ts';

class Client extends MemoryClient {
  override lister({ resource }: GroupResource): StaticLister {
    return super.lister({ group: '', resource });
  }
}

const rule = (resource: string) => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });
const part = (name: string, label: string, ...resources: string[]) => ({
  metadata: { name, labels: { [label]: 'true' } },
  rules: resources.map(rule),
});
const whole = (name: string, labels: string[], rules: unknown[] = []) => ({
  metadata: { name },
  rules,
  aggregationRule: { clusterRoleSelectors: labels.map((label) => ({ matchLabels: { [label]: 'true' } })) },
});

const running: ClusterRoleAggregation[] = [];
afterEach(() => {
  for (const controller of running.splice(0)) controller.stop();
});

async function started(client: Client): Promise<() => Promise<string[] | undefined>> {
  const controller = new ClusterRoleAggregation(client);
  running.push(controller);
  controller.start();
  await controller.settled();
  return async () => {
    await controller.settled();
    const rules = client.lister({ group: '', resource: 'clusterroles' }).get('', 'mon')?.['rules'];
    return rules?.map((r: { resources: string[] }) => r.resources[0]);
  };
}

describe('ClusterRoleAggregation', () => {
  it('takes rules in the order of selectors and then of names, none twice', async () => {
    const client = new Client();
    client.put('clusterroles', whole('mon', ['a', 'b']));
    client.put('clusterroles', part('z', 'a', 'pods', 'nodes'));
    client.put('clusterroles', part('y', 'a', 'secrets', 'pods'));
    client.put('clusterroles', part('x', 'b', 'events'));
    expect(await (await started(client))()).toEqual(['secrets', 'pods', 'nodes', 'events']);
  });

  it('follows its parts as they change and go', async () => {
    const client = new Client();
    client.put('clusterroles', whole('mon', ['a'], [rule('own')]));
    const rules = await started(client);
    expect(await rules()).toEqual(['own']);
    client.put('clusterroles', part('p', 'a', 'pods'));
    expect(await rules()).toEqual(['pods']);
    client.lister({ group: '', resource: 'clusterroles' }).remove('', 'p');
    expect(await rules()).toEqual([]);
  });

  it('aggregates what is aggregated itself', async () => {
    const client = new Client();
    client.put('clusterroles', whole('mon', ['a']));
    client.put('clusterroles', { ...whole('mid', ['b']), metadata: { name: 'mid', labels: { a: 'true' } } });
    client.put('clusterroles', part('p', 'b', 'pods'));
    expect(await (await started(client))()).toEqual(['pods']);
  });
});
