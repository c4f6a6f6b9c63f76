import { statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { rfc3339, systemClock } from '../../meta/clock.ts';
import { tokenExpiry } from '../../pki/expiration.ts';
import {
  commonName,
  expiryOf,
  isIssuedBy,
  namePart,
  readCertificates,
  readPrivateKey,
} from '../../pki/issued-certificate.ts';
import { authorityOf, clientCertificateOf } from '../../pki/kubeconfig-credentials.ts';
import { KubeconfigFile } from '../../pki/kubeconfig-file.ts';
import { kubeconfigPaths } from '../certs/check-expiration.ts';
import { kubeadmTime, residual } from '../certs/expiration-output.ts';
import { guarded, type Terminal } from '../certs/terminal.ts';

/** What a context of a kubeconfig says, without anything secret. */
interface ContextDescription {
  context: string;
  current: boolean;
  cluster: string;
  server: string;
  namespace?: string;
  user: string;
  /** What the user shows: a certificate, a token, a plugin, a password, or nothing. */
  credential: string;
  /** What a certificate names the user and groups. */
  name?: string;
  groups?: string[];
  expires?: string;
  problems: string[];
}

/** `sallyport kubeconfig inspect [FILE…]`. */
export function registerInspect(command: Command, terminal: Terminal): void {
  command
    .command('inspect')
    .description('what is in a kubeconfig, and what is wrong with it; never its keys and tokens')
    .argument('[files...]', 'kubeconfigs; without, those of $KUBECONFIG or ~/.kube/config')
    .addOption(
      new Option('-o, --output <format>', 'how to show it').choices(['text', 'json']).default('text'),
    )
    .action((files: string[], { output }: { output: string }) =>
      guarded(terminal, async () => {
        const now = systemClock.now();
        const paths = files.length ? files : kubeconfigPaths();
        const all = paths.map((path) => ({ file: path, ...describe(path, now) }));
        terminal.write(
          output === 'json'
            ? `${JSON.stringify(all, null, 2)}\n`
            : all.map((one) => textOf(one, now)).join('\n'),
        );
        return all.some(
          ({ problems, contexts }) => problems.length + contexts.flatMap((one) => one.problems).length,
        )
          ? 1
          : 0;
      }),
    );
}

/** Throws an Error where it is no kubeconfig. */
export function describe(path: string, now: number): { problems: string[]; contexts: ContextDescription[] } {
  const file = KubeconfigFile.read(path);
  const problems: string[] = [];
  const mode = statSync(path).mode & 0o777;
  if (mode & 0o077) problems.push(`others may read it (mode 0${mode.toString(8)}): chmod 600 ${path}`);
  const current = file.currentContext;
  if (current === '') problems.push('it has no current-context: kubectl config use-context NAME');
  else if (!file.context(current)) problems.push(`its current-context ${current} is not there`);
  for (const list of ['clusters', 'users', 'contexts'] as const) {
    const names = file.entries(list).map(({ name }) => name);
    for (const name of new Set(names))
      if (names.filter((one) => one === name).length > 1)
        problems.push(`${list} has several entries ${name}; the last one counts`);
  }
  const contexts = file.entries('contexts').map(({ name }) => contextOf(file, name, now));
  return { problems, contexts };
}

function contextOf(file: KubeconfigFile, name: string, now: number): ContextDescription {
  const { cluster, user, namespace } = file.context(name)!;
  const problems: string[] = [];
  const place = file.value('clusters', cluster);
  if (!place) problems.push(`cluster ${cluster} is not there`);
  const server = typeof place?.server === 'string' ? place.server : '';
  if (place && server === '') problems.push(`cluster ${cluster} has no server`);
  if (place?.['insecure-skip-tls-verify'] === true)
    problems.push(
      'the server is not verified (insecure-skip-tls-verify): whoever stands between reads everything',
    );
  const value = file.value('users', user);
  if (!value && user !== '') problems.push(`user ${user} is not there`);
  return {
    context: name,
    current: name === file.currentContext,
    cluster,
    server,
    ...(namespace === '' ? {} : { namespace }),
    user,
    ...credentialOf(file, user, cluster, now, problems),
    problems,
  };
}

function credentialOf(
  file: KubeconfigFile,
  user: string,
  cluster: string,
  now: number,
  problems: string[],
): Pick<ContextDescription, 'credential' | 'name' | 'groups' | 'expires'> {
  const client = clientCertificateOf(file, user);
  if (client) {
    const kept =
      client.certFile === undefined ? 'client certificate' : `client certificate (${client.certFile})`;
    try {
      if (client.problem !== undefined) throw new Error(client.problem);
      const certificate = readCertificates(client.certificate!)[0]!;
      if (client.key === undefined) problems.push('it has no key');
      else if (!certificate.checkPrivateKey(readPrivateKey(client.key)))
        problems.push('its key is not that of its certificate');
      if (expiryOf(certificate) <= now)
        problems.push('its certificate has expired: sallyport kubeconfig renew');
      const ca = authorityOf(file, cluster);
      // Client and server may have CAs of their own, so this is no fault.
      const issued =
        ca === undefined ? undefined : readCertificates(ca).some((one) => isIssuedBy(certificate, one));
      return {
        credential: issued === false ? `${kept}, not issued by the authority of its cluster` : kept,
        name: commonName(certificate),
        groups: namePart(certificate.subject, 'O'),
        expires: rfc3339(expiryOf(certificate)),
      };
    } catch (error) {
      problems.push((error as Error).message);
      return { credential: kept };
    }
  }
  const value = file.value('users', user) ?? {};
  if (typeof value.token === 'string' && value.token !== '') {
    const expiry = tokenExpiry(value.token);
    if ('expires' in expiry && expiry.expires <= now) problems.push('its token has expired');
    return { credential: 'token', ...('expires' in expiry ? { expires: rfc3339(expiry.expires) } : {}) };
  }
  if (value.tokenFile) return { credential: `token in ${file.resolve(String(value.tokenFile))}` };
  if (value.exec)
    return { credential: `plugin ${String((value.exec as { command?: unknown }).command ?? '')}` };
  if (value['auth-provider']) return { credential: 'auth-provider' };
  if (value.username) return { credential: 'password' };
  return { credential: 'nothing' };
}

function textOf(
  { file, problems, contexts }: { file: string } & ReturnType<typeof describe>,
  now: number,
): string {
  const lines = [file, ...problems.map((problem) => `  ! ${problem}`)];
  for (const one of contexts) {
    const who =
      one.name === undefined
        ? one.user
        : `${one.name}${one.groups?.length ? ` (${one.groups.join(', ')})` : ''}`;
    const until =
      one.expires === undefined
        ? ''
        : `, good until ${kubeadmTime(Date.parse(one.expires))} (${residual(Date.parse(one.expires) - now)})`;
    lines.push(
      '',
      `${one.current ? '*' : ' '} ${one.context}`,
      `    server      ${one.server}`,
      ...(one.namespace === undefined ? [] : [`    namespace   ${one.namespace}`]),
      `    user        ${who}`,
      `    shows       ${one.credential}${until}`,
      ...one.problems.map((problem) => `    ! ${problem}`),
    );
  }
  // Names are whatever somebody wrote into the file, and must not command a terminal.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return `${lines.map((line) => line.replace(/[\x00-\x1f\x7f-\x9f]/g, '?')).join('\n')}\n`;
}
