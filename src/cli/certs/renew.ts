import type { Command } from 'commander';
import { systemClock } from '../../meta/clock.ts';
import type { CertificateLayout, CertificateSlot } from '../../pki/certificate-layout.ts';
import { readCertificate } from '../../pki/folder-certificates.ts';
import { expiryOf } from '../../pki/issued-certificate.ts';
import { applyChanges, leftBehind, planRenewal, type RenewalPlan, unwritable } from '../../pki/renewal.ts';
import { ClusterClient } from '../cluster-client.ts';
import { renewByApi } from './certificate-api.ts';
import { kubeconfigPaths } from './check-expiration.ts';
import { kubeadmTime } from './expiration-output.ts';
import { type FolderFlags, requiredLayout, withFolderFlags } from './folder-flags.ts';
import { spanArgument } from './span.ts';
import { guarded, type Terminal } from './terminal.ts';

export interface RenewFlags extends FolderFlags {
  validity: number;
  rotateKeys?: boolean;
  allowShorter?: boolean;
  dryRun?: boolean;
  useApi?: boolean;
  csr?: boolean;
  kubeconfig?: string;
  context?: string;
  timeout: number;
  within?: number;
}

type Renewed = Extract<RenewalPlan, { kind: 'renew' }>;

/** `sallyport certs renew all|NAME…`. */
export function registerRenew(certs: Command, terminal: Terminal): void {
  withFolderFlags(
    certs
      .command('renew')
      .description(
        'issue certificates anew: the same subject, names and usages, from the CA in the folder or through the API',
      )
      .argument('<names...>', 'all, or the names that check-expiration shows'),
  )
    .option('--validity <time>', 'how long they are good for', spanArgument, spanArgument('365d'))
    .option(
      '--within <time>',
      'only what expires within that time, or has expired; the rest is left alone (for timers)',
      spanArgument,
    )
    .option('--rotate-keys', 'with new keys; without, the keys stay')
    .option('--allow-shorter', 'take a certificate that ends with its CA, where the CA ends first')
    .option('--use-api', 'have them signed through the API (certificates.k8s.io), without the key of the CA')
    .option('--csr', 'the same as --use-api')
    .option('--kubeconfig <file>', 'whose API to ask, with --use-api')
    .option('--context <name>', 'another context of that kubeconfig than its current one')
    .option(
      '--timeout <time>',
      'how long to wait for an approval, with --use-api',
      spanArgument,
      spanArgument('2m'),
    )
    .option('--dry-run', 'show what would be done, and write nothing')
    .addHelpText(
      'after',
      `
Old files go to a backup folder first. Each file is replaced whole or not at all.

Examples:
  sallyport certs renew all --data-dir ./sallyport-data
  sudo sallyport certs renew apiserver admin.conf --dry-run
  sudo sallyport certs renew all --rotate-keys --validity 180d
  sallyport certs renew all --within 30d --data-dir /var/lib/sallyport     from a timer`,
    )
    .action((names: string[], flags: RenewFlags) =>
      guarded(terminal, () => renew(names, flags, terminal, systemClock.now)),
    );
}

/** Renews, and resolves to the exit code: 1 where something that was asked for is still old. */
export async function renew(
  names: readonly string[],
  flags: RenewFlags,
  terminal: Terminal,
  clock: () => number,
): Promise<number> {
  const layout = requiredLayout(flags);
  const { slots: named, all } = chosen(layout, names);
  // kubelet renews its own while that is good, and kubeadm leaves it to that, too.
  const slots = named.filter((slot) =>
    isDue(slot, all && slot.name === 'kubelet.conf' ? 0 : flags.within, clock()),
  );
  if (slots.length === 0) {
    terminal.write('Nothing is due.\n');
    return 0;
  }
  const client = flags.useApi || flags.csr ? apiClient(layout, flags) : undefined;
  const plans: RenewalPlan[] = [];
  try {
    for (const [index, slot] of slots.entries()) {
      if (terminal.progress) terminal.tell(`\r\x1b[K${index + 1} of ${slots.length}: ${slot.name}`);
      plans.push(await planOf(layout, slot, flags, terminal, clock, client));
    }
  } finally {
    client?.close();
    if (terminal.progress) terminal.tell('\r\x1b[K');
  }
  const ready = plans.filter((plan): plan is Renewed => plan.kind === 'renew');
  const changes = ready.flatMap((plan) => plan.changes);
  let backup: string | undefined;
  if (flags.dryRun) {
    const inTheWay = unwritable(changes);
    if (inTheWay) throw new Error(`${inTheWay}; nothing was changed`);
  } else if (changes.length) backup = applyChanges(changes, layout, clock());
  const failed = (plan: RenewalPlan): boolean => plan.kind === 'refused' || (plan.kind === 'missing' && !all);
  // What failed is what a timer's mail has to say.
  for (const plan of plans)
    (failed(plan) ? terminal.tell : terminal.write)(lineOf(plan, all, flags.dryRun ?? false));
  terminal.write(afterwards(layout, ready, backup, flags));
  return plans.some(failed) ? 1 : 0;
}

