import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BootstrapSigner } from './bootstrap-signer.ts';
import { BootstrapTokenCleaner } from './bootstrap-token-cleaner.ts';
import { MemoryClient } from './fixtures/memory-client.ts';

const core = (resource: string) => ({ group: '', resource });
const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};
const START = Date.parse('2026-06-01T00:00:00Z');

const token = (id: string, data: Record<string, string> = {}) => ({
  metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
  type: 'bootstrap.kubernetes.io/token',
  data: Object.fromEntries(
    Object.entries({ 'token-id': id, 'token-secret': '0123456789abcdef', ...data }).map(([key, value]) => [
      key,
      Buffer.from(value).toString('base64'),
    ]),
  ),
});

describe('ended bootstrap tokens', () => {
  it('are deleted, at once or when their time comes', async () => {
    const client = new MemoryClient();
    let now = START;
    const waits: { ms: number; then: () => void }[] = [];
    const cleaner = new BootstrapTokenCleaner(
      client,
      { now: () => now, monotonic: () => now },
      undefined,
      (ms, then) => {
        waits.push({ ms, then });
        return () => {};
      },
    );
    client.put('secrets', token('aaaaaa', { expiration: '2026-05-31T00:00:00Z' }));
    client.put('secrets', token('bbbbbb', { expiration: '2026-06-01T01:00:00Z' }));
    client.put('secrets', token('cccccc'));
    client.put('secrets', token('dddddd', { expiration: 'soon' }));
    const left = () =>
      client
        .lister(core('secrets'))
        .list()
        .map((s) => s.metadata.name!.slice(-6));
    cleaner.start();
    await settle();
    expect(left()).toEqual(['bbbbbb', 'cccccc']);
    expect(waits.map(({ ms }) => ms)).toEqual([3_600_001]);
    now += 3_600_001;
    waits[0]!.then();
    await settle();
    expect(left()).toEqual(['cccccc']);
    await cleaner.stop();
  });
});

describe('cluster-info', () => {
  it('is signed with the tokens that may sign, and with no others', async () => {
    const client = new MemoryClient();
    const signer = new BootstrapSigner(client, { now: () => START, monotonic: () => START });
    const get = () => client.lister(core('configmaps')).get('kube-public', 'cluster-info')!.data;
    client.put('configmaps', {
      metadata: { name: 'cluster-info', namespace: 'kube-public' },
      data: { kubeconfig: 'KC', other: 'x' },
    });
    client.put('secrets', token('aaaaaa', { 'usage-bootstrap-signing': 'true' }));
    client.put('secrets', token('bbbbbb'));
    client.put(
      'secrets',
      token('cccccc', { 'usage-bootstrap-signing': 'true', expiration: '2020-01-01T00:00:00Z' }),
    );
    signer.start();
    await settle();
    const header = Buffer.from('{"alg":"HS256","kid":"aaaaaa"}').toString('base64url');
    const mac = createHmac('sha256', '0123456789abcdef').update(
      `${header}.${Buffer.from('KC').toString('base64url')}`,
    );
    expect(get()).toEqual({
      kubeconfig: 'KC',
      other: 'x',
      'jws-kubeconfig-aaaaaa': `${header}..${mac.digest('base64url')}`,
    });
    client.lister(core('secrets')).remove('kube-system', 'bootstrap-token-aaaaaa');
    await settle();
    expect(get()).toEqual({ kubeconfig: 'KC', other: 'x' });
    await signer.stop();
  });
});
