import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { credentialId } from '../../authentication/revocation/revocation-object.ts';
import { humanAge } from '../../meta/human-age.ts';
import type { KubeObject } from '../../meta/object.ts';
import { spanMilliseconds } from '../certs/span.ts';
import { ClusterClient } from '../cluster-client.ts';
import { table } from '../rbac-output.ts';
import { userOf } from '../rights.ts';
import { certificateOf, type KnownCredential, tokenOf } from './credential.ts';
import { revocationDefinition } from './definition.ts';
import { entryName, RevocationClient, type RevocationSpec } from './revocation-client.ts';

interface Flags {
  kubeconfig?: string;
  context?: string;
  output: string;
}

interface RevokeFlags extends Flags {
  reason?: string;
  expires?: string;
  before?: string;
  force?: boolean;
}

type Write = (text: string) => void;

/** `sallyport revoke …`: takes credentials back that have not expired. */
export function registerRevoke(
  program: Command,
  write: Write = (text) => void process.stdout.write(text),
  now: () => number = Date.now,
): void {
  const revoke = program
    .command('revoke')
    .description('take certificates and tokens back before they expire');
  const command = (name: string, description: string): Command =>
    revoke
      .command(name)
      .description(description)
      .option('--kubeconfig <file>', 'the server of this kubeconfig')
      .option('--context <name>', 'another context of the kubeconfig than its current one');
  const revoking = (name: string, description: string): Command =>
    command(name, description)
      .option('--reason <text>', 'why, for those who find the entry; no secret')
      .option('--expires <time>', 'when the entry may go: a time (RFC 3339) or a span from now (30d, 12h)')
      .option('--force', 'even if it is what this command itself signs in with')
      .option('-o, --output <format>', 'text or json', 'text');
  const run =
    <A extends unknown[]>(action: (...args: A) => Promise<void> | void) =>
    async (...args: A): Promise<void> => {
      try {
        await action(...args);
      } catch (error) {
        process.stderr.write(`Error: ${(error as Error).message}\n`);
        process.exitCode = 1;
      }
    };
  const one = async (known: KnownCredential, flags: RevokeFlags): Promise<void> => {
    const expires =
      flags.expires === undefined ? known.expires : instant(flags.expires, now(), 1, '--expires');
    if (expires !== undefined && expires <= now())
      throw new Error(`${known.words} expired ${humanAge(now() - expires)} ago: nobody is let in by it`);
    const spec: RevocationSpec = {
      credentialID: known.id,
      ...(flags.reason ? { reason: flags.reason } : {}),
      ...(expires === undefined ? {} : { expires: rfc3339(expires) }),
    };
    await put(
      spec,
      `${known.words} (${known.id})`,
      flags,
      ({ credentials }) => credentials.has(known.id),
      write,
    );
  };

  revoking('certificate', 'a client certificate: a PEM or DER file, a kubeconfig, or X509SHA256=HEX')
    .argument('<certificate>', 'a file, or the credential id that audit logs have')
    .action(run((given: string, flags: RevokeFlags) => one(certificateOf(given), flags)));
  revoking('token', 'a token, of which the id alone (jti) is kept')
    .argument('[file]', 'the file it is in; without, it is read from standard input; JTI=ID does too')
    .action(
      run((given: string | undefined, flags: RevokeFlags) =>
        one(tokenOf(given?.startsWith('JTI=') ? given : readFileSync(given ?? 0, 'utf8'), now()), flags),
      ),
    );
  revoking('user', 'whatever a user was issued before an instant, or that does not say when it was issued')
    .argument('<name>', 'a user name, or serviceaccount:NAMESPACE:NAME')
    .option(
      '--before <time>',
      'the instant: a time (RFC 3339) or a span back from now (2h); now unless given',
    )
    .action(
      run(async (given: string, flags: RevokeFlags) => {
        const { name } = userOf(given, []);
        const before = flags.before === undefined ? now() : instant(flags.before, now(), -1, '--before');
        const expires =
          flags.expires === undefined ? undefined : instant(flags.expires, now(), 1, '--expires');
        if (expires !== undefined && expires <= now()) throw new Error('--expires is past');
        const spec: RevocationSpec = {
          user: name,
          // Tokens tell their time in whole seconds: what was issued in this one is refused too.
          issuedBefore: rfc3339(Math.ceil(before / 1000) * 1000),
          ...(flags.reason ? { reason: flags.reason } : {}),
          ...(expires === undefined ? {} : { expires: rfc3339(expires) }),
        };
        const words = `what ${name} was issued before ${spec.issuedBefore}`;
        await put(spec, words, flags, ({ user }) => user === name, write);
      }),
    );
  command('list', 'what is revoked')
    .option('-o, --output <format>', 'table or json', 'table')
    .action(
      run(async (flags: Flags) => {
        const entries = await withClient(flags, (client) => client.list());
        if (flags.output === 'json') return write(`${JSON.stringify(entries, null, 2)}\n`);
        write(entries.length ? listText(entries, now()) : 'Nothing is revoked.\n');
      }),
    );
  command('undo', 'take an entry back: what it refused is good again')
    .argument('<entry>', "an entry's name, or the credential id in it")
    .action(
      run(async (given: string, flags: Flags) => {
        await withClient(flags, async (client) => {
          const id = credentialId(given);
          const found = (await client.list()).filter(
            ({ metadata, ...object }) =>
              metadata.name === given || (id && specOf(object).credentialID === id),
          );
          if (found.length === 0)
            throw new Error(`no entry ${given}: sallyport revoke list shows them, with their names`);
          for (const { metadata } of found) {
            await client.delete(metadata.name!);
            write(`${metadata.name}: no longer in force\n`);
          }
        });
      }),
    );
  revoke
    .command('definition')
    .description('the CustomResourceDefinition that the first revocation installs, for kubectl apply')
    .action(() => write(`${JSON.stringify(revocationDefinition(), null, 2)}\n`));
}

