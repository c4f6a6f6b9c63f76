import { accessSync, constants } from 'node:fs';
import type { ReloadReport } from '../meta/watched-files.ts';
import { ControlPlane } from '../server/control-plane.ts';
import { jsonLog, type Log, textLog } from '../server/log.ts';
import type { ServerOptions } from '../server/options.ts';
import type { Store } from '../storage/store.ts';

/** Opens the store that the options name. */
export async function openStore(options: ServerOptions, log?: Log): Promise<Store> {
  if (options.store.engine === 'embedded') {
    const { openEmbeddedStore } = await import('../storage/embedded/store.ts');
    return openEmbeddedStore({ folder: options.store.folder });
  }
  const { servers, caFile, certFile, keyFile, compactionIntervalMs, leaseReuseSeconds } = options.store;
  for (const [flag, file] of [
    ['etcd-cafile', caFile],
    ['etcd-certfile', certFile],
    ['etcd-keyfile', keyFile],
  ] as const) {
    if (file && !readable(file)) throw new Error(`--${flag}: ${file} cannot be read`);
  }
  const { openEtcdStore } = await import('../storage/etcd/store.ts');
  return openEtcdStore({
    // As kube-apiserver takes them: an address without a scheme is one without TLS.
    endpoints: servers.map((server) => (server.includes('://') ? server : `http://${server}`)),
    compactionIntervalMs,
    leaseReuseSeconds,
    ...(log ? { report: reloads(log) } : {}),
    ...(caFile ? { caFile } : {}),
    ...(certFile ? { certFile } : {}),
    ...(keyFile ? { keyFile } : {}),
  });
}

/** Tells the operator of certificates and keys that were put in the place of others. */
function reloads(log: Log): ReloadReport {
  return {
    loaded: (path) => log.info({ path }, 'reloaded'),
    bad: (path, error) =>
      log.error(
        { path, error: error instanceof Error ? error.message : String(error) },
        'not reloaded; what was read before stays in force',
      ),
  };
}

function readable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** What went wrong with a port, said so that one knows what to do. */
function listenWords(error: unknown, options: ServerOptions): Error {
  const { code } = error as NodeJS.ErrnoException;
  const place = `${options.bindAddress}:${options.port}`;
  if (code === 'EADDRINUSE')
    return new Error(
      `failed to listen on ${place}: address already in use; stop what listens there or give another --secure-port`,
    );
  if (code === 'EACCES')
    return new Error(`failed to listen on ${place}: permission denied; take a --secure-port above 1023`);
  if (code === 'EADDRNOTAVAIL')
    return new Error(
      `failed to listen on ${place}: no interface of this machine has that address; give another --bind-address`,
    );
  return error as Error;
}

/**
 * Runs a server until it is told to stop by SIGINT or SIGTERM; resolves to the exit code. `ready` is called once it serves and
 * what a cluster starts with is there.
 */
export async function runServer(
  options: ServerOptions,
  format: string,
  ready: (plane: ControlPlane) => void = () => {},
  log: Log = format === 'json' ? jsonLog() : textLog(),
): Promise<number> {
  const store = await openStore(options, log);
  let plane: ControlPlane;
  try {
    plane = await ControlPlane.create({ options, store, log });
    try {
      await plane.start();
    } catch (error) {
      await plane.stop();
      throw listenWords(error, options);
    }
  } catch (error) {
    await store.close();
    throw error;
  }
  void plane.ready().then((filled) => filled && ready(plane));
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name));
  });
  log.info({ signal }, 'stopping: open requests end, watches are told');
  plane.beginShutdown();
  if (options.shutdownDelayMs > 0)
    await new Promise((resolve) => setTimeout(resolve, options.shutdownDelayMs));
  await plane.stop();
  await store.close();
  log.flush();
  return 0;
}