/** What can't be read is due: renewing it says what is wrong. */
function isDue(slot: CertificateSlot, within: number | undefined, now: number): boolean {
  if (within === undefined) return true;
  const { certificate, state } = readCertificate(slot);
  return state !== 'missing' && (certificate === undefined || expiryOf(certificate) <= now + within);
}

/** With --dry-run no request is made to an API, and no key for it. */
function planOf(
  layout: CertificateLayout,
  slot: CertificateSlot,
  flags: RenewFlags,
  terminal: Terminal,
  clock: () => number,
  client: ClusterClient | undefined,
): Promise<RenewalPlan> {
  const options = {
    validityMs: flags.validity,
    now: clock(),
    rotateKeys: flags.rotateKeys ?? false,
    allowShorter: flags.allowShorter ?? false,
  };
  if (!client) return planRenewal(layout, slot, options);
  return planRenewal(layout, slot, {
    ...options,
    sign: async (certificate, key) => {
      if (flags.dryRun) {
        const { refusalOfApi } = await import('./certificate-api.ts');
        const refusal = refusalOfApi(certificate);
        if (refusal) throw new Error(refusal);
        return certificate;
      }
      return renewByApi(certificate, key, slot.name, {
        client,
        validityMs: flags.validity,
        timeoutMs: flags.timeout,
        tell: terminal.tell,
        wait: (ms) => new Promise((done) => setTimeout(done, ms)),
        clock,
      });
    },
  });
}

function apiClient(layout: CertificateLayout, flags: RenewFlags): ClusterClient {
  const path = flags.kubeconfig ?? layout.adminKubeconfig ?? kubeconfigPaths()[0]!;
  return new ClusterClient(path, flags.context);
}

function chosen(
  layout: CertificateLayout,
  names: readonly string[],
): { slots: CertificateSlot[]; all: boolean } {
  if (names.includes('all')) {
    if (names.length > 1) throw new Error('give either all, or names');
    return { slots: [...layout.certificates], all: true };
  }
  const slots = names.map((name) => {
    const slot = layout.certificates.find((one) => one.name === name);
    if (slot) return slot;
    if (layout.authorities.some((one) => one.name === name))
      throw new Error(
        `${name} is a CA: sallyport certs recover renews it with its key, sallyport certs rotate-ca exchanges it`,
      );
    throw new Error(
      `there is no certificate ${name}; there are ${layout.certificates.map((one) => one.name).join(', ')}`,
    );
  });
  return { slots: [...new Set(slots)], all: false };
}

function lineOf(plan: RenewalPlan, all: boolean, dryRun: boolean): string {
  const { name } = plan.slot;
  if (plan.kind === 'missing')
    return all
      ? `${name}: is not here, left out\n`
      : `${name}: NOT RENEWED, it is not here (${plan.slot.certFile})\n`;
  if (plan.kind === 'refused') return `${name}: NOT RENEWED, ${plan.reason}\n`;
  const shorter = plan.shortened ? `, no longer: its CA ${plan.slot.authority} ends then` : '';
  const until = dryRun ? 'would be renewed' : `renewed until ${kubeadmTime(plan.notAfter)}`;
  return `${name}: ${until} (was ${kubeadmTime(plan.before)})${shorter}\n`;
}

function afterwards(
  layout: CertificateLayout,
  ready: readonly Renewed[],
  backup: string | undefined,
  flags: RenewFlags,
): string {
  const renewed = ready.map(({ slot }) => slot);
  if (renewed.length === 0) return '\nNothing was changed.\n';
  const lines: string[] = [''];
  if (flags.dryRun)
    lines.push(
      'Nothing was changed (--dry-run). These files would be:',
      ...ready.flatMap(({ changes }) => changes.map(({ path }) => `  ${path}`)),
    );
  if (backup) lines.push(`The old files are in ${backup}.`);
  lines.push(...setWords(layout, renewed), ...restartWords(layout, renewed));
  return `${lines.join('\n')}\n`;
}

/** Says aloud what belongs to what was renewed, and is left old. */
export function setWords(layout: CertificateLayout, renewed: readonly CertificateSlot[]): string[] {
  return leftBehind(layout, renewed).map(
    ({ slot, of }) =>
      `Note: ${slot.name} belongs together with ${of.name} and is as old as before: sallyport certs renew ${slot.name}`,
  );
}

/** Who has to be told of new certificates. */
export function restartWords(layout: CertificateLayout, renewed: readonly CertificateSlot[]): string[] {
  if (layout.kind === 'sallyport') return ['A running Sallyport takes them up by itself.'];
  const restart = [...new Set(renewed.flatMap((slot) => slot.restart))];
  const words: string[] = [];
  const pods = restart.filter((name) => name !== 'kubelet');
  if (pods.length)
    words.push(
      `Restart ${listed(pods)}, which until then use the old certificates. As static pods: move their manifests out of /etc/kubernetes/manifests, wait 20 s, and move them back.`,
    );
  if (restart.includes('kubelet')) words.push('Restart kubelet: systemctl restart kubelet.');
  if (renewed.some(({ name }) => name === 'admin.conf'))
    words.push('Copies of admin.conf, such as ~/.kube/config, are still the old one: copy it again.');
  words.push('A Sallyport that runs on these files takes them up by itself.');
  return words;
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
