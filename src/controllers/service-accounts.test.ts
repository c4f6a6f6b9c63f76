import { describe, expect, it } from 'vitest';
import { StatusError } from '../meta/status.ts';
import type { Controller } from './controller.ts';
import { MemoryClient } from './fixtures/memory-client.ts';
import { LegacyTokenCleaner } from './legacy-token-cleaner.ts';
import { LegacyTokenTracking } from './legacy-token-tracking.ts';
import { RootCaPublisher } from './root-ca-publisher.ts';
import { ServiceAccountsController } from './service-accounts.ts';
import { TokenSecretsController } from './token-secrets.ts';

const core = (resource: string) => ({ group: '', resource });
const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};
const namespace = (name: string, phase = 'Active') => ({ metadata: { name }, status: { phase } });
const b64 = (text: string): string => Buffer.from(text).toString('base64');

async function running<T extends Controller>(controller: T, body: () => Promise<void>): Promise<void> {
  controller.start();
  await settle();
  await body();
  await controller.stop();
}

describe('the default ServiceAccount', () => {
  it('is made in every active namespace, old and new, and again after deletion', async () => {
    const client = new MemoryClient();
    const has = (ns: string): boolean =>
      client.lister(core('serviceaccounts')).get(ns, 'default') !== undefined;
    client.put('namespaces', namespace('old'));
    client.put('namespaces', namespace('going', 'Terminating'));
    await running(new ServiceAccountsController(client), async () => {
      client.put('namespaces', namespace('new'));
      await settle();
      expect([has('old'), has('new'), has('going')]).toEqual([true, true, false]);
      client.lister(core('serviceaccounts')).remove('old', 'default');
      await settle();
      expect(has('old')).toBe(true);
    });
  });

  it('is not asked for again where the namespace is going', async () => {
    const client = new MemoryClient();
    client.failures.create = [
      new StatusError({
        code: 403,
        reason: 'Forbidden',
        details: { causes: [{ reason: 'NamespaceTerminating' }] },
      }),
    ];
    client.put('namespaces', namespace('a'));
    const failures: unknown[] = [];
    await running(new ServiceAccountsController(client, (...failure) => failures.push(failure)), async () => {
      expect(failures).toEqual([]);
    });
  });
});

describe('kube-root-ca.crt', () => {
  it('is published, put right, and leaves what others added to its metadata', async () => {
    const client = new MemoryClient();
    client.put('namespaces', namespace('a'));
    const get = () => client.lister(core('configmaps')).get('a', 'kube-root-ca.crt')!;
    await running(new RootCaPublisher(client, 'PEM'), async () => {
      expect(get().data).toEqual({ 'ca.crt': 'PEM' });
      client.put('configmaps', {
        metadata: { ...get().metadata, labels: { mine: 'yes' }, annotations: { mine: 'yes' } },
        data: { 'ca.crt': 'broken', more: 'data' },
      });
      await settle();
      expect(get().data).toEqual({ 'ca.crt': 'PEM' });
      expect(get().metadata.labels).toEqual({ mine: 'yes' });
      expect(Object.keys(get().metadata.annotations!).sort()).toEqual(['kubernetes.io/description', 'mine']);
      client.lister(core('configmaps')).remove('a', 'kube-root-ca.crt');
      await settle();
      expect(get().data).toEqual({ 'ca.crt': 'PEM' });
    });
  });
});

