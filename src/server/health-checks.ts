import type { EncryptionProviders } from '../storage/encryption/providers.ts';
import type { Store } from '../storage/store.ts';
import type { Bootstrap } from './bootstrap.ts';
import { type HealthCheck, HealthChecks } from './health.ts';
import type { ServerOptions } from './options.ts';

/** What the health of a server is read off. */
export interface HealthParts {
  store: Store;
  /** How long the store may take to say that it is well, in milliseconds. */
  storeCheckMs: { health: number; ready: number };
  encryption: EncryptionProviders | undefined;
  cachesReady(): boolean;
  /** What a cluster starts with, and whether it is there yet. */
  bootstrap: Bootstrap;
  stopping(): boolean;
}

/** How long the store may take to answer a check (--etcd-healthcheck-timeout, --etcd-readycheck-timeout). */
export function storeChecks(store: ServerOptions['store']): HealthParts['storeCheckMs'] {
  return store.engine === 'etcd'
    ? { health: store.healthCheckMs, ready: store.readyCheckMs }
    : { health: 2000, ready: 2000 };
}

/** The checks of /healthz, /livez and /readyz, by kube-apiserver's names. */
export function serverHealth(parts: HealthParts): HealthChecks {
  const ok: HealthCheck = { name: 'ping', check: () => undefined };
  const log: HealthCheck = { name: 'log', check: () => undefined };
  const store = (name: string, ms: number): HealthCheck => ({
    name,
    check: () =>
      inTime(parts.store.ping(), ms).then(
        () => undefined,
        (error: unknown) => words(error),
      ),
  });
  const healthy = store('etcd', parts.storeCheckMs.health);
  const ready = store('etcd-readiness', parts.storeCheckMs.ready);
  const { encryption } = parts;
  const keys: HealthCheck[] = encryption?.hasHealthCheck
    ? [
        {
          name: 'kms-providers',
          check: () =>
            encryption.check().then(
              () => undefined,
              (error: unknown) => words(error),
            ),
        },
      ]
    : [];
  const informers: HealthCheck = {
    name: 'informer-sync',
    check: () => (parts.cachesReady() ? undefined : 'watch caches are not complete'),
  };
  const { bootstrap } = parts;
  const hooks = bootstrap.names.map((name): HealthCheck => ({ name, check: () => bootstrap.fault(name) }));
  const shutdown: HealthCheck = {
    name: 'shutdown',
    check: () => (parts.stopping() ? 'process is shutting down' : undefined),
  };
  return new HealthChecks(
    {
      healthz: [ok, log, healthy, ...keys, ...hooks],
      livez: [ok, log, healthy, ...keys, ...hooks],
      readyz: [ok, log, healthy, ready, ...keys, informers, ...hooks, shutdown],
    },
    ['/readyz/etcd'],
  );
}

/** A store that does not answer is not well, however long it would go on trying. */
function inTime<T>(result: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the store does not answer')), ms);
  });
  return Promise.race([result, late]).finally(() => clearTimeout(timer));
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
