import type { EncryptionProviders } from '../storage/encryption/providers.ts';
import type { Store } from '../storage/store.ts';
import { type HealthCheck, HealthChecks } from './health.ts';

/** How long the store may take to say that it is well. */
const STORE_CHECK_MS = 2000;

/** What the health of a server is read off. */
export interface HealthParts {
  store: Store;
  encryption: EncryptionProviders | undefined;
  cachesReady(): boolean;
  /** Why what a cluster starts with is not all there yet. */
  bootstrapFault(): string | undefined;
  stopping(): boolean;
}

/** The checks of /healthz, /livez and /readyz, by kube-apiserver's names. */
export function serverHealth(parts: HealthParts): HealthChecks {
  const ok: HealthCheck = { name: 'ping', check: () => undefined };
  const log: HealthCheck = { name: 'log', check: () => undefined };
  const store: HealthCheck = {
    name: 'etcd',
    check: () =>
      inTime(parts.store.ping(), STORE_CHECK_MS).then(
        () => undefined,
        (error: unknown) => words(error),
      ),
  };
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
  const hook = (name: string): HealthCheck => ({
    name: `poststarthook/${name}`,
    check: () => parts.bootstrapFault(),
  });
  const informers: HealthCheck = {
    name: 'informer-sync',
    check: () => (parts.cachesReady() ? undefined : 'watch caches are not complete'),
  };
  const hooks = [
    hook('rbac/bootstrap-roles'),
    hook('scheduling/bootstrap-system-priority-classes'),
    hook('start-system-namespaces-controller'),
  ];
  const shutdown: HealthCheck = {
    name: 'shutdown',
    check: () => (parts.stopping() ? 'process is shutting down' : undefined),
  };
  return new HealthChecks(
    {
      healthz: [ok, log, store, ...keys, ...hooks],
      livez: [ok, log, store, ...keys, ...hooks],
      readyz: [ok, log, store, ...keys, informers, ...hooks, shutdown],
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
