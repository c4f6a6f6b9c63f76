import { createPrivateKey, X509Certificate } from 'node:crypto';
import { dirname, isAbsolute, resolve } from 'node:path';
import { parse } from 'yaml';
import { type Clock, systemClock } from '../meta/clock.ts';
import { aggregateText } from '../meta/field-error.ts';
import { quote } from '../meta/go-quote.ts';
import { diskFiles, type Files } from './files.ts';
import type { WebhookCredentials, WebhookTarget } from './target.ts';

/** client.authentication through a kubeconfig's files is looked at again after this long. */
const REREAD_MS = 60_000;

interface Cluster {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  'proxy-url'?: string;
}

interface User {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  'as-user-extra'?: Record<string, string[]>;
  exec?: unknown;
  'auth-provider'?: unknown;
}

interface Context {
  cluster?: string;
  user?: string;
  namespace?: string;
}

/** One context of a kubeconfig: a server, and who asks it. */
export interface KubeconfigContext {
  name: string;
  cluster: Cluster;
  clusterName: string;
  user: User;
  userName: string;
  namespace: string;
}

/**
 * Reads a kubeconfig's current (or named) context. Throws an Error in client-go's words
 * (client-go tools/clientcmd: loader.go, validation.go); relative paths are the file's neighbours.
 */
export function readKubeconfig(
  path: string,
  files: Files = diskFiles,
  contextName?: string,
): KubeconfigContext {
  files.stat(path);
  let text: string;
  try {
    text = files.read(path);
  } catch (error) {
    throw new Error(`error loading config file "${path}": ${(error as Error).message}`);
  }
  return parseKubeconfig(text, path, files, contextName);
}

/** The same of a text; `path` is where it stands, for its relative paths and for messages. */
export function parseKubeconfig(
  text: string,
  path: string,
  files: Files = diskFiles,
  contextName?: string,
): KubeconfigContext {
  let config: Record<string, unknown>;
  try {
    config = (parse(text) ?? {}) as Record<string, unknown>;
    if (typeof config !== 'object' || Array.isArray(config)) throw new Error('it is no mapping');
  } catch (error) {
    throw new Error(
      `error loading config file "${path}": couldn't get version/kind; json parse error: ${(error as Error).message.split('\n')[0]}`,
    );
  }
  const clusters = byName<Cluster>(config['clusters'], 'cluster');
  const users = byName<User>(config['users'], 'user');
  const contexts = byName<Context>(config['contexts'], 'context');
  if (clusters.size + users.size + contexts.size === 0 && !config['current-context'])
    throw invalidConfiguration([
      'no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
    ]);
  const name = contextName || String(config['current-context'] ?? '');
  if (name === '') throw new Error('no context chosen');
  const context = contexts.get(name);
  if (!context)
    throw contextName
      ? new Error(`context ${quote(name)} does not exist`)
      : invalidConfiguration([`context was not found for specified context: ${name}`]);

  const base = dirname(resolve(path));
  const userName = context.user ?? '';
  const clusterName = context.cluster ?? '';
  if (userName !== '' && !users.has(userName) && contextName)
    throw new Error(`auth info ${quote(userName)} does not exist`);
  const user = resolved(users.get(userName) ?? {}, base, ['client-certificate', 'client-key', 'tokenFile']);
  const cluster = resolved(clusters.get(clusterName) ?? {}, base, ['certificate-authority']);
  const errors = [
    ...(userName !== '' && !users.has(userName)
      ? [`user ${quote(userName)} was not found for context ${quote(name)}`]
      : []),
    ...(clusterName !== '' && !clusters.has(clusterName)
      ? [`cluster ${quote(clusterName)} was not found for context ${quote(name)}`]
      : []),
    ...userFaults(user, userName, files),
    ...clusterFaults(cluster, clusterName, files),
  ];
  if (errors.length) throw invalidConfiguration(errors);
  if (user.exec || user['auth-provider'])
    throw new Error(`user ${quote(userName)}: credential plugins are not supported`);
  if (cluster['proxy-url']) throw new Error(`cluster ${quote(clusterName)}: proxy-url is not supported`);
  return { name, cluster, clusterName, user, userName, namespace: context.namespace ?? '' };
}

const invalidConfiguration = (errors: readonly string[]): Error =>
  new Error(`invalid configuration: ${aggregateText(errors)}`);

function byName<T>(list: unknown, key: string): Map<string, T> {
  const named = new Map<string, T>();
  if (!Array.isArray(list)) return named;
  for (const item of list as Record<string, unknown>[])
    named.set(String(item?.name ?? ''), (item?.[key] ?? {}) as T);
  return named;
}

function resolved<T extends object>(value: T, base: string, fields: readonly (keyof T & string)[]): T {
  const copy = { ...value };
  for (const field of fields) {
    const path = copy[field];
    if (typeof path === 'string' && path !== '' && !isAbsolute(path))
      (copy as Record<string, unknown>)[field] = resolve(base, path);
  }
  return copy;
}

