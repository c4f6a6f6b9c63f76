import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parseCsv } from '../../authentication/csv.ts';
import type { RbacSource } from '../../authorization/rbac/source.ts';
import {
  BOOTSTRAP_TOKEN_PREFIX,
  BOOTSTRAP_TOKEN_TYPE,
  bootstrapTokenData,
  bootstrapTokenExpiry,
} from '../../controllers/bootstrap-token-secret.ts';
import { INVALID_SINCE_LABEL, LAST_USED_LABEL } from '../../controllers/legacy-token-labels.ts';
import { podSecretNames } from '../../controllers/pod-secret-names.ts';
import { ACCOUNT_NAME_ANNOTATION, TOKEN_SECRET_TYPE } from '../../controllers/token-secrets.ts';
import { humanAge } from '../../meta/human-age.ts';
import type { KubeObject } from '../../meta/object.ts';
import { AUTHENTICATED } from '../../meta/user.ts';
import { guarded, type Terminal } from '../certs/terminal.ts';
import { userOf } from '../rights.ts';
import { type AuditedCluster, type AuditFlags, runAudit, withAuditFlags } from './clusters.ts';
import type { Finding, Severity } from './finding.ts';
import { worstRight } from './worst-right.ts';

interface TokenFlags extends AuditFlags {
  tokenAuthFile?: string[];
}

const DAY_MS = 86_400_000;
/** Unused for so long, a token is most likely forgotten; or this long and never used. */
const UNUSED_MS = 90 * DAY_MS;
const NEVER_USED_MS = 30 * DAY_MS;

/** `sallyport audit tokens`: tokens that live long, what they may do, and what to use in their place. */
export function registerTokens(audit: Command, terminal: Terminal, now: () => number = Date.now): void {
  withAuditFlags(
    audit
      .command('tokens')
      .description(
        'tokens that do not run out: of ServiceAccounts in Secrets, bootstrap tokens, static token files; what they may do, and what to use in their place',
      ),
  )
    .option('--token-auth-file <files...>', "static token files too, judged by the (first) cluster's rights")
    .action((flags: TokenFlags) =>
      guarded(terminal, () => {
        const files = [...(flags.tokenAuthFile ?? [])];
        return runAudit(
          flags,
          terminal,
          async (cluster) => [
            ...(await tokenFindings(cluster, now())),
            ...files.splice(0).flatMap((file) => tokenFileFindings(file, cluster)),
          ],
          'No token that does not run out.',
        );
      }),
    );
}

/** The long-lived tokens of a cluster. */
export async function tokenFindings(cluster: AuditedCluster, now: number): Promise<Finding[]> {
  const secrets = await cluster.objects('tokenSecrets');
  const pods = secrets.length ? await cluster.objects('pods') : [];
  const users = usersOf(pods);
  const bootstrap = (await cluster.objects('bootstrapSecrets')).filter(isBootstrap);
  return [
    ...secrets
      .filter(({ type }) => type === TOKEN_SECRET_TYPE)
      .map((secret) => secretFinding(cluster, secret, users, now)),
    ...bootstrap.map((secret) => bootstrapFinding(cluster, secret, now)),
  ];
}

/** Which pods have a Secret in their volumes or environment, by `NAMESPACE/SECRET`. */
function usersOf(pods: readonly KubeObject[]): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const pod of pods) {
    const { namespace = 'default', name = '' } = pod.metadata;
    for (const secret of new Set(podSecretNames(pod['spec'] ?? {}))) {
      const key = `${namespace}/${secret}`;
      users.set(key, [...(users.get(key) ?? []), name]);
    }
  }
  return users;
}

function secretFinding(
  { name: cluster, source }: AuditedCluster,
  secret: KubeObject,
  users: ReadonlyMap<string, string[]>,
  now: number,
): Finding {
  const {
    namespace = 'default',
    name = '',
    annotations = {},
    labels = {},
    creationTimestamp,
  } = secret.metadata;
  const account = annotations[ACCOUNT_NAME_ANNOTATION] ?? '';
  const lastUsed = labels[LAST_USED_LABEL];
  const invalidSince = labels[INVALID_SINCE_LABEL];
  const pods = users.get(`${namespace}/${name}`) ?? [];
  const worst = worstRight(source, userOf(`serviceaccount:${namespace}:${account}`, []));
  const age = creationTimestamp === undefined ? '' : `, ${humanAge(now - Date.parse(creationTimestamp))} old`;
  const idle = now - Date.parse(lastUsed ?? creationTimestamp ?? '') > (lastUsed ? UNUSED_MS : NEVER_USED_MS);
  const use =
    invalidSince !== undefined
      ? `refused since ${invalidSince}`
      : lastUsed === undefined
        ? `not used${age}`
        : `last used ${lastUsed}${age}`;
  const severity: Severity = invalidSince !== undefined ? 'info' : worst.severity;
  return {
    cluster,
    severity,
    code: 'TOKEN_SECRET',
    who: `Secret ${namespace}/${name} (ServiceAccount ${account})`,
    what: `${use}; may ${worst.words}`,
    fix: secretFix({ namespace, name, account, pods, idle, invalidSince }),
    facts: {
      namespace,
      secret: name,
      serviceAccount: account,
      ...(creationTimestamp ? { created: creationTimestamp } : {}),
      ...(lastUsed ? { lastUsed } : {}),
      ...(invalidSince ? { invalidSince } : {}),
      ...(pods.length ? { pods } : {}),
      worst,
    },
  };
}

