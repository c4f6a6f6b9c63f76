import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../meta/clock.ts';
import { readAuthority } from '../../pki/folder-certificates.ts';
import { commonName, expiryOf, readCertificates, readPrivateKey } from '../../pki/issued-certificate.ts';
import {
  authorityOf,
  clientCertificateOf,
  setAuthority,
  withClientCertificate,
} from '../../pki/kubeconfig-credentials.ts';
import { type FileChange, KubeconfigFile } from '../../pki/kubeconfig-file.ts';
import { sharesCertificate } from '../../pki/renew-authority.ts';
import { applyChanges, unwritable } from '../../pki/renewal.ts';
import { refusalOfApi, renewByApi } from '../certs/certificate-api.ts';
import { kubeconfigPaths } from '../certs/check-expiration.ts';
import { kubeadmTime } from '../certs/expiration-output.ts';
import { type FolderFlags, requiredLayout, withFolderFlags } from '../certs/folder-flags.ts';
import { spanArgument } from '../certs/span.ts';
import { guarded, type Terminal } from '../certs/terminal.ts';
import { ClusterClient } from '../cluster-client.ts';
import { issuingAuthority } from './cluster-of.ts';

export interface RenewKubeconfigFlags extends FolderFlags {
  user?: string;
  context?: string;
  ttl: number;
  rotateKeys?: boolean;
  dryRun?: boolean;
  kubeconfig?: string;
  timeout: number;
}

/** `sallyport kubeconfig renew [FILE]`. */
export function registerRenewKubeconfig(command: Command, terminal: Terminal): void {
  withFolderFlags(
    command
      .command('renew')
      .description('issue the client certificate of a kubeconfig anew, for the same user and groups')
      .argument(
        '[file|name]',
        'the kubeconfig, or whose certificate in $KUBECONFIG or ~/.kube/config; without, that of its current context',
      ),
  )
    .option('--context <name>', 'the user of this context, in place of the current one')
    .option('--user <name>', 'this user of the kubeconfig')
    .option('--ttl <time>', 'how long it is good for', spanArgument, spanArgument('365d'))
    .option('--rotate-keys', 'with a new key; without, the key stays')
    .option('--kubeconfig <file>', 'who asks the API, where the certificate to renew does not count any more')
    .option('--timeout <time>', 'how long to wait for an approval', spanArgument, spanArgument('2m'))
    .option('--dry-run', 'show what would be done, and write nothing')
    .addHelpText(
      'after',
      `
With --data-dir or --cert-dir the CA in that folder issues it, also for one that has expired; without, the API does.

Examples:
  sallyport kubeconfig renew jane.kubeconfig
  sallyport kubeconfig renew ~/.kube/config --context prod --cert-dir /etc/kubernetes/pki
  sallyport kubeconfig renew jane.kubeconfig --kubeconfig admin.kubeconfig     when jane's has expired`,
    )
    .action((what: string | undefined, flags: RenewKubeconfigFlags) =>
      guarded(terminal, () => {
        const { path, user } = meant(what);
        return renewKubeconfig(
          path,
          user === undefined ? flags : { ...flags, user },
          terminal,
          systemClock.now,
        );
      }),
    );
}

/** A file, or a user: by the name of a kubeconfig's entry, or by the one that its certificate bears. */
export function meant(
  what: string | undefined,
  paths: readonly string[] = kubeconfigPaths(),
): { path: string; user?: string } {
  if (what === undefined) return { path: paths[0]! };
  if (existsSync(what) || what.includes('/')) return { path: what };
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const file = KubeconfigFile.read(path);
    const names = file.entries('users').map(({ name }) => name);
    const user = names.includes(what) ? what : names.find((name) => certificateName(file, name) === what);
    if (user !== undefined) return { path, user };
  }
  throw new Error(`there is neither a file ${what}, nor a user of that name in ${paths.join(', ')}`);
}

function certificateName(file: KubeconfigFile, user: string): string | undefined {
  try {
    const pem = clientCertificateOf(file, user)?.certificate;
    return pem === undefined ? undefined : commonName(readCertificates(pem)[0]!);
  } catch {
    return undefined;
  }
}

