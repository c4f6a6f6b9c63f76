import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type AuthenticationOptions, defaultAuthenticationOptions } from '../authentication/flags.ts';
import { systemClock } from '../meta/clock.ts';
import { describeToken, type TokenDescription } from './token-description.ts';
import { type Judgement, judgedByConfiguration, judgedByServer } from './token-judges.ts';

interface Flags {
  file?: string;
  kubeconfig?: string;
  context?: string;
  audience: string[];
  authenticationConfig?: string;
  oidcIssuerUrl?: string;
  oidcClientId?: string;
  oidcCaFile?: string;
  oidcUsernameClaim: string;
  oidcUsernamePrefix: string;
  oidcGroupsClaim: string;
  oidcGroupsPrefix: string;
  oidcSigningAlgs: string;
  oidcRequiredClaim: string[];
  output: string;
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** `sallyport token inspect`: what a token is, and whether a server or a configuration would take it. */
export function registerToken(
  program: Command,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  program
    .command('token')
    .description('what a token is, and whether it is any good')
    .command('inspect')
    .description(
      'show what a token is, its claims and times; ask a server, or a configuration, whether it would be taken',
    )
    .argument('[token]', 'the token; without, or with -, it is read from standard input')
    .option('--file <file>', 'read the token from a file')
    .option('--kubeconfig <file>', 'ask the server of this kubeconfig (by TokenReview)')
    .option('--context <name>', 'another context of the kubeconfig than its current one')
    .option(
      '--audience <name>',
      'an audience that the token has to be for, for the server; may be repeated',
      collect,
      [],
    )
    .option('--authentication-config <file>', 'judge it by this AuthenticationConfiguration')
    .option('--oidc-issuer-url <url>', "judge it by the server's flags: this one and those below")
    .option('--oidc-client-id <id>', 'audience')
    .option('--oidc-ca-file <file>', "PEM file with the issuer's authority")
    .option('--oidc-username-claim <claim>', 'claim that names the user', 'sub')
    .option('--oidc-username-prefix <prefix>', 'put before user names; - for none', '')
    .option('--oidc-groups-claim <claim>', 'claim with the groups', '')
    .option('--oidc-groups-prefix <prefix>', 'put before groups', '')
    .option('--oidc-signing-algs <list>', 'algorithms, with commas between them', 'RS256')
    .option('--oidc-required-claim <claim=value>', 'claim that has to be there; may be repeated', collect, [])
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async (given: string | undefined, flags: Flags) => {
      try {
        const token = tokenOf(given, flags);
        const description = describeToken(token, systemClock.now());
        const judgements = await judge(token, flags);
        write(
          flags.output === 'json'
            ? `${JSON.stringify({ ...description, judgements }, null, 2)}\n`
            : textOf(description, judgements),
        );
        if (judgements.some(({ taken }) => !taken)) process.exitCode = 1;
      } catch (error) {
        process.stderr.write(`Error: ${(error as Error).message}\n`);
        process.exitCode = 1;
      }
    });
}

function tokenOf(given: string | undefined, { file }: Flags): string {
  const text =
    file !== undefined
      ? readFileSync(file, 'utf8')
      : given === undefined || given === '-'
        ? readFileSync(0, 'utf8')
        : given;
  const token = text.trim().replace(/^bearer\s+/i, '');
  if (token === '')
    throw new Error('there is no token: give it as argument, by --file, or on standard input');
  if (/\s/.test(token)) throw new Error('a token has no blanks in it');
  return token;
}

async function judge(token: string, flags: Flags): Promise<Judgement[]> {
  const judgements: Judgement[] = [];
  if (flags.kubeconfig)
    judgements.push(await judgedByServer(token, flags.kubeconfig, flags.context, flags.audience));
  if (flags.authenticationConfig || flags.oidcIssuerUrl)
    judgements.push(await judgedByConfiguration(token, optionsOf(flags)));
  return judgements;
}

function optionsOf(flags: Flags): AuthenticationOptions {
  const options = defaultAuthenticationOptions();
  options.authenticationConfig = flags.authenticationConfig ?? '';
  if (!flags.oidcIssuerUrl) return options;
  if (options.authenticationConfig !== '')
    throw new Error('authentication-config file and oidc-* flags are mutually exclusive');
  if (!flags.oidcClientId) throw new Error('oidc-issuer-url and oidc-client-id must be specified together');
  options.oidc = {
    given: true,
    issuerUrl: flags.oidcIssuerUrl,
    clientId: flags.oidcClientId,
    caFile: flags.oidcCaFile ?? '',
    usernameClaim: flags.oidcUsernameClaim,
    usernamePrefix: flags.oidcUsernamePrefix,
    groupsClaim: flags.oidcGroupsClaim,
    groupsPrefix: flags.oidcGroupsPrefix,
    signingAlgs: flags.oidcSigningAlgs.split(','),
    requiredClaims: Object.fromEntries(
      flags.oidcRequiredClaim.map((pair) => {
        const equals = pair.indexOf('=');
        if (equals < 0)
          throw new Error(`--oidc-required-claim ${pair}: malformed pair, expect string=string`);
        return [pair.slice(0, equals), pair.slice(equals + 1)];
      }),
    ),
  };
  return options;
}

function textOf({ kind, header, claims, times }: TokenDescription, judgements: readonly Judgement[]): string {
  const lines = [`This is ${kind}.`];
  if (header) lines.push('', 'Header:', ...fields(header));
  if (claims) lines.push('', 'Claims (nothing of this is verified yet):', ...fields(claims));
  if (times.length) lines.push('', 'Times:', ...times.map((words) => `  ${words}`));
  for (const judgement of judgements) lines.push('', ...judgementLines(judgement));
  if (judgements.length === 0)
    lines.push(
      '',
      'Whether it would be taken: ask with --kubeconfig, --authentication-config or --oidc-issuer-url.',
    );
  return `${lines.join('\n')}\n`;
}

const fields = (object: Record<string, unknown>): string[] =>
  Object.entries(object).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`);

const MARKS = { passed: 'ok     ', failed: 'FAILED ', 'not reached': '-      ' } as const;

function judgementLines({ by, taken, user, audiences, reason, checks }: Judgement): string[] {
  const lines = [taken ? `Taken by ${by}:` : `Refused by ${by}:`];
  if (user) {
    lines.push(`  user   ${JSON.stringify(user.name)}`);
    if (user.uid) lines.push(`  uid    ${JSON.stringify(user.uid)}`);
    lines.push(`  groups ${JSON.stringify(user.groups)}`);
    for (const [key, values] of Object.entries(user.extra ?? {}))
      lines.push(`  extra  ${key}: ${JSON.stringify(values)}`);
  }
  if (audiences?.length) lines.push(`  for    ${JSON.stringify(audiences)}`);
  if (reason !== undefined) lines.push(`  ${reason}`);
  for (const { name, result } of checks ?? []) lines.push(`  ${MARKS[result]}${name}`);
  return lines;
}
