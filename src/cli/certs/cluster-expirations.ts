import { isIP } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import type { KubeObject } from '../../meta/object.ts';
import { type Expiration, tokenExpiry, userExpirations } from '../../pki/expiration.ts';
import { authorityOf } from '../../pki/kubeconfig-credentials.ts';
import { KubeconfigFile } from '../../pki/kubeconfig-file.ts';
import { ClusterClient, ClusterError } from '../cluster-client.ts';

const CONNECT_MS = 10_000;
/** Clusters that are asked at one time. */
const AT_ONCE = 8;

export interface ContextChoice {
  /** The kubeconfig that holds it. */
  path: string;
  context: string;
}

/** The contexts of some kubeconfigs, all or those named; a name that no file has stands alone, to be told of. */
export function chooseContexts(
  paths: readonly string[],
  names: readonly string[] | undefined,
): { chosen: ContextChoice[]; unknown: string[]; unreadable: Expiration[] } {
  const chosen: ContextChoice[] = [];
  const unreadable: Expiration[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    try {
      for (const { name } of KubeconfigFile.read(path).entries('contexts')) {
        // The first file that has a name wins, as for kubectl.
        if (seen.has(name) || (names && !names.includes(name))) continue;
        seen.add(name);
        chosen.push({ path, context: name });
      }
    } catch (error) {
      unreadable.push({ source: path, kind: 'cluster', name: path, problem: (error as Error).message });
    }
  }
  return { chosen, unknown: (names ?? []).filter((name) => !seen.has(name)), unreadable };
}

/** Asks many clusters, some at a time, and answers in the order asked. None of them stops the others. */
export async function clusterExpirations(
  choices: readonly ContextChoice[],
  progress: (done: number, of: number) => void = () => {},
): Promise<Expiration[]> {
  const answers: Expiration[][] = choices.map(() => []);
  let next = 0;
  let done = 0;
  progress(0, choices.length);
  const work = async (): Promise<void> => {
    for (let at = next++; at < choices.length; at = next++) {
      answers[at] = await contextExpirations(choices[at]!);
      progress(++done, choices.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, choices.length) }, work));
  return answers.flat();
}

/** What expires of one cluster, as seen from outside: on the wire, in the kubeconfig, and through the API. */
async function contextExpirations({ path, context }: ContextChoice): Promise<Expiration[]> {
  const source = context;
  try {
    const file = KubeconfigFile.read(path);
    const { user, cluster } = file.context(context)!;
    const rows = userExpirations(file, user, source, `kubectl with context ${context} gets Unauthorized`);
    const server = file.value('clusters', cluster)?.server;
    if (typeof server !== 'string' || server === '')
      return [
        ...rows,
        { source, kind: 'cluster', name: cluster, problem: `cluster ${cluster} has no server` },
      ];
    const served = await servingCertificates(file, cluster, server, source);
    rows.unshift(...served);
    if (served.some(({ kind }) => kind === 'cluster')) return rows;
    if (rows.some(({ kind }) => kind === 'exec-plugin'))
      return [
        ...rows,
        {
          source,
          kind: 'cluster',
          name: 'tokens in Secrets',
          breaks: 'not looked at: this context signs in by a plugin, which is not run here',
        },
      ];
    return [...rows, ...(await secretExpirations(path, context))];
  } catch (error) {
    return [{ source, kind: 'cluster', name: context, problem: (error as Error).message }];
  }
}

async function servingCertificates(
  file: KubeconfigFile,
  cluster: string,
  server: string,
  source: string,
): Promise<Expiration[]> {
  const url = new URL(/^https?:\/\//.test(server) ? server : `https://${server}`);
  if (url.protocol === 'http:') return [];
  const value = file.value('clusters', cluster) ?? {};
  const ca = authorityOf(file, cluster);
  const name = value['tls-server-name'];
  try {
    const { chain, problem } = await presented(url, {
      ...(ca === undefined ? {} : { ca }),
      ...(typeof name === 'string' && name !== '' ? { servername: name } : {}),
    });
    const unverified = value['insecure-skip-tls-verify'] === true;
    return chain.map(
      (certificate, depth): Expiration => ({
        source,
        kind: depth === 0 ? 'serving-certificate' : 'authority',
        name: depth === 0 ? url.host : String(certificate.subject.CN ?? 'CA'),
        expires: Date.parse(certificate.valid_to),
        authority: String(certificate.issuer.CN ?? certificate.issuer.O ?? ''),
        breaks: 'every client refuses to talk to this API server (x509: certificate has expired)',
        ...(depth === 0 && problem !== undefined && !unverified ? { problem } : {}),
      }),
    );
  } catch (error) {
    return [{ source, kind: 'cluster', name: url.host, problem: unreachable(url, error) }];
  }
}

function unreachable(url: URL, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused; nothing listens there',
    ENOTFOUND: 'no such host',
    EAI_AGAIN: 'the name cannot be looked up now',
    EHOSTUNREACH: 'no route to the host',
    ENETUNREACH: 'no route to the network',
    ECONNRESET: 'the connection was cut',
  };
  return `${url.host} cannot be reached (${words[code ?? ''] ?? (message || code)})`;
}

