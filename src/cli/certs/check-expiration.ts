import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { stringify } from 'yaml';
import { systemClock } from '../../meta/clock.ts';
import { type Expiration, folderExpirations, kubeconfigExpirations } from '../../pki/expiration.ts';
import { chooseContexts, clusterExpirations } from './cluster-expirations.ts';
import {
  expirationDocument,
  needsAttention,
  prometheusText,
  standing,
  tableText,
} from './expiration-output.ts';
import { type FolderFlags, layoutOf, withFolderFlags } from './folder-flags.ts';
import { spanArgument } from './span.ts';
import { guarded, type Terminal } from './terminal.ts';

export interface CheckFlags extends FolderFlags {
  kubeconfig?: string[];
  context?: string[];
  allContexts?: boolean;
  warn?: number;
  output: 'table' | 'json' | 'yaml' | 'prometheus';
}

const names = (text: string, before: string[] = []): string[] => [
  ...before,
  ...text.split(',').filter(Boolean),
];

/** `sallyport certs check-expiration`. */
export function registerCheckExpiration(certs: Command, terminal: Terminal): void {
  withFolderFlags(
    certs
      .command('check-expiration')
      .description(
        'when certificates and tokens expire, and what breaks then: of folders, kubeconfigs and clusters',
      ),
  )
    .option('--kubeconfig <files...>', 'kubeconfigs to look into, or to find contexts in')
    .option('--context <names>', 'clusters to ask, by their contexts, with commas between them', names)
    .option('--all-contexts', 'ask every cluster that the kubeconfigs have')
    .option(
      '--warn <time>',
      'exit code 1 where something expires within that time, has expired, is missing or broken, or could not be looked at (30d)',
      spanArgument,
    )
    .addOption(
      new Option('-o, --output <format>', 'how to show it')
        .choices(['table', 'json', 'yaml', 'prometheus'])
        .default('table'),
    )
    .addHelpText(
      'after',
      `
Examples:
  sallyport certs check-expiration --data-dir ./sallyport-data
  sudo sallyport certs check-expiration --cert-dir /etc/kubernetes/pki
  sallyport certs check-expiration --all-contexts --warn 30d     for cron: exit code 1 when something is due
  sallyport certs check-expiration -o prometheus > /var/lib/node_exporter/certs.prom`,
    )
    .action((flags: CheckFlags) =>
      guarded(terminal, () => checkExpiration(flags, terminal, systemClock.now)),
    );
}

/** Looks, shows, and resolves to the exit code. Rejects where the flags name nothing to look at. */
export async function checkExpiration(
  flags: CheckFlags,
  terminal: Terminal,
  clock: () => number,
): Promise<number> {
  const rows = await gather(flags, terminal);
  const options = { now: clock(), warnMs: flags.warn ?? 0 };
  if (flags.output === 'json')
    terminal.write(`${JSON.stringify(expirationDocument(rows, options), null, 2)}\n`);
  else if (flags.output === 'yaml') {
    terminal.write(stringify(expirationDocument(rows, options), { lineWidth: 0 }));
  } else if (flags.output === 'prometheus') terminal.write(await prometheusText(rows, options));
  else terminal.write(rows.length ? tableText(rows, options) : 'Nothing here expires.\n');
  if (flags.warn === undefined) return 0;
  const due = rows.filter((row) => needsAttention(row, options));
  if (due.length === 0) return 0;
  const count = (how: string): number =>
    due.filter((row) => row.kind !== 'break-glass' && standing(row, options) === how).length;
  const parts = [
    [count('expired'), 'expired'],
    [count('soon'), 'due within the time of --warn'],
    [count('missing'), 'missing'],
    [count('problem'), 'broken or out of reach'],
    [due.filter(({ kind }) => kind === 'break-glass').length, 'break-glass and still good'],
  ] as const;
  terminal.tell(
    `${parts
      .filter(([number]) => number > 0)
      .map(([number, words]) => `${number} ${words}`)
      .join(', ')}\n`,
  );
  return 1;
}

async function gather(flags: CheckFlags, terminal: Terminal): Promise<Expiration[]> {
  const asksClusters = flags.allContexts === true || flags.context !== undefined;
  const named = flags.dataDir ?? flags.certDir ?? flags.kubeconfigDir;
  const rows: Expiration[] = [];
  const alone = !asksClusters && !flags.kubeconfig;
  const layout = named !== undefined || alone ? layoutOf(flags) : undefined;
  if (layout) rows.push(...folderExpirations(layout));
  if (alone && !layout)
    throw new Error(
      'there is neither ./sallyport-data nor /etc/kubernetes/pki here: name what to look at by --data-dir, --cert-dir, --kubeconfig, --context or --all-contexts',
    );
  if (!asksClusters) return [...rows, ...(flags.kubeconfig ?? []).flatMap(kubeconfigExpirations)];
  const paths = flags.kubeconfig ?? kubeconfigPaths();
  const { chosen, unknown, unreadable } = chooseContexts(
    paths,
    flags.allContexts ? undefined : flags.context,
  );
  if (chosen.length + unknown.length + unreadable.length === 0)
    throw new Error(`there is no context in ${paths.join(', ')}`);
  rows.push(...unreadable);
  for (const name of unknown)
    rows.push({
      source: name,
      kind: 'cluster',
      name,
      problem: `there is no context of that name in ${paths.join(', ')}`,
    });
  const show = (done: number, of: number): void =>
    terminal.tell(`\r\x1b[K${done} of ${of} clusters have answered`);
  rows.push(...(await clusterExpirations(chosen, terminal.progress ? show : undefined)));
  if (terminal.progress) terminal.tell('\r\x1b[K');
  return rows;
}

/** Where kubectl looks: $KUBECONFIG, or ~/.kube/config. Files that are not there are passed over, as it does. */
export function kubeconfigPaths(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string[] {
  const listed = (environment['KUBECONFIG'] ?? '').split(':').filter(Boolean);
  const there = listed.filter((path) => existsSync(path));
  if (there.length) return there;
  return listed.length ? listed.slice(0, 1) : [join(homedir(), '.kube', 'config')];
}
