import { existsSync } from 'node:fs';
import type { CertificateLayout } from '../../pki/certificate-layout.ts';
import { readFolder } from '../../pki/folder-certificates.ts';
import { expiryOf } from '../../pki/issued-certificate.ts';
import { authorityOf } from '../../pki/kubeconfig-credentials.ts';
import { KubeconfigFile } from '../../pki/kubeconfig-file.ts';
import { ClusterClient } from '../cluster-client.ts';
import { presented } from './cluster-expirations.ts';
import type { Terminal } from './terminal.ts';

/** How long a running server may take to show what is new. */
const PATIENCE_MS = 15_000;
const POLL_MS = 500;

/** What is wrong with a folder's certificates now; empty where all are good. */
export function folderFaults(layout: CertificateLayout, now: number): string[] {
  const { certificates, authorities } = readFolder(layout);
  const faults: string[] = [];
  for (const { slot, certificate, problem, state } of certificates) {
    if (state === 'missing') continue;
    if (problem !== undefined) faults.push(`${slot.name}: ${problem}`);
    else if (certificate && expiryOf(certificate) <= now) faults.push(`${slot.name}: it has expired`);
  }
  for (const { slot, certificates: all, problem, state, signing } of authorities) {
    if (state === 'missing') continue;
    const main = signing ?? all[0];
    if (problem !== undefined) faults.push(`${slot.name}: ${problem}`);
    else if (main && expiryOf(main) <= now) faults.push(`${slot.name}: it has expired`);
  }
  return faults;
}

/**
 * Asks the server of the administrator's kubeconfig, if one runs: a handshake, then who the kubeconfig's user is. Says what
 * came of it, and resolves to whether all is well.
 */
export async function verifyServer(
  layout: CertificateLayout,
  terminal: Terminal,
  parts: { wait(ms: number): Promise<void>; clock(): number },
): Promise<boolean> {
  const path = layout.adminKubeconfig;
  if (!existsSync(path)) {
    terminal.write(`There is no ${path}, so no server was asked.\n`);
    return true;
  }
  const file = KubeconfigFile.read(path);
  const context = file.context(file.currentContext);
  const server = context && file.value('clusters', context.cluster)?.server;
  if (typeof server !== 'string') {
    terminal.write(`${path} names no server, so none was asked.\n`);
    return true;
  }
  const ca = authorityOf(file, context!.cluster);
  const url = new URL(server);
  const serving = readFolder(layout).certificates.find(({ slot }) => slot.name === 'apiserver')?.certificate;
  const deadline = parts.clock() + PATIENCE_MS;
  for (;;) {
    let shown: Awaited<ReturnType<typeof presented>>;
    try {
      shown = await presented(url, ca === undefined ? {} : { ca });
    } catch (error) {
      terminal.write(
        `No server answers at ${url.host} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}). Start it, then try: kubectl --kubeconfig ${path} auth whoami\n`,
      );
      return true;
    }
    const leaf = shown.chain[0];
    const fresh =
      leaf !== undefined &&
      Date.parse(leaf.valid_to) > parts.clock() &&
      (!serving || leaf.fingerprint256 === serving.fingerprint256);
    if (fresh && shown.problem === undefined) break;
    if (parts.clock() > deadline) {
      terminal.write(
        shown.problem !== undefined
          ? `FAILED: the server at ${url.host} shows a certificate that does not verify: ${shown.problem}\n`
          : `FAILED: the server at ${url.host} still shows its old certificate (good until ${leaf?.valid_to ?? '?'}): restart it\n`,
      );
      return false;
    }
    await parts.wait(POLL_MS);
  }
  terminal.write(`The server at ${url.host} shows its new certificate, and it verifies.\n`);
  return whoAmI(path, terminal, parts, deadline);
}

/** A server takes up a new CA a moment after its serving certificate. */
async function whoAmI(
  path: string,
  terminal: Terminal,
  parts: { wait(ms: number): Promise<void>; clock(): number },
  deadline: number,
): Promise<boolean> {
  for (;;) {
    const client = new ClusterClient(path);
    try {
      const review = await client.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      });
      const { userInfo } = (review['status'] ?? {}) as {
        userInfo?: { username?: string; groups?: string[] };
      };
      terminal.write(`It knows ${path} as ${userInfo?.username} (${(userInfo?.groups ?? []).join(', ')}).\n`);
      return true;
    } catch (error) {
      if (parts.clock() > deadline) {
        terminal.write(`FAILED: the server does not take ${path}: ${(error as Error).message}\n`);
        return false;
      }
      await parts.wait(POLL_MS);
    } finally {
      client.close();
    }
  }
}
