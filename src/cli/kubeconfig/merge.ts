import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../meta/clock.ts';
import { KubeconfigFile } from '../../pki/kubeconfig-file.ts';
import { mergeKubeconfigs } from '../../pki/merge-kubeconfigs.ts';
import { applyChanges } from '../../pki/renewal.ts';
import { guarded, type Terminal } from '../certs/terminal.ts';

export interface MergeFlags {
  out: string;
  embed?: boolean;
  force?: boolean;
  dryRun?: boolean;
}

/** `sallyport kubeconfig merge FILE… --out FILE`. */
export function registerMerge(command: Command, terminal: Terminal): void {
  command
    .command('merge')
    .description(
      'put kubeconfigs into one: nothing is lost, what has the same name gets one of its own, and is told of',
    )
    .argument('<files...>', 'the kubeconfigs; the first one keeps its names and current-context')
    .requiredOption('--out <file>', 'what to write (0600); may be one of the files')
    .option('--embed', 'put certificates and keys that are named as files into it')
    .option('--force', 'write over a file that is none of those merged')
    .option('--dry-run', 'say what would be renamed, and write nothing')
    .addHelpText(
      'after',
      `
Examples:
  sallyport kubeconfig merge ~/.kube/config new.kubeconfig --out ~/.kube/config
  sallyport kubeconfig merge prod.yaml test.yaml --embed --out all.yaml

kubectl's own merging ($KUBECONFIG with several files) drops every later entry of a name that is taken.`,
    )
    .action((files: string[], flags: MergeFlags) =>
      guarded(terminal, async () => merge(files, flags, terminal, systemClock.now())),
    );
}

/** Merges; answers the exit code. Throws an Error that says what is in the way. */
export function merge(paths: readonly string[], flags: MergeFlags, terminal: Terminal, now: number): number {
  const among = paths.some((path) => resolve(path) === resolve(flags.out));
  if (existsSync(flags.out) && !among && !flags.force)
    throw new Error(
      `${flags.out} is there, and not among the files merged: name it among them, or --force writes over it`,
    );
  const merged = mergeKubeconfigs(
    paths.map((path) => KubeconfigFile.read(path)),
    {
      target: flags.out,
      ...(flags.embed
        ? {
            embed: (path: string) => {
              try {
                return readFileSync(path, 'utf8');
              } catch (error) {
                throw new Error(`${path} cannot be embedded (${(error as NodeJS.ErrnoException).code})`);
              }
            },
          }
        : {}),
    },
  );
  for (const { list, path, from, to } of merged.renames)
    terminal.write(`${list.slice(0, -1)} ${from} of ${path} is now ${to}: that name was taken by another\n`);
  const { contexts, clusters, users } = merged.counts;
  const what = `${contexts} contexts, ${clusters} clusters, ${users} users; current-context is ${merged.currentContext || 'none'}`;
  if (flags.dryRun) {
    terminal.write(`${flags.out} would have ${what}\n`);
    return 0;
  }
  const backups = join(dirname(resolve(flags.out)), 'sallyport-backup');
  const backup = applyChanges(
    [{ path: flags.out, content: merged.text, mode: 0o600, exact: true }],
    { backups },
    now,
  );
  terminal.write(`${flags.out}: ${what}\n`);
  if (backup) terminal.write(`The old file is in ${backup}.\n`);
  return 0;
}