/** Renews; resolves to the exit code. Rejects with an Error that says what is in the way. */
export async function renewKubeconfig(
  path: string,
  flags: RenewKubeconfigFlags,
  terminal: Terminal,
  clock: () => number,
): Promise<number> {
  const file = KubeconfigFile.read(path);
  const user = userOf(file, flags);
  const client = clientCertificateOf(file, user);
  if (!client)
    throw new Error(
      `user ${user} of ${path} shows no certificate: there is nothing to renew${otherCredential(file, user)}`,
    );
  if (client.problem !== undefined || client.certificate === undefined)
    throw new Error(client.problem ?? 'it has no certificate');
  if (client.key === undefined) throw new Error(`user ${user} of ${path} has no key`);
  const before = readCertificates(client.certificate)[0]!;
  const key = flags.rotateKeys
    ? (await import('../../pki/reissue-certificate.ts')).newKeyLike(readPrivateKey(client.key))
    : client.key;
  const parts = { file, path, user, certificate: client.certificate, key };
  const byFolder = flags.dataDir ?? flags.certDir ?? flags.kubeconfigDir;
  const made =
    byFolder !== undefined
      ? await fromFolder(parts, flags, clock())
      : await fromApi(parts, flags, terminal, clock);
  if (made === undefined) {
    terminal.write(
      `${user}: would be renewed through the API (is good until ${kubeadmTime(expiryOf(before))})\n`,
    );
    return 0;
  }
  const changes = withClientCertificate(file, user, {
    certificate: made.certificate,
    ...(flags.rotateKeys ? { key } : {}),
  });
  if (made.trusted) addOwn(changes, file);
  const inTheWay = unwritable(changes);
  if (inTheWay) throw new Error(`${inTheWay}; nothing was changed`);
  const until = kubeadmTime(expiryOf(readCertificates(made.certificate)[0]!));
  if (flags.dryRun) {
    terminal.write(
      `${user}: would be renewed until ${until} (is good until ${kubeadmTime(expiryOf(before))})\n`,
    );
    return 0;
  }
  const backups = join(dirname(resolve(path)), 'sallyport-backup');
  const backup = applyChanges(changes, { backups }, clock());
  terminal.write(`${user}: renewed until ${until} (was ${kubeadmTime(expiryOf(before))})\n`);
  if (backup) terminal.write(`The old files are in ${backup}.\n`);
  return 0;
}

interface Parts {
  file: KubeconfigFile;
  path: string;
  user: string;
  certificate: string;
  key: string;
}

async function fromFolder(
  { file, user, certificate, key }: Parts,
  flags: RenewKubeconfigFlags,
  now: number,
): Promise<{ certificate: string; trusted: boolean }> {
  const layout = requiredLayout(flags);
  const authority = issuingAuthority(layout, now, now + flags.ttl);
  const { reissueCertificate } = await import('../../pki/reissue-certificate.ts');
  const made = await reissueCertificate({
    certificate,
    key: readPrivateKey(key),
    authority,
    notBefore: now - 5 * 60_000,
    notAfter: now + flags.ttl,
  });
  const { pem } = readAuthority(layout.authorities.find(({ name }) => name === 'ca')!);
  const clusters = file
    .entries('contexts')
    .map(({ name }) => file.context(name)!)
    .filter((context) => context.user === user)
    .map(({ cluster }) => cluster);
  let trusted = false;
  for (const cluster of new Set(clusters)) {
    const known = authorityOf(file, cluster);
    // A CA that was renewed has another certificate of the same key; one that is exchanged comes beside the old one.
    if (known !== undefined && known !== pem && (sharesCertificate(known, pem) || sameKey(known, pem)))
      trusted = setAuthority(file, cluster, pem) || trusted;
  }
  return { certificate: made, trusted };
}

function sameKey(one: string, other: string): boolean {
  try {
    const keys = (pem: string): string[] =>
      readCertificates(pem).map(({ publicKey }) =>
        publicKey.export({ type: 'spki', format: 'der' }).toString('hex'),
      );
    const known = keys(other);
    return keys(one).some((key) => known.includes(key));
  } catch {
    return false;
  }
}

async function fromApi(
  { path, user, certificate, key }: Parts,
  flags: RenewKubeconfigFlags,
  terminal: Terminal,
  clock: () => number,
): Promise<{ certificate: string; trusted: false } | undefined> {
  const refusal = refusalOfApi(certificate);
  if (refusal) throw new Error(`${refusal}: --data-dir or --cert-dir`);
  const asking = flags.kubeconfig ?? path;
  if (asking === path && expiryOf(readCertificates(certificate)[0]!) <= clock())
    throw new Error(
      `the certificate of ${user} has expired, so it can't ask for another itself: give a kubeconfig that still counts (--kubeconfig), or the folder of the CA (--data-dir or --cert-dir)`,
    );
  if (flags.dryRun) return undefined;
  const client = new ClusterClient(asking, asking === path ? flags.context : undefined);
  try {
    const made = await renewByApi(certificate, key, user, {
      client,
      validityMs: flags.ttl,
      timeoutMs: flags.timeout,
      tell: terminal.tell,
      wait: (ms) => new Promise((done) => setTimeout(done, ms)),
      clock,
    });
    return { certificate: made, trusted: false };
  } finally {
    client.close();
  }
}

/** The kubeconfig itself is to be written, once, with all that was set in it. */
function addOwn(changes: FileChange[], file: KubeconfigFile): void {
  if (!changes.some(({ path }) => path === file.path))
    changes.push({ path: file.path, content: file.text, mode: 0o600 });
}

function userOf(file: KubeconfigFile, { user, context }: RenewKubeconfigFlags): string {
  if (user !== undefined) {
    if (!file.value('users', user)) throw new Error(`${file.path} has no user ${user}`);
    return user;
  }
  const name = context ?? file.currentContext;
  const found = file.context(name);
  if (!found)
    throw new Error(
      name === ''
        ? `${file.path} has no current-context: name one by --context, or a user by --user`
        : `${file.path} has no context ${name}`,
    );
  return found.user;
}

function otherCredential(file: KubeconfigFile, user: string): string {
  const value = file.value('users', user) ?? {};
  if (value.token || value.tokenFile) return ' (it has a token: kubectl create token makes another)';
  if (value.exec) return ' (it signs in by a plugin, which renews its own)';
  return '';
}
