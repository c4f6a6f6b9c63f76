import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clients, run } from './support/kubectl.ts';
import { Up } from './support/up.ts';

const { kubectl, helm } = clients();
const CHART = resolve('test/fixtures/chart');

describe('Helm', () => {
  let up: Up;
  beforeAll(async () => {
    up = await Up.start();
  });
  afterAll(() => up?.remove());

  const call = async (...args: string[]): Promise<string> => {
    const { exit, stdout, stderr } = await run(helm, up.kubeconfig, args);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    return stdout;
  };
  const get = async (...args: string[]): Promise<string> =>
    (await run(kubectl, up.kubeconfig, ['-n', 'greetings', 'get', ...args])).stdout;
  const greeting = (): Promise<string> => get('configmap', 'g-greeting', '-o', 'jsonpath={.data.greeting}');
  const release = ['-n', 'greetings', 'g'];

  it('installs a chart', async () => {
    const said = await call('install', ...release, CHART, '--create-namespace');
    expect(said).toContain('STATUS: deployed');
    expect(await greeting()).toBe('hello');
    expect(await get('service', 'g', '-o', 'jsonpath={.spec.clusterIP}')).toMatch(/^10\.96\./);
    expect(await get('configmap', 'g-before', '-o', 'jsonpath={.data.revision}')).toBe('1');
  });

  it('upgrades a release: changes, takes away and leaves alone', async () => {
    const uid = await get('deployment', 'g', '-o', 'jsonpath={.metadata.uid}');
    const values = ['--set', 'greeting=hi', '--set', 'replicas=3', '--set', 'service=false'];
    expect(await call('upgrade', ...release, CHART, ...values)).toContain('has been upgraded');
    expect(await greeting()).toBe('hi');
    expect(await get('deployment', 'g', '-o', 'jsonpath={.spec.replicas} {.metadata.uid}')).toBe(`3 ${uid}`);
    expect(await get('service', 'g', '--ignore-not-found')).toBe('');
    expect(await get('configmap', 'g-before', '-o', 'jsonpath={.data.revision}')).toBe('2');
  });

  it('rolls back to what was before', async () => {
    expect(await call('rollback', ...release, '1')).toContain('Rollback was a success');
    expect(await greeting()).toBe('hello');
    expect(await get('service', 'g', '-o', 'name')).toBe('service/g\n');
    const history = JSON.parse(await call('history', ...release, '-o', 'json'));
    expect(history.map(({ status }: { status: string }) => status)).toEqual([
      'superseded',
      'superseded',
      'deployed',
    ]);
  });

  it('lists, shows and removes the release', async () => {
    const list = JSON.parse(await call('list', '-n', 'greetings', '-o', 'json'));
    expect(list).toMatchObject([{ name: 'g', revision: '3', status: 'deployed', chart: 'greeter-1.0.0' }]);
    expect(await call('status', ...release)).toContain('REVISION: 3');
    expect(await call('uninstall', ...release)).toContain('release "g" uninstalled');
    expect(await get('deployments,services,roles', '-o', 'name')).toBe('');
    expect(await get('configmaps', 'g-greeting', '--ignore-not-found')).toBe('');
    expect(await get('secrets', '-o', 'name')).toBe('');
  });
});
