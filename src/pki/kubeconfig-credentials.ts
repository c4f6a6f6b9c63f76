import { readFileSync } from 'node:fs';
import type { FileChange, KubeconfigFile } from './kubeconfig-file.ts';

/** The client certificate that a user of a kubeconfig has, and where. */
export interface ClientCertificate {
  /** PEM; undefined where its file cannot be read. */
  certificate?: string;
  key?: string;
  /** Undefined where it is embedded. */
  certFile?: string;
  keyFile?: string;
  /** What is in the way of reading it. */
  problem?: string;
}

/** Undefined where the user shows no certificate. What is embedded wins over files, as in client-go. */
export function clientCertificateOf(file: KubeconfigFile, user: string): ClientCertificate | undefined {
  const value = file.value('users', user);
  if (!value) return undefined;
  const found: ClientCertificate = {};
  for (const [part, data, path] of [
    ['certificate', 'client-certificate-data', 'client-certificate'],
    ['key', 'client-key-data', 'client-key'],
  ] as const) {
    if (typeof value[data] === 'string' && value[data] !== '') {
      found[part] = Buffer.from(value[data], 'base64').toString('utf8');
      continue;
    }
    if (typeof value[path] !== 'string' || value[path] === '') continue;
    const at = file.resolve(value[path]);
    found[part === 'certificate' ? 'certFile' : 'keyFile'] = at;
    try {
      found[part] = readFileSync(at, 'utf8');
    } catch (error) {
      found.problem ??= `${at} cannot be read (${(error as NodeJS.ErrnoException).code})`;
    }
  }
  return found.certificate === undefined && found.certFile === undefined ? undefined : found;
}

const encode = (pem: string): string => Buffer.from(pem).toString('base64');

/**
 * What has to be written for a user to have another certificate, in the place where it has one now: in the kubeconfig,
 * in files beside it, or in one file for both as kubelet keeps them. Without a key, the key stays. The kubeconfig is
 * changed in memory only.
 */
export function withClientCertificate(
  file: KubeconfigFile,
  user: string,
  next: { certificate: string; key?: string },
): FileChange[] {
  const now = clientCertificateOf(file, user) ?? {};
  const changes: FileChange[] = [];
  let embedded = false;
  if (now.certFile !== undefined && now.certFile === now.keyFile)
    return [
      { path: now.certFile, content: `${next.certificate}${next.key ?? keyBlock(now.key)}`, mode: 0o600 },
    ];
  if (next.key !== undefined) {
    if (now.keyFile !== undefined) changes.push({ path: now.keyFile, content: next.key, mode: 0o600 });
    else {
      file.set('users', user, 'client-key-data', encode(next.key));
      embedded = true;
    }
  }
  if (now.certFile !== undefined)
    changes.push({ path: now.certFile, content: next.certificate, mode: 0o600 });
  else {
    file.set('users', user, 'client-certificate-data', encode(next.certificate));
    embedded = true;
  }
  if (embedded) changes.push({ path: file.path, content: file.text, mode: 0o600 });
  return changes;
}

function keyBlock(pem = ''): string {
  const block = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?-----END \1-----/.exec(pem)?.[0];
  return block === undefined ? '' : `${block}\n`;
}

/** The PEM of whom a cluster entry is verified by; undefined where the machine's own roots are, or the file can't be read. */
export function authorityOf(file: KubeconfigFile, cluster: string): string | undefined {
  const value = file.value('clusters', cluster);
  const data = value?.['certificate-authority-data'];
  if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const path = value?.['certificate-authority'];
  if (typeof path !== 'string' || path === '') return undefined;
  try {
    return readFileSync(file.resolve(path), 'utf8');
  } catch {
    return undefined;
  }
}

/** Puts another authority into a cluster entry that embeds one; false where a file is named, which is kept elsewhere. */
export function setAuthority(file: KubeconfigFile, cluster: string, pem: string): boolean {
  const value = file.value('clusters', cluster);
  if (typeof value?.['certificate-authority-data'] !== 'string') return false;
  file.set('clusters', cluster, 'certificate-authority-data', encode(pem));
  return true;
}
