import { existsSync, rmSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { systemClock } from '../../meta/clock.ts';
import {
  dropChanges,
  nextPhase,
  oldCertificates,
  PHASES,
  type Phase,
  type PhaseChanges,
  type RotationOptions,
  readRotations,
  reissueChanges,
  switchChanges,
  trustPhase,
  usersOfOld,
} from '../../pki/ca-rotation.ts';
import type { AuthoritySlot, CertificateLayout } from '../../pki/certificate-layout.ts';
import { expiryOf, isIssuedBy, readCertificates } from '../../pki/issued-certificate.ts';
import { KubeconfigFile } from '../../pki/kubeconfig-file.ts';
import { applyChanges } from '../../pki/renewal.ts';
import { ClusterClient, ClusterError } from '../cluster-client.ts';
import { presented } from './cluster-expirations.ts';
import { type FolderFlags, requiredLayout, withFolderFlags } from './folder-flags.ts';
import { restartWords } from './renew.ts';
import { spanArgument } from './span.ts';
import { guarded, type Terminal } from './terminal.ts';

export interface RotateFlags extends FolderFlags {
  ca: string;
  phase?: Phase | 'status';
  yes?: boolean;
  validity: number;
  caValidity: number;
  rotateKeys?: boolean;
  kubeconfig?: string[];
}

/** `sallyport certs rotate-ca`. */
export function registerRotateCa(certs: Command, terminal: Terminal): void {
  withFolderFlags(
    certs
      .command('rotate-ca')
      .description(
        'exchange a CA for a new one with a new key, in three phases between which everything works',
      ),
  )
    .option('--ca <name>', 'which CA: ca, front-proxy-ca, etcd-ca', 'ca')
    .addOption(
      new Option('--phase <phase>', 'which phase; without, the one that comes next').choices([
        ...PHASES,
        'status',
      ]),
    )
    .option(
      '--kubeconfig <files...>',
      'kubeconfigs elsewhere to be kept up, and looked at before the old CA goes',
    )
    .option('--rotate-keys', 'new keys for what is issued anew, too')
    .option('--validity <time>', 'how long new certificates are good for', spanArgument, spanArgument('365d'))
    .option('--ca-validity <time>', 'how long the new CA is good for', spanArgument, spanArgument('3650d'))
    .option('--yes', 'without asking')
    .addHelpText(
      'after',
      `
Phases:
  trust     make the new CA; trust both, issue by the old one. Then give the new ca.crt to every client.
  reissue   issue by the new CA from now on, and issue anew what is in the folder. Both are trusted.
  drop      trust the new CA alone. Refused while something still uses the old one.

How far it is stands in the folder: a phase that was cut off is ended by calling it again.`,
    )
    .action((flags: RotateFlags) => guarded(terminal, () => rotateCa(flags, terminal, systemClock.now)));
}

/** Takes one phase, and resolves to the exit code. */
export async function rotateCa(flags: RotateFlags, terminal: Terminal, clock: () => number): Promise<number> {
  const layout = requiredLayout(flags);
  const slot = layout.authorities.find(({ name }) => name === flags.ca);
  if (!slot)
    throw new Error(
      `there is no CA ${flags.ca} here; there are ${layout.authorities.map(({ name }) => name).join(', ')}`,
    );
  const state = readRotations(layout)[slot.name];
  const due = nextPhase(state);
  if (flags.phase === 'status') {
    terminal.write(
      state
        ? `The exchange of ${slot.name} was begun ${state.since}; phase ${state.phase} ${state.finished ? 'is done' : 'was cut off'}. Next: --phase ${due}\n`
        : `No exchange of ${slot.name} is under way.\n`,
    );
    return 0;
  }
  const phase = flags.phase ?? due;
  checkOrder(phase, due, slot);
  if (!flags.yes) {
    if (!terminal.interactive)
      throw new Error('it asks first, and there is no terminal to ask at: --yes goes on without');
    terminal.write(`${BEFORE[phase](slot)}\n`);
    if (!(await terminal.ask(`Phase ${phase}: do it?`))) return 1;
  }
  const options: RotationOptions = {
    now: clock(),
    validityMs: flags.validity,
    caValidityMs: flags.caValidity,
    rotateKeys: flags.rotateKeys ?? false,
    kubeconfigs: flags.kubeconfig ?? [],
  };
  if (phase === 'trust') apply(layout, await trustPhase(layout, slot, options), options, terminal);
  else if (phase === 'reissue') {
    apply(layout, switchChanges(layout, slot), options, terminal);
    apply(layout, { changes: await reissueChanges(layout, slot, options), remove: [] }, options, terminal);
  } else {
    const users = await whoUsesOld(layout, slot, options, terminal);
    if (users.length) {
      terminal.tell(
        `Error: the old CA is not dropped, it is still used:\n${users.map((user) => `  ${user}\n`).join('')}`,
      );
      return 1;
    }
    apply(layout, dropChanges(layout, slot, options), options, terminal);
  }
  for (const line of afterPhase(layout, slot, phase)) terminal.write(`${line}\n`);
  return 0;
}

const BEFORE: Readonly<Record<Phase, (slot: AuthoritySlot) => string>> = {
  trust: ({ certFile }) => `A new CA is made, and added to ${certFile}. Nothing stops counting.`,
  reissue: ({ certFile }) =>
    `The new CA issues from now on. Whoever has not got the ${certFile} of phase trust will not verify the server.`,
  drop: ({ certFile }) => `The old CA is taken out of ${certFile}. What it issued stops counting.`,
};

/** No phase is left out, and none taken twice but to end it. */
function checkOrder(phase: Phase, due: Phase, { name }: AuthoritySlot): void {
  if (phase === due) return;
  if (phase === 'trust')
    throw new Error(`an exchange of ${name} is under way already; next is --phase ${due}`);
  if (phase === 'reissue' && due === 'drop') return;
  throw new Error(`phase ${phase} of ${name} cannot be taken yet: --phase ${due} comes first`);
}

/** What a phase changes is backed up together, then written in order. */
function apply(
  layout: CertificateLayout,
  { changes, remove }: PhaseChanges,
  { now }: RotationOptions,
  terminal: Terminal,
): void {
  const backup = applyChanges(changes, layout, now);
  for (const path of remove) if (existsSync(path)) rmSync(path);
  for (const path of new Set(changes.map((change) => change.path))) terminal.write(`wrote ${path}\n`);
  if (backup) terminal.write(`The old files are in ${backup}.\n`);
}

function afterPhase(layout: CertificateLayout, slot: AuthoritySlot, phase: Phase): string[] {
  const restart = restartWords(
    layout,
    layout.certificates.filter(({ authority }) => authority === slot.name),
  );
  if (phase === 'drop') return ['', `The old CA is gone from ${slot.certFile}.`, ...restart];
  if (phase === 'reissue')
    return [
      '',
      ...restart,
      'Have everything else issued anew that the old CA issued: sallyport kubeconfig renew for users, and kubelets by restarting them after removing their certificate.',
      `When all of it is done: sallyport certs rotate-ca --ca ${slot.name} --phase drop`,
    ];
  return [
    '',
    ...restart,
    slot.name === 'ca'
      ? `Give ${slot.certFile} to every client now: kubeconfigs of users (here: --kubeconfig FILE), nodes and their kubelet.conf, other control plane hosts. Pods get it by themselves (ConfigMap kube-root-ca.crt).`
      : `Copy ${slot.certFile} to the other control plane hosts.`,
    `When all of them have it: sallyport certs rotate-ca --ca ${slot.name} --phase reissue`,
  ];
}

/** Everything that is known to need the old CA: in the folder, in kubeconfigs, on the wire and in the API. */
async function whoUsesOld(
  layout: CertificateLayout,
  slot: AuthoritySlot,
  { now, kubeconfigs }: RotationOptions,
  terminal: Terminal,
): Promise<string[]> {
  const users = usersOfOld(layout, slot, kubeconfigs, now);
  if (slot.name !== 'ca' || !existsSync(layout.adminKubeconfig)) return users;
  const old = oldCertificates(layout, slot);
  const file = KubeconfigFile.read(layout.adminKubeconfig);
  const server = file.value('clusters', file.context(file.currentContext)?.cluster ?? '')?.server;
  if (typeof server !== 'string') return users;
  try {
    const { chain } = await presented(new URL(server), {});
    const leaf = chain[0] && readCertificates(pemOf(chain[0].raw))[0];
    if (leaf && old.some((ca) => isIssuedBy(leaf, ca)))
      users.push(`the server at ${server} shows a certificate that was issued by it: restart it`);
    users.push(...(await requestsOfOld(layout, old, now)));
  } catch (error) {
    const why =
      error instanceof ClusterError
        ? error.message
        : ((error as NodeJS.ErrnoException).code ?? (error as Error).message);
    terminal.tell(
      `Note: the server at ${server} was not asked (${why}), so what it shows and has issued was not looked at.\n`,
    );
  }
  return users;
}

const pemOf = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;

/** Certificates that the API handed out by the old CA, as far as their requests are still kept. */
async function requestsOfOld(
  layout: CertificateLayout,
  old: ReturnType<typeof oldCertificates>,
  now: number,
): Promise<string[]> {
  const client = new ClusterClient(layout.adminKubeconfig);
  try {
    const requests = await client.list('/apis/certificates.k8s.io/v1/certificatesigningrequests');
    return requests.flatMap(({ metadata, status }) => {
      const pem = (status as { certificate?: string } | undefined)?.certificate;
      if (!pem) return [];
      const certificate = readCertificates(Buffer.from(pem, 'base64').toString())[0]!;
      if (expiryOf(certificate) <= now || !old.some((ca) => isIssuedBy(certificate, ca))) return [];
      return [
        `the certificate of CertificateSigningRequest ${metadata.name} (${certificate.subject.replaceAll('\n', ', ')}) was issued by it; once nobody uses it: kubectl delete csr ${metadata.name}`,
      ];
    });
  } finally {
    client.close();
  }
}
