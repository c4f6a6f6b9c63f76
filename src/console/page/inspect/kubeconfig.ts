import { bad, care, type Finding, type Inspection, note } from './finding.ts';

type Fields = Record<string, unknown>;
/** Inspects what stands inside, such as a certificate or a token. */
export type Inside = (text: string) => Promise<Inspection | undefined>;

/** Whether a document is a kubeconfig: it has at least two of its lists. */
export function isKubeconfig(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Fields;
  return ['clusters', 'users', 'contexts'].filter((name) => Array.isArray(fields[name])).length >= 2;
}

/** What a kubeconfig leads to and as whom, and what is dangerous in it. Its secrets are named, never shown. */
export async function inspectKubeconfig(config: Fields, look: Inside): Promise<Inspection> {
  const clusters = listOf(config, 'clusters', 'cluster');
  const users = listOf(config, 'users', 'user');
  const contexts = listOf(config, 'contexts', 'context');
  const current = String(config['current-context'] ?? '');
  const findings: Finding[] = [];
  if (current === '') findings.push(care('It has no current context: kubectl wants --context.'));
  else if (!contexts.has(current)) findings.push(bad(`Its current context ${current} is not in it.`));
  for (const [name, context] of contexts) {
    const { cluster = '', user = '' } = context as Record<string, string>;
    if (!clusters.has(cluster))
      findings.push(bad(`Context ${name} names cluster ${cluster || '(none)'}, which is not in it.`));
    if (!users.has(user))
      findings.push(bad(`Context ${name} names user ${user || '(none)'}, which is not in it.`));
  }
  const parts: Inspection[] = [];
  for (const [name, cluster] of clusters) parts.push(await clusterPart(name, cluster, look));
  for (const [name, user] of users) parts.push(await userPart(name, user, look));
  return {
    title: 'A kubeconfig',
    findings,
    rows: [
      ['Current context', current || '(none)'],
      ...[...contexts].map(([name, context]): [string, string] => [
        `Context ${name}`,
        `user ${String(context['user'] ?? '')} at cluster ${String(context['cluster'] ?? '')}${context['namespace'] ? `, namespace ${String(context['namespace'])}` : ''}`,
      ]),
    ],
    parts,
  };
}

async function clusterPart(name: string, cluster: Fields, look: Inside): Promise<Inspection> {
  const server = String(cluster['server'] ?? '');
  const findings: Finding[] = [];
  if (server === '') findings.push(bad('It has no server.'));
  if (server.startsWith('http://'))
    findings.push(bad('It is reached without TLS: everybody on the way reads the credentials.'));
  if (cluster['insecure-skip-tls-verify'])
    findings.push(
      bad('insecure-skip-tls-verify: whoever stands in between can be the server, and gets the credentials.'),
    );
  const ca = cluster['certificate-authority-data'];
  if (
    !ca &&
    !cluster['certificate-authority'] &&
    server.startsWith('https://') &&
    !cluster['insecure-skip-tls-verify']
  )
    findings.push(note("It names no authority: the machine's own are trusted."));
  const inside = typeof ca === 'string' ? await look(ca) : undefined;
  return {
    title: `Cluster ${name}`,
    findings,
    rows: [
      ['Server', server || '(none)'],
      ...(cluster['proxy-url'] ? [['Proxy', withoutPassword(String(cluster['proxy-url']))] as const] : []),
      ...(cluster['tls-server-name']
        ? [['Name in the certificate', String(cluster['tls-server-name'])] as const]
        : []),
      ...(cluster['certificate-authority']
        ? [['Authority', String(cluster['certificate-authority'])] as const]
        : []),
    ],
    parts: inside ? [inside] : [],
  };
}

async function userPart(name: string, user: Fields, look: Inside): Promise<Inspection> {
  const findings: Finding[] = [];
  const rows: (readonly [string, string])[] = [];
  const parts: Inspection[] = [];
  const secrets = [
    ['client-key-data', 'a private key'],
    ['token', 'a token'],
    ['password', 'a password'],
  ].filter(([field]) => user[field!]);
  if (secrets.length)
    findings.push(
      care(
        `It holds ${secrets.map(([, what]) => what).join(' and ')}: whoever has this file can be this user.`,
      ),
    );
  if (user['client-certificate-data'] && !user['client-key-data'] && !user['client-key'])
    findings.push(bad('It has a certificate without its key.'));
  if (user['auth-provider'])
    findings.push(bad('auth-provider is not there any more since kubectl 1.26: use exec.'));
  for (const field of ['client-certificate', 'client-key', 'tokenFile', 'username', 'as'])
    if (user[field]) rows.push([field, String(user[field])]);
  const exec = user['exec'] as Fields | undefined;
  if (exec) {
    rows.push(['Runs', [exec['command'], ...((exec['args'] as unknown[]) ?? [])].map(String).join(' ')]);
    findings.push(
      note('A command gives the credentials: kubectl runs it as you. Trust who gave you the file.'),
    );
  }
  for (const field of ['client-certificate-data', 'token']) {
    const inside = typeof user[field] === 'string' ? await look(user[field]) : undefined;
    if (inside) parts.push(inside);
  }
  if (rows.length === 0 && parts.length === 0 && secrets.length === 0)
    findings.push(care('It has no credentials: requests are anonymous.'));
  return { title: `User ${name}`, findings, rows, parts };
}

/** The entries of a list by their names. */
function listOf(config: Fields, list: string, field: string): Map<string, Fields> {
  const found = new Map<string, Fields>();
  const entries = Array.isArray(config[list]) ? (config[list] as Fields[]) : [];
  for (const entry of entries) {
    if (typeof entry !== 'object' || entry === null) continue;
    const value = entry[field];
    found.set(
      String(entry['name'] ?? ''),
      typeof value === 'object' && value !== null ? (value as Fields) : {},
    );
  }
  return found;
}

const withoutPassword = (url: string): string => url.replace(/\/\/[^/@]*@/, '//…@');
