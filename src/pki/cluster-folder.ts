import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPairPem, LeafRequest } from './authority.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { writePrivateFile } from './private-file.ts';

const CA_DAYS = 3650;
const LEAF_DAYS = 365;
/** A leaf with less than this left is made anew at the start. */
const RENEW_BEFORE_MS = 30 * 86_400_000;

/** What `sallyport up` keeps in its data folder, and where. */
export interface ClusterFolder {
  ca: { certFile: string; keyFile: string };
  frontProxyCa: { certFile: string; keyFile: string };
  apiserver: { certFile: string; keyFile: string };
  frontProxyClient: { certFile: string; keyFile: string };
  serviceAccounts: { keyFile: string; publicKeyFile: string };
  kubeconfig: string;
}

export function clusterFolder(folder: string): ClusterFolder {
  const pair = (name: string) => ({
    certFile: join(folder, 'pki', `${name}.crt`),
    keyFile: join(folder, 'pki', `${name}.key`),
  });
  return {
    ca: pair('ca'),
    frontProxyCa: pair('front-proxy-ca'),
    apiserver: pair('apiserver'),
    frontProxyClient: pair('front-proxy-client'),
    serviceAccounts: { keyFile: join(folder, 'pki', 'sa.key'), publicKeyFile: join(folder, 'pki', 'sa.pub') },
    kubeconfig: join(folder, 'admin.kubeconfig'),
  };
}

/**
 * Makes what is missing of a cluster's certificates, keys and its admin kubeconfig, and renews what is about to expire;
 * everything else is left as it is. `made` names what was written. Throws an Error that says what is wrong with a file
 * that is there.
 */
export async function ensureClusterFolder(
  folder: string,
  server: string,
  now: number,
): Promise<{ paths: ClusterFolder; made: string[] }> {
  const paths = clusterFolder(folder);
  const made: string[] = [];
  const load = (pair: { certFile: string; keyFile: string }): KeyPairPem | undefined => {
    const there = [pair.certFile, pair.keyFile].filter((file) => existsSync(file));
    if (there.length === 0) return undefined;
    if (there.length === 1)
      throw new Error(
        `${there[0]} is there, but not the file that belongs to it; put it back, or move ${there[0]} away to have both made anew`,
      );
    return { certificate: readText(pair.certFile), key: readText(pair.keyFile) };
  };
  const save = (pair: { certFile: string; keyFile: string }, content: KeyPairPem): void => {
    writePrivateFile(pair.keyFile, content.key);
    writePrivateFile(pair.certFile, content.certificate);
    made.push(pair.certFile);
  };
  // Loaded only when something is to be made: a warm start must not wait for it.
  const pki = () => import('./authority.ts');

  const authority = async (
    pair: { certFile: string; keyFile: string },
    name: string,
  ): Promise<KeyPairPem> => {
    const there = load(pair);
    if (there) return there;
    const content = await (await pki()).createAuthority(name, CA_DAYS, now);
    save(pair, content);
    return content;
  };
  const leaf = async (
    pair: { certFile: string; keyFile: string },
    ca: KeyPairPem,
    request: Omit<LeafRequest, 'days'>,
  ): Promise<void> => {
    const there = load(pair);
    if (there && expiresAt(there.certificate, pair.certFile) - now > RENEW_BEFORE_MS) return;
    save(pair, await (await pki()).issueCertificate({ ...request, days: LEAF_DAYS }, now, ca));
  };

  const ca = await authority(paths.ca, 'kubernetes');
  const frontProxyCa = await authority(paths.frontProxyCa, 'front-proxy-ca');
  await leaf(paths.apiserver, ca, {
    commonName: 'kube-apiserver',
    usages: ['server'],
    dnsNames: [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
    ],
    ipAddresses: ['127.0.0.1', '::1', '10.96.0.1'],
  });
  await leaf(paths.frontProxyClient, frontProxyCa, { commonName: 'front-proxy-client', usages: ['client'] });
  if (!existsSync(paths.serviceAccounts.keyFile)) {
    const { key, publicKey } = (await pki()).newKey();
    writePrivateFile(paths.serviceAccounts.keyFile, key);
    writePrivateFile(paths.serviceAccounts.publicKeyFile, publicKey);
    made.push(paths.serviceAccounts.keyFile);
  }
  const old = existsSync(paths.kubeconfig) ? readText(paths.kubeconfig) : undefined;
  if (!old?.includes(`server: ${server}\n`) || adminExpires(old) - now < RENEW_BEFORE_MS) {
    const admin = await (await pki()).issueCertificate(
      {
        commonName: 'kubernetes-admin',
        organizations: ['system:masters'],
        usages: ['client'],
        days: LEAF_DAYS,
      },
      now,
      ca,
    );
    writePrivateFile(
      paths.kubeconfig,
      kubeconfigText({
        cluster: 'sallyport',
        user: 'kubernetes-admin',
        server,
        ca: ca.certificate,
        ...admin,
      }),
    );
    made.push(paths.kubeconfig);
  }
  return { paths, made };
}

/** Milliseconds since 1970. */
function expiresAt(pem: string, file: string): number {
  try {
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    throw new Error(`${file} holds no PEM certificate; move it away to have it made anew`);
  }
}

function adminExpires(kubeconfig: string): number {
  const data = /client-certificate-data: (\S+)/.exec(kubeconfig)?.[1];
  if (!data) return 0;
  try {
    return Date.parse(new X509Certificate(Buffer.from(data, 'base64')).validTo);
  } catch {
    return 0;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
