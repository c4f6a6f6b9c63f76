import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../../meta/clock.ts';
import { MASTERS } from '../../meta/user.ts';
import { expiryOf, readCertificates, readPrivateKey } from '../../pki/issued-certificate.ts';
import { newKubeconfig } from '../../pki/new-kubeconfig.ts';
import { replaceFile } from '../../pki/replace-file.ts';
import { signByApi } from '../certs/certificate-api.ts';
import { kubeconfigPaths } from '../certs/check-expiration.ts';
import { kubeadmTime } from '../certs/expiration-output.ts';
import { type FolderFlags, requiredLayout, withFolderFlags } from '../certs/folder-flags.ts';
import { spanArgument } from '../certs/span.ts';
import { guarded, type Terminal } from '../certs/terminal.ts';
import { ClusterClient } from '../cluster-client.ts';
import { type ClusterPlace, clusterOfFolder, clusterOfKubeconfig, issuingAuthority } from './cluster-of.ts';

export interface CreateFlags extends FolderFlags {
  user: string;
  group: string[];
  ttl: number;
  out: string;
  force?: boolean;
  server?: string;
  kubeconfig?: string;
  context?: string;
  namespace?: string;
  timeout: number;
}

const DAY_MS = 86_400_000;
const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** `sallyport kubeconfig create`. */
export function registerCreate(command: Command, terminal: Terminal): void {
  withFolderFlags(
    command
      .command('create')
      .description(
        'a kubeconfig with a client certificate for a user and groups: through the API, or from the CA in a folder',
      ),
  )
    .requiredOption('--user <name>', 'the user (common name of the certificate)')
    .option('--group <name>', 'a group (organization); may be repeated', collect, [])
    .option('--ttl <time>', 'how long it is good for', spanArgument, spanArgument('1d'))
    .requiredOption('--out <file>', 'the kubeconfig to write, for its owner alone (0600)')
    .option('--force', 'write over a file that is there')
    .option('--namespace <name>', 'the namespace of its context')
    .option('--server <url>', 'where the server is, if not where the kubeconfig at hand has it')
    .option('--kubeconfig <file>', 'who asks the API; without a folder, and $KUBECONFIG without it')
    .option('--context <name>', 'another context of it than its current one')
    .option('--timeout <time>', 'how long to wait for an approval', spanArgument, spanArgument('2m'))
    .addHelpText(
      'after',
      `
Examples:
  sallyport kubeconfig create --user jane --group developers --ttl 30d --out jane.kubeconfig
  sallyport kubeconfig create --user ci --ttl 8h --data-dir ./sallyport-data --out ci.kubeconfig

What the user may do is up to RBAC: kubectl create rolebinding … --user jane.`,
    )
    .action((flags: CreateFlags) => guarded(terminal, () => create(flags, terminal, systemClock.now)));
}

/** Writes the kubeconfig; resolves to the exit code. Rejects with an Error that says what is in the way. */
export async function create(flags: CreateFlags, terminal: Terminal, clock: () => number): Promise<number> {
  checkName(flags.user);
  for (const group of flags.group) checkName(group);
  if (existsSync(flags.out) && !flags.force)
    throw new Error(`${flags.out} is there already: give another --out, or --force to write over it`);
  const byFolder = flags.dataDir ?? flags.certDir ?? flags.kubeconfigDir;
  const made =
    byFolder !== undefined ? await fromAuthority(flags, clock()) : await fromApi(flags, terminal, clock);
  const text = newKubeconfig({
    cluster: made.place.name,
    user: flags.user,
    server: flags.server ?? made.place.server,
    ...(made.place.ca === undefined ? {} : { ca: made.place.ca }),
    certificate: made.certificate,
    key: made.key,
    ...(flags.namespace === undefined ? {} : { namespace: flags.namespace }),
  });
  replaceFile(flags.out, text, 0o600, true);
  const groups = flags.group.length ? ` in ${flags.group.join(', ')}` : '';
  terminal.write(
    `${flags.out}: ${flags.user}${groups}, good until ${kubeadmTime(expiryOf(readCertificates(made.certificate)[0]!))}\n`,
  );
  return 0;
}

interface Made {
  place: ClusterPlace;
  certificate: string;
  key: string;
}

async function fromAuthority(flags: CreateFlags, now: number): Promise<Made> {
  if (flags.group.includes(MASTERS))
    throw new Error(
      `${MASTERS} passes every authorizer and cannot be taken away: sallyport kubeconfig break-glass issues it for hours, with a reason, and notes it`,
    );
  const layout = requiredLayout(flags);
  const place = clusterOfFolder(layout, flags.server);
  const { issueCertificate } = await import('../../pki/authority.ts');
  const made = await issueCertificate(
    { commonName: flags.user, organizations: flags.group, usages: ['client'], days: flags.ttl / DAY_MS },
    now,
    issuingAuthority(layout, now, now + flags.ttl),
  );
  return { place, ...made };
}

async function fromApi(flags: CreateFlags, terminal: Terminal, clock: () => number): Promise<Made> {
  if (flags.group.includes(MASTERS))
    throw new Error(
      `the API issues nothing for ${MASTERS}: sallyport kubeconfig break-glass does, from the CA in a folder`,
    );
  const path = flags.kubeconfig ?? kubeconfigPaths()[0]!;
  const place = clusterOfKubeconfig(path, flags.context);
  const client = new ClusterClient(path, flags.context);
  try {
    const { newKey } = await import('../../pki/authority.ts');
    const { requestFor } = await import('../../pki/reissue-certificate.ts');
    const { key } = newKey();
    const request = await requestFor(flags.user, flags.group, readPrivateKey(key));
    const certificate = await signByApi(request, flags.user, {
      client,
      validityMs: flags.ttl,
      timeoutMs: flags.timeout,
      tell: terminal.tell,
      wait: (ms) => new Promise((done) => setTimeout(done, ms)),
      clock,
    });
    const notAfter = expiryOf(readCertificates(certificate)[0]!);
    // A signer may give less (--cluster-signing-duration).
    if (notAfter < clock() + flags.ttl - 10 * 60_000)
      terminal.tell(`Note: the signer gives no more than until ${kubeadmTime(notAfter)}\n`);
    return { place, certificate, key };
  } finally {
    client.close();
  }
}

/** A common name holds 64 characters (RFC 5280 appendix A.1, ub-common-name). */
function checkName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (name === '' || /[\x00-\x1f\x7f]/.test(name))
    throw new Error('a user or group has a name of printable characters');
  if (name.length > 64) throw new Error(`${name} is longer than the 64 characters that a certificate holds`);
}