function clusterFaults(cluster: Cluster, name: string, files: Files): string[] {
  if (Object.values(cluster).every((value) => !value)) return ['cluster has no server defined'];
  const errors: string[] = [];
  if (!cluster.server)
    errors.push(
      name === '' ? 'default cluster has no server defined' : `no server found for cluster ${quote(name)}`,
    );
  const ca = cluster['certificate-authority'];
  if (ca && cluster['certificate-authority-data'])
    errors.push(
      `certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`,
    );
  const fault = ca ? unreadable(ca, files) : undefined;
  if (fault) errors.push(`unable to read certificate-authority ${ca} for ${name} due to ${fault}`);
  return errors;
}

function userFaults(user: User, name: string, files: Files): string[] {
  const errors: string[] = [];
  const {
    'client-certificate': cert,
    'client-certificate-data': certData,
    'client-key': key,
    'client-key-data': keyData,
  } = user;
  if (!cert && !certData) return methodFaults(user, name);
  if (cert && certData)
    errors.push(
      `client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`,
    );
  if (key && keyData)
    errors.push(
      `client-key-data and client-key are both specified for ${name}; client-key-data will override`,
    );
  if (!key && !keyData)
    errors.push(
      `client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`,
    );
  const certFault = cert ? unreadable(cert, files) : undefined;
  if (certFault) errors.push(`unable to read client-cert ${cert} for ${name} due to ${certFault}`);
  const keyFault = key ? unreadable(key, files) : undefined;
  if (keyFault) errors.push(`unable to read client-key ${key} for ${name} due to ${keyFault}`);
  return [...errors, ...methodFaults(user, name)];
}

function methodFaults(user: User, name: string): string[] {
  if (!user.token || (!user.username && !user.password)) return [];
  return [
    `more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`,
  ];
}

function unreadable(path: string, files: Files): string | undefined {
  try {
    files.read(path);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** A kubeconfig's context as something to send requests to. Files with credentials are read again every minute. */
export function targetOf(
  context: KubeconfigContext,
  files: Files = diskFiles,
  clock: Clock = systemClock,
): WebhookTarget {
  const { cluster, user } = context;
  const caData = cluster['certificate-authority-data'];
  const ca = caData
    ? base64(caData)
    : cluster['certificate-authority']
      ? files.read(cluster['certificate-authority'])
      : undefined;
  const secure = Boolean(
    ca ||
      cluster['insecure-skip-tls-verify'] ||
      user['client-certificate'] ||
      user['client-certificate-data'],
  );
  const server = cluster.server ?? '';
  let known: WebhookCredentials | undefined;
  let readAt = 0;
  return {
    url: /^https?:\/\//.test(server) ? server : `${secure ? 'https' : 'http'}://${server}`,
    ca,
    serverName: cluster['tls-server-name'] || undefined,
    insecure: cluster['insecure-skip-tls-verify'] === true,
    credentials() {
      if (!known || clock.monotonic() - readAt > REREAD_MS) {
        readAt = clock.monotonic();
        try {
          const next = credentialsOf(user, files);
          if (known && !fits(next)) return known;
          known = next;
        } catch (error) {
          // A file that is being replaced: what was read before is better than nothing.
          if (!known) throw error;
        }
      }
      return known;
    },
  };
}

/** Whether a certificate goes with its key: they are two files, of which one may have been renewed already. */
function fits({ certificate }: WebhookCredentials): boolean {
  if (!certificate) return true;
  try {
    return new X509Certificate(certificate.certificate).checkPrivateKey(createPrivateKey(certificate.key));
  } catch {
    return false;
  }
}

function credentialsOf(user: User, files: Files): WebhookCredentials {
  const pem = (data: string | undefined, path: string | undefined): string | undefined =>
    data ? base64(data) : path ? files.read(path) : undefined;
  const certificate = pem(user['client-certificate-data'], user['client-certificate']);
  const key = pem(user['client-key-data'], user['client-key']);
  const token = user.token || (user.tokenFile ? files.read(user.tokenFile).trim() : '');
  const basic = user.username || user.password ? `${user.username ?? ''}:${user.password ?? ''}` : '';
  const headers: Record<string, string | string[]> = {};
  if (user.as) headers['impersonate-user'] = user.as;
  if (user['as-uid']) headers['impersonate-uid'] = user['as-uid'];
  if (user['as-groups']?.length) headers['impersonate-group'] = user['as-groups'];
  for (const [name, values] of Object.entries(user['as-user-extra'] ?? {}))
    headers[`impersonate-extra-${encodeURIComponent(name)}`] = values;
  return {
    ...(certificate && key ? { certificate: { certificate, key } } : {}),
    ...(token
      ? { authorization: `Bearer ${token}` }
      : basic
        ? { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }
        : {}),
    ...(Object.keys(headers).length ? { headers } : {}),
  };
}

const base64 = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
