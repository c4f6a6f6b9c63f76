import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { AuditEvent } from '../../audit/event.ts';
import { rfc3339, systemClock } from '../../meta/clock.ts';
import { MASTERS } from '../../meta/user.ts';
import { type BreakGlassEntry, readBreakGlassList, writeBreakGlassList } from '../../pki/break-glass-list.ts';
import { fingerprintOf, keyIdOf, readCertificates, serialOf } from '../../pki/issued-certificate.ts';
import { newKubeconfig } from '../../pki/new-kubeconfig.ts';
import { replaceFile, syncFolder } from '../../pki/replace-file.ts';
import { kubeadmTime } from '../certs/expiration-output.ts';
import { type FolderFlags, requiredLayout, withFolderFlags } from '../certs/folder-flags.ts';
import { spanArgument } from '../certs/span.ts';
import { guarded, type Terminal } from '../certs/terminal.ts';
import { clusterOfFolder, issuingAuthority } from './cluster-of.ts';

export interface BreakGlassFlags extends FolderFlags {
  ttl: number;
  reason?: string;
  out?: string;
  server?: string;
  auditLogPath?: string;
  prune?: boolean;
}

const DAY_MS = 86_400_000;
const LONGEST_MS = DAY_MS;

/** `sallyport kubeconfig break-glass`. */
export function registerBreakGlass(command: Command, terminal: Terminal): void {
  withFolderFlags(
    command
      .command('break-glass')
      .description(
        `a short-lived kubeconfig of ${MASTERS}, past every authorizer, for an emergency; its issue is written to an audit log before it is handed out`,
      ),
  )
    .option('--reason <text>', 'why; stands in the audit log and in the list')
    .option('--ttl <time>', 'how long it is good for, 24h at most', spanArgument, spanArgument('1h'))
    .option('--out <file>', 'the kubeconfig to write (0600); without, one named after the certificate')
    .option('--audit-log-path <file>', "the server's audit log; without, break-glass.log beside the CA")
    .option('--server <url>', "where the server is, if not where the folder's kubeconfig has it")
    .option('--prune', 'issue nothing, and take expired ones off the list')
    .addHelpText(
      'after',
      `
Examples:
  sudo sallyport kubeconfig break-glass --ttl 1h --reason 'INC-4711: RBAC deleted'
  sallyport kubeconfig break-glass --reason drill --data-dir ./sallyport-data --audit-log-path audit.log

sallyport certs check-expiration lists those that were issued, expired ones too until --prune.`,
    )
    .action((flags: BreakGlassFlags) =>
      guarded(terminal, () => breakGlass(flags, terminal, { clock: systemClock.now, append: appendDurably })),
    );
}

export interface BreakGlassParts {
  clock(): number;
  /** Returns once the line outlives a crash; throws where it does not. */
  append(path: string, line: string): void;
}

/**
 * Issues, notes, and only then hands out; resolves to the exit code. Where the audit line can't be written, there is no
 * certificate.
 */
