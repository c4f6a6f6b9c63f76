import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ExecCaller, execCaller, execCredential } from '../login/exec-credential.ts';
import { type LoginOptions, login } from '../login/login.ts';
import { systemClock } from '../meta/clock.ts';
import { durationMilliseconds } from '../meta/duration.ts';

interface Flags {
  issuerUrl: string;
  clientId: string;
  clientSecretFile?: string;
  scope: string[];
  caFile?: string;
  flow: 'browser' | 'device';
  token: 'id' | 'access';
  parameter: string[];
  browser: boolean;
  signIn: boolean;
  force?: boolean;
  redirectPort: number;
  timeout: number;
  cacheDir: string;
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return port;
}

function durationOf(text: string): number {
  const ms = durationMilliseconds(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('a duration is written 30s or 5m');
  return ms;
}

/** `sallyport login`: a token of an OIDC provider for kubectl and its like, by a person's sign-in where there is none yet. */
export function registerLogin(
  program: Command,
  write: (text: string) => void = (text) => void process.stdout.write(text),
  environment: Readonly<Record<string, string | undefined>> = process.env,
): void {
  program
    .command('login')
    .description(
      'sign in at an OIDC provider; as the exec user of a kubeconfig it hands the token to kubectl',
    )
    .requiredOption('--issuer-url <url>', "the provider, as the server's --oidc-issuer-url has it")
    .requiredOption('--client-id <id>', "this client's id at the provider")
    .option(
      '--client-secret-file <file>',
      'file with the secret of a confidential client; public ones have none',
    )
    .option(
      '--scope <scope>',
      'a scope to ask for besides openid and offline_access; may be repeated',
      collect,
      [],
    )
    .option('--ca-file <file>', "PEM file with the provider's authority; without, the machine's own roots")
    .addOption(
      new Option('--flow <flow>', 'by a browser here, or by a code typed in on any device')
        .choices(['browser', 'device'])
        .default('browser'),
    )
    .addOption(
      new Option('--token <kind>', 'which token the server takes').choices(['id', 'access']).default('id'),
    )
    .option(
      '--parameter <name=value>',
      'further parameter of the authorization request; may be repeated',
      collect,
      [],
    )
    .option('--no-browser', 'print the address of the sign-in, and open no browser')
    .option(
      '--no-sign-in',
      'hand out kept and refreshed tokens only, and fail where a person would have to sign in',
    )
    .option('--force', 'sign in anew even though a good token is kept')
    .option('--redirect-port <port>', 'loopback port that the browser comes back to; 0 takes any', portOf, 0)
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for the sign-in')
        .argParser(durationOf)
        .default(180_000, '3m'),
    )
    .option('--cache-dir <folder>', 'where tokens are kept', defaultCacheFolder(environment))
    .action(async (flags: Flags) => {
      try {
        const caller = execCaller(environment['KUBERNETES_EXEC_INFO']);
        const result = await login(loginOptions(flags));
        write(answerOf(caller, result, flags));
      } catch (error) {
        process.stderr.write(`Error: ${(error as Error).message}\n`);
        process.exitCode = 1;
      }
    });
}

function answerOf(
  caller: ExecCaller,
  { token, expires, how, path }: Awaited<ReturnType<typeof login>>,
  flags: Flags,
): string {
  if (caller.plugin) return `${execCredential(caller.version, token, expires)}\n`;
  const until = expires === undefined ? '' : ` until ${new Date(expires).toISOString().slice(0, 19)}Z`;
  const doing = { kept: 'Signed in already', refreshed: 'Refreshed', 'signed in': 'Signed in' }[how];
  return `${doing}: the ${flags.token === 'id' ? 'ID' : 'access'} token of ${flags.issuerUrl} is good${until}.\nIt is kept in ${path}.\n`;
}

function loginOptions(flags: Flags): LoginOptions {
  const secret = flags.clientSecretFile ? readFileSync(flags.clientSecretFile, 'utf8').trim() : undefined;
  return {
    issuer: flags.issuerUrl,
    clientId: flags.clientId,
    clientSecret: secret,
    scopes: [...new Set(['openid', 'offline_access', ...flags.scope])],
    parameters: Object.fromEntries(flags.parameter.map(pairOf)),
    caFile: flags.caFile,
    flow: flags.flow,
    token: flags.token,
    cacheFolder: flags.cacheDir,
    force: flags.force ?? false,
    signIn: flags.signIn,
    redirectPort: flags.redirectPort,
    openBrowser: flags.browser,
    timeoutMs: flags.timeout,
    tell: (text) => void process.stderr.write(text),
    clock: systemClock,
  };
}

function pairOf(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new Error(`--parameter ${text}: write name=value`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function defaultCacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sallyport', 'login');
}
