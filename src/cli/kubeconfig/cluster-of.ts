import { existsSync } from 'node:fs';
import type { CertificateLayout } from '../../pki/certificate-layout.ts';
import { readAuthority } from '../../pki/folder-certificates.ts';
import { authorityOf } from '../../pki/kubeconfig-credentials.ts';
import { KubeconfigFile } from '../../pki/kubeconfig-file.ts';
import { signingOf } from '../../pki/renewal.ts';

/** Where a cluster is, and whom its server is verified by. */
export interface ClusterPlace {
  name: string;
  server: string;
  /** PEM. */
  ca?: string;
}

/** The cluster of a kubeconfig's current or named context. */
export function clusterOfKubeconfig(path: string, contextName: string | undefined): ClusterPlace {
  const file = KubeconfigFile.read(path);
  const name = contextName ?? file.currentContext;
  const context = file.context(name);
  if (!context)
    throw new Error(
      name === ''
        ? `${path} has no current-context: name one by --context`
        : `${path} has no context ${name}`,
    );
  const server = file.value('clusters', context.cluster)?.server;
  if (typeof server !== 'string' || server === '')
    throw new Error(`cluster ${context.cluster} of ${path} has no server`);
  const ca = authorityOf(file, context.cluster);
  return { name: context.cluster, server, ...(ca === undefined ? {} : { ca }) };
}

/** The cluster that a folder belongs to: its CA, and the server of its administrator's kubeconfig or of --server. */
export function clusterOfFolder(layout: CertificateLayout, server: string | undefined): ClusterPlace {
  const ca = readAuthority(layout.authorities.find(({ name }) => name === 'ca')!);
  const known = existsSync(layout.adminKubeconfig)
    ? clusterOfKubeconfig(layout.adminKubeconfig, undefined)
    : undefined;
  const place = server ?? known?.server;
  if (place === undefined)
    throw new Error(
      `there is no ${layout.adminKubeconfig} that says where the server is: name it by --server`,
    );
  return { name: known?.name ?? 'kubernetes', server: place, ca: ca.pem };
}

/** The folder's CA as it issues; throws an Error that says why it can't, or that it ends before `until`. */
export function issuingAuthority(
  layout: CertificateLayout,
  now: number,
  until: number,
): { certificate: string; key: string } {
  const { certificate, key } = signingOf(
    readAuthority(layout.authorities.find(({ name }) => name === 'ca')!),
    { authority: 'ca' },
    now,
  );
  if (Date.parse(certificate.validTo) < until)
    throw new Error(`the CA ends first, on ${certificate.validTo}: ask for less (--ttl)`);
  return { certificate: certificate.toString(), key };
}
