import { resolve } from 'node:path';
import { AUTHENTICATED, MASTERS } from '../meta/user.ts';
import { type ClusterFolder, ensureClusterFolder } from '../pki/cluster-folder.ts';
import type { ControlPlane } from '../server/control-plane.ts';
import { textLog } from '../server/log.ts';
import { serverOptions } from './apiserver.ts';
import { apiserverFlags } from './apiserver-flags.ts';
import { FlagError, parseFlags } from './flag-set.ts';
import { runServer } from './run-server.ts';

export interface UpOptions {
  dataDir: string;
  port: number;
  /** Flags of `apiserver` that are added to those made here. */
  flags: readonly string[];
}

/** `sallyport up`: a whole control plane on loopback, its certificates and kubeconfig made where they are missing. */
export async function up({ dataDir, port, flags }: UpOptions): Promise<number> {
  const folder = resolve(dataDir);
  try {
    const server = `https://127.0.0.1:${port}`;
    const { paths, made } = await ensureClusterFolder(folder, server, Date.now());
    const args = clusterFlags(folder, paths, port, flags);
    const { values } = parseFlags(apiserverFlags, args);
    const log = textLog();
    return await runServer(
      await serverOptions(values),
      'text',
      (plane) => {
        process.stdout.write(
          `\nSallyport serves the Kubernetes API at https://127.0.0.1:${plane.port}\n` +
            (made.length
              ? `Made in ${folder}: ${made.map((path) => path.slice(folder.length + 1)).join(', ')}\n`
              : `Everything found in ${folder}\n`) +
            `\n  export KUBECONFIG=${paths.kubeconfig}\n  kubectl auth whoami\n\n${consoleLines(plane)}Ctrl-C stops it.\n\n`,
        );
      },
      log,
    );
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`Error: ${error instanceof FlagError ? error.message : error.message}\n`);
    return 1;
  }
}

/** The flags of `apiserver` that make a whole control plane of a data folder. */
export function clusterFlags(
  folder: string,
  paths: ClusterFolder,
  port: number,
  flags: readonly string[],
): string[] {
  return [
    // With etcd the folder holds certificates alone.
    ...(flags.some((flag) => flag.startsWith('--etcd-servers')) ? [] : [`--data-dir=${folder}`]),
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${paths.apiserver.certFile}`,
    `--tls-private-key-file=${paths.apiserver.keyFile}`,
    `--client-ca-file=${paths.ca.certFile}`,
    `--root-ca-file=${paths.ca.certFile}`,
    `--cluster-signing-cert-file=${paths.ca.certFile}`,
    `--cluster-signing-key-file=${paths.ca.keyFile}`,
    `--requestheader-client-ca-file=${paths.frontProxyCa.certFile}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${paths.frontProxyClient.certFile}`,
    `--proxy-client-key-file=${paths.frontProxyClient.keyFile}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${paths.serviceAccounts.publicKeyFile}`,
    `--service-account-signing-key-file=${paths.serviceAccounts.keyFile}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--enable-bootstrap-token-auth',
    '--explain=loopback',
    '--console',
    ...flags,
  ];
}

/** The way into the console, as the user of the admin kubeconfig, whom whoever starts the server may be anyhow. */
function consoleLines(plane: ControlPlane): string {
  const path = plane.consoleLink({
    name: 'kubernetes-admin',
    groups: [MASTERS, AUTHENTICATED],
  });
  if (path === undefined) return '';
  return (
    `Watch requests pass the doors (opens once, for 10 minutes; sallyport console prints another):\n\n` +
    `  https://127.0.0.1:${plane.port}${path}\n\n`
  );
}
