import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Clock, systemClock } from '../meta/clock.ts';
import { type Files, nodeFiles } from '../meta/watched-files.ts';
import { claimsOf, collect, timeOf } from './caller-flags.ts';
import {
  type CheckedConfiguration,
  checkConfiguration,
  type Presented,
  playPresented,
  type WorkbenchOptions,
  type WorkbenchResult,
} from './oidc-workbench.ts';
import { placeText, workbenchTree } from './oidc-workbench-tree.ts';
import { canvasOf } from './terminal.ts';
import { untilTold } from './until-told.ts';

interface Flags {
  claims?: string[];
  token?: string;
  tokenFile?: string;
  keys?: string;
  issuer?: string;
  serviceAccountIssuer?: string[];
  at?: number;
  offline?: boolean;
  watch?: boolean;
  output: string;
}

export interface WorkbenchParts {
  write?(text: string): void;
  files?: Files;
  clock?: Clock;
  client?: WorkbenchOptions['client'];
}

/** Clears a terminal and its scrollback, for a new picture of the same thing. */
const CLEAR = '\u001b[2J\u001b[3J\u001b[H';

/**
 * `sallyport try oidc FILE`: a workbench for AuthenticationConfiguration. Exit code 0: the configuration is good, and what was
 * shown to it is taken; 1: refused; 2: a server would not start with it, or something cannot be read.
 */
export function registerTryOidc(program: Command, parts: WorkbenchParts = {}): void {
  program
    .command('oidc')
    .description(
      'work on an AuthenticationConfiguration: what its rules and mappings make of claims or a token',
    )
    .argument('<file>', 'the AuthenticationConfiguration')
    .option('--claims <json>', 'made-up claims, or those of @FILE; may be repeated', collect)
    .option('--token <token>', 'an ID token; - reads it from standard input')
    .option('--token-file <file>', 'a file with an ID token')
    .option('--keys <file>', "the issuer's keys (JWKS or PEM), to check the token's signature with")
    .option('--issuer <url>', 'for claims that have no iss: this issuer instead of each one')
    .option(
      '--service-account-issuer <url>',
      'issuer of ServiceAccount tokens, which no other may be',
      collect,
    )
    .option('--at <time>', 'play it at another time (RFC 3339)', timeOf)
    .option('--offline', 'ask no issuer for its keys')
    .option('--watch', 'do it again whenever a file changes')
    .option('-o, --output <format>', 'tree or json', 'tree')
    .action(async (file: string, flags: Flags) => {
      try {
        if (flags.output !== 'tree' && flags.output !== 'json') throw new Error('--output is tree or json');
        const shown = [flags.token, flags.tokenFile, flags.claims].filter((one) => one !== undefined);
        if (shown.length > 1) throw new Error('--claims, --token and --token-file exclude each other');
        // Standard input can be read but once.
        if (flags.token === '-') flags.token = readFileSync(0, 'utf8').trim();
        process.exitCode = await (flags.watch ? watch(file, flags, parts) : once(file, flags, parts));
      } catch (error) {
        process.stderr.write(`Error: ${(error as Error).message}\n`);
        process.exitCode = 2;
      }
    });
}

/** Does it again whenever one of the files changes, until the process is told to end. */
async function watch(file: string, flags: Flags, parts: WorkbenchParts): Promise<number> {
  const { files = nodeFiles } = parts;
  const write = parts.write ?? ((text: string) => void process.stdout.write(text));
  let running = Promise.resolve();
  const again = (): void => {
    running = running.then(async () => {
      if (canvasOf().width !== undefined) write(CLEAR);
      await once(file, flags, parts).catch((error: Error) => write(`Error: ${error.message}\n`));
      if (flags.output === 'tree') write('\nWaiting for a change; Ctrl-C ends it.\n');
    });
  };
  const named = (flags.claims ?? []).filter((claims) => claims.startsWith('@')).map((name) => name.slice(1));
  const paths = [file, flags.tokenFile, flags.keys, ...named].filter((path) => path !== undefined);
  const stops = paths.map((path) => files.watch(path, again));
  again();
  await untilTold();
  for (const stop of stops) stop();
  return 0;
}

async function once(
  file: string,
  flags: Flags,
  {
    write = (text) => void process.stdout.write(text),
    files = nodeFiles,
    clock = systemClock,
    client,
  }: WorkbenchParts,
): Promise<number> {
  const checked = checkConfiguration(file, files.read(file), flags.serviceAccountIssuer ?? []);
  const results: WorkbenchResult[] = [];
  if (checked.config) {
    for (const presented of presentedBy(flags, files))
      results.push(
        ...(await playPresented(checked, presented, {
          now: flags.at ?? clock.now(),
          ...(flags.keys === undefined ? {} : { keys: files.read(flags.keys) }),
          ...(flags.offline ? { offline: true } : {}),
          ...(flags.issuer === undefined ? {} : { issuer: flags.issuer }),
          clock,
          ...(client ? { client } : {}),
        })),
      );
  }
  write(flags.output === 'json' ? jsonText(file, checked, results) : treeText(file, checked, results));
  if (checked.faults.length) return 2;
  return results.some(({ taken }) => !taken) ? 1 : 0;
}

function presentedBy(flags: Flags, files: Files): Presented[] {
  const token = flags.tokenFile === undefined ? flags.token : files.read(flags.tokenFile).trim();
  if (token !== undefined) return [{ kind: 'token', token }];
  return (flags.claims ?? []).map((given) => ({ kind: 'claims', claims: claimsOf(given, files.read) }));
}

function jsonText(
  file: string,
  { faults, refusal }: CheckedConfiguration,
  results: readonly WorkbenchResult[],
): string {
  const whole = {
    file,
    valid: faults.length === 0,
    ...(refusal === undefined ? {} : { refusal }),
    faults: faults.map(({ message, place }) => ({ message, ...place })),
    results,
  };
  // Results of expressions may be integers that only a bigint holds.
  return `${JSON.stringify(whole, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item), 2)}\n`;
}

function treeText(
  file: string,
  { faults, config }: CheckedConfiguration,
  results: readonly WorkbenchResult[],
): string {
  if (!config) {
    const lines = faults.map(({ message, place }) => `${placeText(file, place)}: ${message}\n`);
    return `${lines.join('')}A server would not start with it.\n`;
  }
  const count = config.jwt.length;
  const head = `${file} is good: ${count} ${count === 1 ? 'issuer' : 'issuers'}.\n`;
  const canvas = canvasOf();
  return head + results.map((result) => `\n${workbenchTree(file, result, canvas)}`).join('');
}