export async function breakGlass(
  flags: BreakGlassFlags,
  terminal: Terminal,
  { clock, append }: BreakGlassParts,
): Promise<number> {
  const layout = requiredLayout(flags);
  const now = clock();
  const list = readBreakGlassList(layout.breakGlassList);
  if (flags.prune) {
    const kept = list.filter(({ expires }) => Date.parse(expires) > now);
    if (kept.length < list.length) writeBreakGlassList(layout.breakGlassList, kept);
    terminal.write(
      `${list.length - kept.length} expired ones are off the list, ${kept.length} are still good.\n`,
    );
    return 0;
  }
  const reason = flags.reason?.trim() ?? '';
  if (reason === '') throw new Error("say why by --reason, such as --reason 'INC-4711: RBAC deleted'");
  if (flags.ttl > LONGEST_MS)
    throw new Error('an emergency lasts 24h at most: what passes every authorizer has to end by itself');
  const by = account();
  const user = `break-glass:${by.slice(0, 40)}:${randomBytes(4).toString('hex')}`;
  const out = resolve(flags.out ?? `${user.replace(/[^A-Za-z0-9.-]+/g, '-')}.kubeconfig`);
  if (existsSync(out)) throw new Error(`${out} is there already: give another --out`);
  const place = clusterOfFolder(layout, flags.server);
  const authority = issuingAuthority(layout, now, now + flags.ttl);
  const { issueCertificate } = await import('../../pki/authority.ts');
  const made = await issueCertificate(
    { commonName: user, organizations: [MASTERS], usages: ['client'], days: flags.ttl / DAY_MS },
    now,
    authority,
  );
  const certificate = readCertificates(made.certificate)[0]!;
  const auditLog = resolve(flags.auditLogPath ?? join(dirname(layout.breakGlassList), 'break-glass.log'));
  const entry: BreakGlassEntry = {
    user,
    groups: [MASTERS],
    reason,
    by,
    issued: rfc3339(now),
    expires: rfc3339(Date.parse(certificate.validTo)),
    serial: serialOf(certificate),
    fingerprint: fingerprintOf(certificate),
    authorityKey: keyIdOf(readCertificates(authority.certificate)[0]!),
    auditId: randomUUID(),
    auditLog,
  };
  append(auditLog, `${auditLine(entry, now)}\n`);
  writeBreakGlassList(layout.breakGlassList, [...list, entry]);
  replaceFile(
    out,
    newKubeconfig({
      cluster: place.name,
      user,
      server: place.server,
      ...(place.ca === undefined ? {} : { ca: place.ca }),
      ...made,
    }),
    0o600,
    true,
  );
  terminal.write(
    `${out}: ${user} in ${MASTERS}, good until ${kubeadmTime(Date.parse(entry.expires))}\nNoted in ${auditLog} (auditID ${entry.auditId}) and ${layout.breakGlassList}.\n\n  kubectl --kubeconfig ${out} auth whoami\n\nDelete it when the emergency is over, and take it back where the server is a Sallyport: sallyport revoke certificate ${out}\n`,
  );
  return 0;
}

/** The issue as an event of audit.k8s.io/v1, so that whoever reads the audit log finds it. The server's own events of this user carry the same credential id. */
function auditLine(entry: BreakGlassEntry, now: number): string {
  return new AuditEvent({
    level: 'Metadata',
    auditId: entry.auditId,
    stage: 'ResponseComplete',
    requestUri: '/sallyport/break-glass',
    verb: 'create',
    user: { name: entry.by, groups: [] },
    impersonatedUser: undefined,
    impersonationConstraint: undefined,
    sourceIps: [],
    userAgent: `sallyport (${hostname()})`,
    objectRef: { resource: 'break-glass', name: entry.user },
    responseStatus: { code: 201 },
    requestObject: undefined,
    responseObject: undefined,
    receivedAt: now,
    stageAt: now,
    annotations: new Map([
      ['sallyport/break-glass-reason', entry.reason],
      ['sallyport/break-glass-groups', entry.groups.join(',')],
      ['sallyport/break-glass-expires', entry.expires],
      ['sallyport/break-glass-serial', entry.serial],
      ['sallyport/break-glass-credential-id', `X509SHA256=${entry.fingerprint}`],
    ]),
  }).text;
}

/** Adds a line to a log, and waits until it is on the disk. */
export function appendDurably(path: string, line: string): void {
  try {
    const isNew = !existsSync(path);
    const file = openSync(path, 'a', 0o600);
    try {
      writeSync(file, line);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (isNew) syncFolder(dirname(path));
  } catch (error) {
    throw new Error(
      `${path} cannot be written (${(error as NodeJS.ErrnoException).code}), so nothing is issued: what is not noted is not handed out`,
    );
  }
}

/** Who asks, as far as the machine knows. */
function account(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const { username } = userInfo();
  const by = environment['SUDO_USER'];
  return username === 'root' && by && by !== 'root' ? `${by}-by-sudo` : username;
}
