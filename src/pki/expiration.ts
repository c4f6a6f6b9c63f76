import { existsSync, readFileSync } from 'node:fs';
import { readBreakGlassList } from './break-glass-list.ts';
import type { CertificateLayout } from './certificate-layout.ts';
import { type FoundAuthority, readFolder } from './folder-certificates.ts';
import { expiryOf, readCertificates } from './issued-certificate.ts';
import { authorityOf, clientCertificateOf } from './kubeconfig-credentials.ts';
import { KubeconfigFile } from './kubeconfig-file.ts';

/** Something that expires, or was to be looked at and could not be. */
export interface Expiration {
  /** The folder, kubeconfig or context where it is. */
  source: string;
  kind:
    | 'certificate'
    | 'authority'
    | 'client-certificate'
    | 'serving-certificate'
    | 'token'
    | 'service-account-token'
    | 'bootstrap-token'
    | 'exec-plugin'
    | 'break-glass'
    | 'cluster';
  name: string;
  /** Milliseconds since 1970; undefined where it is not known, or never. */
  expires?: number;
  /** True where it lives until it is taken away. */
  never?: boolean;
  /** The CA that issued it. */
  authority?: string;
  /** Whether that CA's key is elsewhere. */
  externallyManaged?: boolean;
  /** What stops working when it expires. */
  breaks?: string;
  missing?: boolean;
  /** What is wrong with it besides its time. */
  problem?: string;
}

/** The certificates, CAs and emergency certificates of a folder. Never throws for what is in it. */
export function folderExpirations(layout: CertificateLayout): Expiration[] {
  const { certificates, authorities } = readFolder(layout);
  const source = layout.folder;
  const external = (name: string): boolean => isExternal(authorities.find(({ slot }) => slot.name === name));
  const rows: Expiration[] = certificates.map(({ slot, state, certificate, problem }) => ({
    source,
    kind: 'certificate',
    name: slot.name,
    ...(certificate ? { expires: expiryOf(certificate) } : {}),
    authority: slot.authority,
    externallyManaged: external(slot.authority),
    breaks: slot.breaks,
    ...(state === 'missing' ? { missing: true } : {}),
    ...(problem === undefined ? {} : { problem }),
  }));
  for (const authority of authorities) {
    const { slot, state, certificates: all, problem } = authority;
    const about = { source, kind: 'authority' as const, breaks: slot.breaks };
    if (state !== 'found') {
      const what = state === 'missing' ? { missing: true } : { problem: problem ?? 'it cannot be read' };
      rows.push({ ...about, name: slot.name, ...what });
      continue;
    }
    // While a CA is exchanged there are two; each has its own time.
    for (const certificate of all)
      rows.push({
        ...about,
        name: all.length === 1 ? slot.name : `${slot.name} (${certificate.subject.replaceAll('\n', ', ')})`,
        expires: expiryOf(certificate),
        externallyManaged: isExternal(authority),
        ...(problem === undefined ? {} : { problem }),
      });
  }
  return [...rows, ...breakGlassExpirations(layout)];
}

const isExternal = (authority: FoundAuthority | undefined): boolean =>
  authority?.state === 'found' && authority.key === undefined;

function breakGlassExpirations({ folder, breakGlassList }: CertificateLayout): Expiration[] {
  const about = { source: folder, kind: 'break-glass' as const };
  try {
    return readBreakGlassList(breakGlassList).map(({ user, expires, reason, by }) => ({
      ...about,
      name: user,
      expires: Date.parse(expires),
      authority: 'ca',
      breaks: `nothing: it was handed out to ${by} for an emergency (${reason})`,
    }));
  } catch (error) {
    return [{ ...about, name: 'break-glass.json', problem: (error as Error).message }];
  }
}

