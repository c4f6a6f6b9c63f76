import type { Command } from 'commander';
import { systemClock } from '../../meta/clock.ts';
import type { AuthoritySlot, CertificateLayout, CertificateSlot } from '../../pki/certificate-layout.ts';
import { folderExpirations } from '../../pki/expiration.ts';
import { readAuthority, readFolder } from '../../pki/folder-certificates.ts';
import { expiryOf } from '../../pki/issued-certificate.ts';
import { renewAuthority } from '../../pki/renew-authority.ts';
import { applyChanges, planRenewal, type RenewalPlan } from '../../pki/renewal.ts';
import { kubeadmTime, tableText } from './expiration-output.ts';
import { type FolderFlags, requiredLayout, withFolderFlags } from './folder-flags.ts';
import { restartWords } from './renew.ts';
import { spanArgument } from './span.ts';
import { guarded, type Terminal } from './terminal.ts';
import { folderFaults, verifyServer } from './verify.ts';

export interface RecoverFlags extends FolderFlags {
  yes?: boolean;
  within: number;
  validity: number;
  caValidity: number;
}

export interface RecoverParts {
  clock(): number;
  wait(ms: number): Promise<void>;
}

/** `sallyport certs recover`. */
export function registerRecover(certs: Command, terminal: Terminal): void {
  withFolderFlags(
    certs
      .command('recover')
      .description(
        'put a cluster right whose certificates have expired: step by step, without the API, verified at the end',
      ),
  )
    .option('--yes', 'take every step without asking')
    .option(
      '--within <time>',
      'renew as well what expires within that time',
      spanArgument,
      spanArgument('7d'),
    )
    .option('--validity <time>', 'how long new certificates are good for', spanArgument, spanArgument('365d'))
    .option(
      '--ca-validity <time>',
      'how long a CA that has expired is good for from now',
      spanArgument,
      spanArgument('3650d'),
    )
    .addHelpText(
      'after',
      `
CAs go first, with their names and keys, then what they issue, then the kubeconfigs. What is good is left alone. Every
file that is replaced goes to a backup folder before.

Examples:
  sallyport certs recover --data-dir ./sallyport-data
  sudo sallyport certs recover --cert-dir /etc/kubernetes/pki --yes`,
    )
    .action((flags: RecoverFlags) =>
      guarded(terminal, () =>
        recover(flags, terminal, {
          clock: systemClock.now,
          wait: (ms) => new Promise((done) => setTimeout(done, ms)),
        }),
      ),
    );
}

/** Walks through the recovery; resolves to the exit code, 1 where something is still wrong. */
export async function recover(flags: RecoverFlags, terminal: Terminal, parts: RecoverParts): Promise<number> {
  const layout = requiredLayout(flags);
  if (!flags.yes && !terminal.interactive)
    throw new Error('it asks before each step, and there is no terminal to ask at: --yes takes every step');
  const now = parts.clock();
  terminal.write(`${tableText(folderExpirations(layout), { now, warnMs: 0 })}\n`);
  terminal.write(
    `By the clock of this machine it is ${kubeadmTime(now)}. If that is wrong, set the clock and start again.\n`,
  );
  const authorities = dueAuthorities(layout, now + flags.within);
  const certificates = dueCertificates(layout, now + flags.within, authorities);
  if (authorities.length + certificates.length === 0) {
    terminal.write('\nNothing has to be renewed.\n');
    return verified(layout, terminal, parts);
  }
  const steps = stepsOf(layout, authorities, certificates, flags, parts);
  const renewed: CertificateSlot[] = [];
  let broken = false;
  for (const [index, step] of steps.entries()) {
    terminal.write(`\nStep ${index + 1} of ${steps.length}: ${step.title}\n`);
    if (!flags.yes && !(await terminal.ask('Do it?'))) {
      terminal.write('Left out.\n');
      continue;
    }
    const { lines, done, failed } = await step.run();
    for (const line of lines) terminal.write(`  ${line}\n`);
    renewed.push(...done);
    broken ||= failed;
  }
  terminal.write('\nAfterwards:\n');
  for (const line of afterwards(layout, renewed, authorities)) terminal.write(`  ${line}\n`);
  const code = await verified(layout, terminal, parts);
  return broken ? 1 : code;
}

interface Step {
  title: string;
  run(): Promise<{ lines: string[]; done: CertificateSlot[]; failed: boolean }>;
}