function secretFix(of: {
  namespace: string;
  name: string;
  account: string;
  pods: readonly string[];
  idle: boolean;
  invalidSince: string | undefined;
}): string {
  const { namespace, name, account, pods, idle, invalidSince } = of;
  const remove = `kubectl delete secret ${name} -n ${namespace}`;
  if (invalidSince !== undefined) return `nobody can use it: ${remove}`;
  if (pods.length)
    return `take it out of ${pods.length === 1 ? `pod ${pods[0]}` : `${pods.length} pods`}: a projected token (/var/run/secrets/kubernetes.io/serviceaccount/token) is renewed by itself; then ${remove}`;
  if (idle) return `seems forgotten: ${remove} ends it at once`;
  return `for who uses it from outside: kubectl create token ${account} -n ${namespace} (TokenRequest), or sallyport kubeconfig create; then ${remove}`;
}

const isBootstrap = ({ type, metadata }: KubeObject): boolean =>
  type === BOOTSTRAP_TOKEN_TYPE && metadata.name?.startsWith(BOOTSTRAP_TOKEN_PREFIX) === true;

function bootstrapFinding(
  { name: cluster, source }: AuditedCluster,
  secret: KubeObject,
  now: number,
): Finding {
  const name = secret.metadata.name ?? '';
  const text = (key: string): string =>
    bootstrapTokenData(secret, key) || String((secret['stringData'] as Record<string, string>)?.[key] ?? '');
  const expiry = bootstrapTokenExpiry(secret);
  const authenticates = text('usage-bootstrap-authentication') === 'true';
  const extra = text('auth-extra-groups').split(',').filter(Boolean);
  const id = name.slice(BOOTSTRAP_TOKEN_PREFIX.length);
  const worst = worstRight(source, {
    name: `system:bootstrap:${id}`,
    groups: ['system:bootstrappers', ...extra, AUTHENTICATED],
  });
  const isOver = expiry !== undefined && !(now <= expiry);
  const severity: Severity =
    isOver || !authenticates
      ? 'info'
      : expiry === undefined
        ? atLeast(worst.severity, 'medium')
        : worst.severity;
  return {
    cluster,
    severity,
    code: 'BOOTSTRAP_TOKEN',
    who: `Secret kube-system/${name}`,
    what: `${expiry === undefined ? 'never expires' : isOver ? 'has expired' : `expires in ${humanAge(expiry - now)}`}${authenticates ? `; may ${worst.words}` : '; nobody signs in by it'}`,
    fix:
      expiry === undefined
        ? `delete it once the node has joined (kubectl delete secret ${name} -n kube-system), and make the next one with a lifetime: kubeadm token create --ttl 2h`
        : `it goes by itself; sooner: kubectl delete secret ${name} -n kube-system`,
    facts: { id, ...(expiry === undefined ? {} : { expires: text('expiration') }), groups: extra, worst },
  };
}

/** The users of a static token file (`--token-auth-file`), whose tokens end with the file alone. */
export function tokenFileFindings(
  file: string,
  { name: cluster, source }: { name: string; source: RbacSource },
): Finding[] {
  const users = new Map<string, readonly string[]>();
  for (const [line, record] of parseCsv(readFileSync(file, 'utf8')).entries()) {
    if (record.length < 3)
      throw new Error(`${file}, record ${line + 1}: token, user name and user uid have to stand there`);
    const [token, name = '', , groups] = record;
    if (token !== '') users.set(name, groups === undefined ? [] : groups.split(','));
  }
  return [...users].map(([name, groups]) => {
    const worst = worstRight(source, { name, groups: [...groups, AUTHENTICATED] });
    return {
      cluster,
      severity: atLeast(worst.severity, 'medium'),
      code: 'STATIC_TOKEN',
      who: `User ${name} (${file})`,
      what: `never expires, and stands in the file as it is; may ${worst.words}`,
      fix: 'sign people in by OIDC (sallyport login) or by short-lived certificates (sallyport kubeconfig create), programs by TokenRequest; then take the line out: the server reads the file again',
      facts: { user: name, groups, worst },
    };
  });
}

function atLeast(severity: Severity, least: Severity): Severity {
  const order: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];
  return order.indexOf(severity) < order.indexOf(least) ? severity : least;
}