/** What the users of a kubeconfig show, and the authorities it embeds. Never throws for what is in it. */
export function kubeconfigExpirations(path: string): Expiration[] {
  let file: KubeconfigFile;
  try {
    file = KubeconfigFile.read(path);
  } catch (error) {
    return [{ source: path, kind: 'client-certificate', name: path, problem: (error as Error).message }];
  }
  const contexts = file.entries('contexts').map(({ name }) => ({ name, ...file.context(name)! }));
  const used = (by: 'user' | 'cluster', name: string): string => {
    const names = contexts.filter((context) => context[by] === name).map((context) => context.name);
    return names.length ? `kubectl with context ${names.join(', ')}` : 'kubectl with it (no context uses it)';
  };
  const users = [...new Set(file.entries('users').map(({ name }) => name))];
  const clusters = [...new Set(file.entries('clusters').map(({ name }) => name))];
  return [
    ...users.flatMap((user) => userExpirations(file, user, path, `${used('user', user)} gets Unauthorized`)),
    ...clusters.flatMap((cluster) =>
      authorityExpirations(file, cluster, path, `${used('cluster', cluster)} can't verify the server`),
    ),
  ];
}

/** What one user of a kubeconfig shows to a server: a certificate, a token, or what a plugin gives. */
export function userExpirations(
  file: KubeconfigFile,
  user: string,
  source: string,
  breaks: string,
): Expiration[] {
  const value = file.value('users', user) ?? {};
  const rows: Expiration[] = [];
  const client = clientCertificateOf(file, user);
  if (client) {
    const about = { source, kind: 'client-certificate' as const, name: user, breaks };
    try {
      if (client.certificate === undefined) throw new Error(client.problem);
      const certificate = readCertificates(client.certificate)[0]!;
      rows.push({
        ...about,
        expires: expiryOf(certificate),
        authority: certificate.issuer.replaceAll('\n', ', '),
      });
    } catch (error) {
      rows.push({ ...about, problem: (error as Error).message });
    }
  }
  const token = tokenOf(file, value);
  if (token) rows.push({ source, kind: 'token', name: user, breaks, ...token });
  if (value.exec)
    rows.push({
      source,
      kind: 'exec-plugin',
      name: `${user} (${String((value.exec as { command?: unknown }).command ?? 'no command')})`,
      breaks: 'its credentials come from a plugin, which is not run here',
    });
  if (value['auth-provider'])
    rows.push({
      source,
      kind: 'exec-plugin',
      name: `${user} (auth-provider ${String((value['auth-provider'] as { name?: unknown }).name ?? '')})`,
      breaks: 'its credentials come from a plugin, which is not run here',
    });
  return rows;
}

function authorityExpirations(
  file: KubeconfigFile,
  cluster: string,
  source: string,
  breaks: string,
): Expiration[] {
  const pem = authorityOf(file, cluster);
  if (pem === undefined) return [];
  const about = { source, kind: 'authority' as const, breaks };
  try {
    return readCertificates(pem).map((certificate) => ({
      ...about,
      name: `${cluster} (${certificate.subject.replaceAll('\n', ', ')})`,
      expires: expiryOf(certificate),
    }));
  } catch (error) {
    return [{ ...about, name: cluster, problem: `its certificate-authority: ${(error as Error).message}` }];
  }
}

function tokenOf(
  file: KubeconfigFile,
  value: Record<string, unknown>,
): Pick<Expiration, 'expires' | 'never' | 'problem'> | undefined {
  let token = typeof value.token === 'string' ? value.token : '';
  if (token === '' && typeof value.tokenFile === 'string' && value.tokenFile !== '') {
    const path = file.resolve(value.tokenFile);
    if (!existsSync(path)) return { problem: `${path} is not there` };
    try {
      token = readFileSync(path, 'utf8').trim();
    } catch (error) {
      return { problem: `${path} cannot be read (${(error as NodeJS.ErrnoException).code})` };
    }
  }
  return token === '' ? undefined : tokenExpiry(token);
}

/** When a token says that it ends (RFC 7519 exp). One without, or that says nothing readable, is good until it is revoked. */
export function tokenExpiry(token: string): { expires: number } | { never: true } {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      exp?: unknown;
    };
    if (typeof claims?.exp === 'number' && Number.isFinite(claims.exp)) return { expires: claims.exp * 1000 };
  } catch {
    // Not every token is a JWT.
  }
  return { never: true };
}