describe('token Secrets', () => {
  const secret = (name: string, annotations: Record<string, string>, data?: Record<string, string>) => ({
    metadata: { name, namespace: 'a', annotations },
    type: 'kubernetes.io/service-account-token',
    ...(data ? { data } : {}),
  });
  const start = (client: MemoryClient) =>
    new TokenSecretsController(
      client,
      ({ namespace: ns, name, secret: of }) => `token of ${ns}/${name} in ${of}`,
      'PEM',
    );

  it('are filled; data of their own stays but for ca.crt', async () => {
    const client = new MemoryClient();
    const account = client.put('serviceaccounts', { metadata: { name: 'app', namespace: 'a' } });
    client.put('secrets', secret('s', { 'kubernetes.io/service-account.name': 'app' }));
    client.put(
      'secrets',
      secret(
        'own',
        { 'kubernetes.io/service-account.name': 'app' },
        { token: b64('mine'), 'ca.crt': 'x', e: 'k' },
      ),
    );
    const get = (name: string) => client.lister(core('secrets')).get('a', name)!;
    await running(start(client), async () => {
      expect(get('s').data).toEqual({
        token: b64('token of a/app in s'),
        namespace: b64('a'),
        'ca.crt': b64('PEM'),
      });
      expect(get('s').metadata.annotations!['kubernetes.io/service-account.uid']).toBe(account.metadata.uid);
      expect(get('own').data).toEqual({
        token: b64('mine'),
        namespace: b64('a'),
        'ca.crt': b64('PEM'),
        e: 'k',
      });
    });
  });

  it('go without their account, or with the uid of another', async () => {
    const client = new MemoryClient();
    client.put('serviceaccounts', { metadata: { name: 'app', namespace: 'a' } });
    const names = () =>
      client
        .lister(core('secrets'))
        .list('a')
        .map((s) => s.metadata.name);
    await running(start(client), async () => {
      client.put('secrets', secret('ghost', { 'kubernetes.io/service-account.name': 'ghost' }));
      client.put(
        'secrets',
        secret('wrong', {
          'kubernetes.io/service-account.name': 'app',
          'kubernetes.io/service-account.uid': 'x',
        }),
      );
      client.put('secrets', secret('right', { 'kubernetes.io/service-account.name': 'app' }));
      await settle();
      expect(names()).toEqual(['right']);
      client.lister(core('serviceaccounts')).remove('a', 'app');
      await settle();
      expect(names()).toEqual([]);
    });
  });

  it('are taken out of the account that lists them when they go', async () => {
    const client = new MemoryClient();
    client.put('serviceaccounts', {
      metadata: { name: 'app', namespace: 'a' },
      secrets: [{ name: 's' }, { name: 't' }],
    });
    await running(start(client), async () => {
      client.put('secrets', secret('s', { 'kubernetes.io/service-account.name': 'app' }));
      await settle();
      client.lister(core('secrets')).remove('a', 's');
      await settle();
      expect(client.lister(core('serviceaccounts')).get('a', 'app')!.secrets).toEqual([{ name: 't' }]);
    });
  });
});

const DAY = 86_400_000;
const at = (iso: string) => ({ now: () => Date.parse(iso), monotonic: () => Date.parse(iso) });
const TRACKING = 'kube-apiserver-legacy-service-account-token-tracking';

describe('tracking of legacy tokens', () => {
  it('has a ConfigMap with the day it began, put right where it is none', async () => {
    const client = new MemoryClient();
    const get = () => client.lister(core('configmaps')).get('kube-system', TRACKING)?.data;
    await running(new LegacyTokenTracking(client, at('2026-03-04T05:06:07Z')), async () => {
      expect(get()).toEqual({ since: '2026-03-04' });
      client.put('configmaps', {
        metadata: { name: TRACKING, namespace: 'kube-system' },
        data: { since: '2026-02-30', x: 'y' },
      });
      await settle();
      expect(get()).toEqual({ since: '2026-03-04', x: 'y' });
    });
  });
});

describe('the cleaner of legacy tokens', () => {
  const NOW = '2026-06-01T00:00:00Z';
  const old = (labels: Record<string, string> = {}) => ({
    metadata: {
      name: 's',
      namespace: 'a',
      creationTimestamp: '2020-01-01T00:00:00Z',
      labels,
      annotations: { 'kubernetes.io/service-account.name': 'app' },
    },
    type: 'kubernetes.io/service-account-token',
  });
  const world = (labels: Record<string, string>, listed = true, since = '2020-01-01') => {
    const client = new MemoryClient();
    client.put('configmaps', { metadata: { name: TRACKING, namespace: 'kube-system' }, data: { since } });
    client.put('serviceaccounts', {
      metadata: { name: 'app', namespace: 'a' },
      ...(listed ? { secrets: [{ name: 's' }] } : {}),
    });
    client.put('secrets', old(labels));
    return client;
  };
  const clean = async (client: MemoryClient) => {
    await new LegacyTokenCleaner({ client, clock: at(NOW), cleanUpPeriodMs: 30 * DAY }).evaluate();
    const secret = client.lister(core('secrets')).get('a', 's');
    return secret
      ? (secret.metadata.labels?.['kubernetes.io/legacy-token-invalid-since'] ?? 'kept')
      : 'deleted';
  };

  it('marks an auto-generated token that nobody used, then deletes it', async () => {
    expect(await clean(world({}))).toBe('2026-06-01');
    expect(await clean(world({ 'kubernetes.io/legacy-token-invalid-since': '2026-05-20' }))).toBe(
      '2026-05-20',
    );
    expect(await clean(world({ 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' }))).toBe('deleted');
  });

  it('leaves those that were used, that were made by hand, that a pod mounts, and all where tracking is young', async () => {
    expect(await clean(world({ 'kubernetes.io/legacy-token-last-used': '2026-05-20' }))).toBe('kept');
    expect(await clean(world({ 'kubernetes.io/legacy-token-last-used': 'never' }))).toBe('kept');
    expect(await clean(world({}, false))).toBe('kept');
    expect(await clean(world({}, true, '2026-05-15'))).toBe('kept');
    const mounted = world({});
    mounted.put('pods', {
      metadata: { name: 'p', namespace: 'a' },
      spec: { volumes: [{ secret: { secretName: 's' } }] },
    });
    expect(await clean(mounted)).toBe('kept');
  });
});