function stepsOf(
  layout: CertificateLayout,
  authorities: readonly AuthoritySlot[],
  certificates: readonly CertificateSlot[],
  flags: RecoverFlags,
  parts: RecoverParts,
): Step[] {
  const renew = (slots: readonly CertificateSlot[]) => async () => {
    const now = parts.clock();
    const plans: RenewalPlan[] = [];
    for (const slot of slots)
      plans.push(
        await planRenewal(layout, slot, {
          validityMs: flags.validity,
          now,
          rotateKeys: false,
          allowShorter: true,
        }),
      );
    const ready = plans.filter((plan) => plan.kind === 'renew');
    const backup = ready.length
      ? applyChanges(
          ready.flatMap(({ changes }) => changes),
          layout,
          now,
        )
      : undefined;
    const lines = plans.map((plan) =>
      plan.kind === 'renew'
        ? `${plan.slot.name}: renewed until ${kubeadmTime(plan.notAfter)}${plan.shortened ? ', no longer: its CA ends then' : ''}`
        : `${plan.slot.name}: NOT RENEWED, ${plan.kind === 'refused' ? plan.reason : 'it is not here'}`,
    );
    return {
      lines: backup ? [...lines, `The old files are in ${backup}.`] : lines,
      done: ready.map(({ slot }) => slot),
      failed: ready.length < plans.length,
    };
  };
  const pairs = certificates.filter(({ kind }) => kind === 'certificate');
  const kubeconfigs = certificates.filter(({ kind }) => kind === 'kubeconfig');
  return [
    ...authorities.map((slot) => ({
      title: `renew the CA ${slot.name}, with the same name and key (${slot.certFile})`,
      run: () => authorityStep(layout, slot, flags, parts),
    })),
    ...(pairs.length
      ? [{ title: `renew ${pairs.map(({ name }) => name).join(', ')}`, run: renew(pairs) }]
      : []),
    ...(kubeconfigs.length
      ? [
          {
            title: `renew the kubeconfigs ${kubeconfigs.map(({ name }) => name).join(', ')}`,
            run: renew(kubeconfigs),
          },
        ]
      : []),
  ];
}

async function authorityStep(
  layout: CertificateLayout,
  slot: AuthoritySlot,
  flags: RecoverFlags,
  parts: RecoverParts,
): ReturnType<Step['run']> {
  try {
    const now = parts.clock();
    const { changes, notAfter } = await renewAuthority(slot, { now, validityMs: flags.caValidity });
    const backup = applyChanges(changes, layout, now);
    return {
      lines: [
        `${slot.name}: renewed until ${kubeadmTime(notAfter)}`,
        ...(backup ? [`The old file is in ${backup}.`] : []),
      ],
      done: [],
      failed: false,
    };
  } catch (error) {
    return { lines: [`${slot.name}: NOT RENEWED, ${(error as Error).message}`], done: [], failed: true };
  }
}

function dueAuthorities(layout: CertificateLayout, before: number): AuthoritySlot[] {
  return layout.authorities.filter((slot) => {
    const { state, certificates, signing } = readAuthority(slot);
    const main = signing ?? certificates[0];
    return state === 'found' && main !== undefined && expiryOf(main) <= before;
  });
}

/** What has expired or is about to, does not fit, or is a kubeconfig that knows the CA by a certificate that is being renewed. */
function dueCertificates(
  layout: CertificateLayout,
  before: number,
  authorities: readonly AuthoritySlot[],
): CertificateSlot[] {
  const renewedCas = new Set(authorities.map(({ name }) => name));
  return readFolder(layout)
    .certificates.filter(({ slot, state, certificate, problem }) => {
      if (state === 'missing') return false;
      if (problem !== undefined || !certificate) return true;
      return (
        expiryOf(certificate) <= before || (slot.kind === 'kubeconfig' && renewedCas.has(slot.authority))
      );
    })
    .map(({ slot }) => slot);
}

function afterwards(
  layout: CertificateLayout,
  renewed: readonly CertificateSlot[],
  authorities: readonly AuthoritySlot[],
): string[] {
  const lines = renewed.length ? restartWords(layout, renewed) : [];
  for (const { slot, state } of readFolder(layout).certificates)
    if (state === 'missing')
      lines.push(
        `${slot.name} is not here, so there was nothing to renew: ${layout.kind === 'sallyport' ? 'sallyport up makes it' : slot.kind === 'kubeconfig' ? 'kubeadm init phase kubeconfig makes it' : `kubeadm init phase certs ${slot.name} makes it`}`,
      );
  if (authorities.some(({ name }) => name === 'ca'))
    lines.push(
      `The CA has a new certificate (and the old key): kubeconfigs elsewhere${layout.kind === 'kubeadm' ? ', other control plane hosts and the nodes (/etc/kubernetes/pki/ca.crt, kubelet.conf)' : ''} need it, too: ${layout.authorities[0]!.certFile}`,
    );
  if (layout.kind === 'kubeadm' && !renewed.some(({ name }) => name === 'kubelet.conf'))
    lines.push(
      'Kubelets renew their own certificates while they are good. One that was off for too long: sallyport kubeconfig create --user system:node:NODE --group system:nodes --cert-dir … makes a new kubelet.conf.',
    );
  return lines;
}

async function verified(layout: CertificateLayout, terminal: Terminal, parts: RecoverParts): Promise<number> {
  terminal.write('\nVerifying:\n');
  const faults = folderFaults(layout, parts.clock());
  for (const fault of faults) terminal.write(`FAILED: ${fault}\n`);
  if (faults.length === 0)
    terminal.write('Every certificate here is good, has its key, and was issued by its CA.\n');
  const server = await verifyServer(layout, terminal, parts);
  return faults.length === 0 && server ? 0 : 1;
}