/** The certificates that a server presents, the leaf first; whatever is wrong with them is told, and stops nothing. */
export function presented(
  url: URL,
  options: { ca?: string; servername?: string },
): Promise<{ chain: PeerCertificate[]; problem?: string }> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((done, fail) => {
    const socket = connect({
      host,
      port: Number(url.port || 443),
      rejectUnauthorized: false,
      timeout: CONNECT_MS,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      // Names alone are sent as such (RFC 6066 3).
      ...(options.servername !== undefined
        ? { servername: options.servername }
        : isIP(host)
          ? {}
          : { servername: host }),
    });
    socket.once('secureConnect', () => {
      const chain: PeerCertificate[] = [];
      let certificate = socket.getPeerCertificate(true);
      while (
        certificate?.fingerprint256 &&
        !chain.some((one) => one.fingerprint256 === certificate.fingerprint256)
      ) {
        chain.push(certificate);
        certificate = certificate.issuerCertificate;
      }
      const fault = socket.authorized ? undefined : (socket.authorizationError as unknown);
      const code = String((fault as NodeJS.ErrnoException | undefined)?.code ?? fault ?? '');
      socket.destroy();
      done({
        chain,
        ...(code === '' || code === 'CERT_HAS_EXPIRED' ? {} : { problem: untrusted(code, fault) }),
      });
    });
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${CONNECT_MS / 1000} s`)));
    socket.once('error', fail);
  });
}

function untrusted(code: string, fault: unknown): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'it is not for the name or address that the kubeconfig has';
  return `the kubeconfig's authority did not issue it (${fault instanceof Error ? fault.message : code})`;
}

/** Tokens that Secrets of the cluster hold. */
async function secretExpirations(path: string, context: string): Promise<Expiration[]> {
  const source = context;
  let client: ClusterClient;
  try {
    client = new ClusterClient(path, context);
  } catch (error) {
    return [{ source, kind: 'cluster', name: 'tokens in Secrets', problem: (error as Error).message }];
  }
  const all = async (
    name: string,
    place: string,
    type: string,
    row: (secret: KubeObject) => Expiration,
  ): Promise<Expiration[]> => {
    try {
      const secrets = await client.list(place, `type=${type}`);
      return secrets.map(row);
    } catch (error) {
      const why =
        error instanceof ClusterError ? `${error.message} (HTTP ${error.status})` : (error as Error).message;
      return [{ source, kind: 'cluster', name, problem: why }];
    }
  };
  try {
    const [bootstrap, serviceAccount] = await Promise.all([
      all(
        'bootstrap tokens',
        '/api/v1/namespaces/kube-system/secrets',
        'bootstrap.kubernetes.io/token',
        (secret): Expiration => {
          const expires = Date.parse(dataOf(secret, 'expiration'));
          return {
            source,
            kind: 'bootstrap-token',
            name: dataOf(secret, 'token-id') || String(secret.metadata.name),
            ...(Number.isNaN(expires) ? { never: true } : { expires }),
            breaks: 'nodes can no longer join with it',
          };
        },
      ),
      all(
        'ServiceAccount token Secrets',
        '/api/v1/secrets',
        'kubernetes.io/service-account-token',
        (secret): Expiration => ({
          source,
          kind: 'service-account-token',
          name: `${secret.metadata.namespace}/${secret.metadata.name}`,
          ...tokenExpiry(dataOf(secret, 'token')),
          breaks: `what uses the token of ServiceAccount ${secret.metadata.annotations?.['kubernetes.io/service-account.name'] ?? ''} gets Unauthorized`,
        }),
      ),
    ]);
    return [...bootstrap, ...serviceAccount];
  } finally {
    client.close();
  }
}

function dataOf(secret: KubeObject, key: string): string {
  const data = secret['data'] as Record<string, string> | undefined;
  return Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
}