async function put(
  spec: RevocationSpec,
  words: string,
  flags: RevokeFlags,
  isOwn: (self: { user: string; credentials: Set<string> }) => boolean,
  write: Write,
): Promise<void> {
  await withClient(flags, async (client) => {
    if (!flags.force && isOwn(await client.self()))
      throw new Error(
        `${words} is what this command signs in with: nobody could take it back by it afterwards. Use another kubeconfig, or --force`,
      );
    const name = entryName(spec);
    const made = await client.create(spec, name);
    if (flags.output === 'json') {
      write(`${JSON.stringify(made ?? { metadata: { name }, spec }, null, 2)}\n`);
      return;
    }
    if (!made) return write(`${words} is revoked already.\nUndo: sallyport revoke undo ${name}\n`);
    const until = spec.expires === undefined ? '' : ` The entry goes by itself at ${spec.expires}.`;
    write(
      `Revoked ${words}.\nIn force now on this server, on others of the same store within a second.${until}\nUndo: sallyport revoke undo ${name}\n`,
    );
  });
}

async function withClient<T>(flags: Flags, action: (client: RevocationClient) => Promise<T>): Promise<T> {
  const path =
    flags.kubeconfig ?? process.env['KUBECONFIG']?.split(':')[0] ?? join(homedir(), '.kube', 'config');
  const client = new ClusterClient(path, flags.context);
  try {
    return await action(new RevocationClient(client));
  } finally {
    client.close();
  }
}

/** A time, or a span from now in the direction given. */
function instant(text: string, now: number, direction: 1 | -1, flag: string): number {
  const span = spanMilliseconds(text);
  if (span !== undefined) return now + direction * span;
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new Error(`${flag} takes a time such as 2026-01-31T12:00:00Z or a span such as 2h, not ${text}`);
  return at;
}

const rfc3339 = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

const specOf = (object: Record<string, unknown>): RevocationSpec => (object['spec'] ?? {}) as RevocationSpec;

function listText(entries: readonly KubeObject[], now: number): string {
  const rows = entries.map((entry) => {
    const { credentialID, user, issuedBefore, reason = '', expires } = specOf(entry);
    const created = Date.parse(entry.metadata.creationTimestamp ?? '');
    const ended = expires !== undefined && Date.parse(expires) <= now;
    return [
      entry.metadata.name ?? '',
      credentialID ?? `User ${user} before ${issuedBefore}`,
      reason,
      expires === undefined ? 'never' : ended ? `${expires} (past)` : expires,
      humanAge(now - created),
    ];
  });
  return table(['NAME', 'REVOKED', 'REASON', 'EXPIRES', 'AGE'], rows);
}
