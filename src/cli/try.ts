import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Question } from '../authorization/rights/who-can.ts';
import { drawTree, type TreeNode } from '../explain/drawing.ts';
import type { RequestSummary } from '../explain/request-summary.ts';
import { decisionTree } from '../explain/tree.ts';
import { ANONYMOUS, UNAUTHENTICATED, type UserInfo } from '../meta/user.ts';
import { preferredResource } from '../schema/resources.ts';
import { claimsOf, collect, timeOf } from './caller-flags.ts';
import { type Caller, type DoorsConfiguration, OfflineDoors, type Played } from './offline-doors.ts';
import { type RbacSourceFlags, rbacSource } from './rbac-source.ts';
import { userOf } from './rights.ts';
import { canvasOf } from './terminal.ts';
import { registerTryOidc } from './try-oidc.ts';
import { questionOf } from './who-can.ts';

/** Flags that say what the doors are made of, of `try` and `test`. */
export interface DoorFlags extends RbacSourceFlags {
  authenticationConfig?: string;
  tokenAuthFile?: string;
  clientCaFile?: string;
  serviceAccountKeyFile?: string[];
  serviceAccountIssuer?: string[];
  apiAudiences?: string;
  anonymousAuth?: boolean;
  authorizationMode?: string;
  authorizationConfig?: string;
  authorizationPolicyFile?: string;
}

interface Flags extends DoorFlags {
  certificate?: string;
  token?: string;
  as?: string;
  asGroup?: string[];
  asUid?: string;
  claims?: string;
  at?: number;
  namespace?: string;
  subresource?: string;
  output: string;
}

/** `sallyport try VERB WHAT`: plays a request without a server. Exit code 0: allowed, 1: refused, 2: it cannot be played. */
export function registerTry(
  program: Command,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  // What stands behind `oidc` is its own.
  const command = program.enablePositionalOptions().command('try').enablePositionalOptions();
  registerTryOidc(command, { write });
  doorOptions(
    command
      .description('play a request without a server: who would it be, and would it be allowed')
      .argument('<verb>', 'a verb such as get or create; for a URL a method in lower case')
      .argument('<what>', 'a resource (pods, deployments.apps, pods/NAME) or a URL (/metrics)')
      .option('-n, --namespace <name>', 'the namespace to do it in')
      .option('--subresource <name>', 'a subresource, such as log or exec')
      .option('--certificate <file>', 'ask with this client certificate, its intermediates behind it (PEM)')
      .option('--token <token>', 'ask with this bearer token; - reads it from standard input')
      .option('--as <user>', 'ask as a made-up user, or system:serviceaccount:NAMESPACE:NAME')
      .option('--as-group <group>', 'a group of the made-up user; may be repeated', collect)
      .option('--as-uid <uid>', 'uid of the made-up user')
      .option(
        '--claims <json>',
        'ask with an ID token with these claims, or those of @FILE; nobody has to sign it',
      )
      .option('--at <time>', 'play it at another time (RFC 3339)', timeOf)
      .option('-o, --output <format>', 'tree or json', 'tree'),
  ).action(async (verb: string, what: string, flags: Flags) => {
    let doors: OfflineDoors | undefined;
    try {
      const caller = callerOf(flags);
      doors = new OfflineDoors(configurationOf(flags), await rbacSource(flags));
      const { decision, allowed, matchConditions } = await doors.play(
        caller,
        requestOf(questionOf(verb, what, flags)),
        flags.at,
      );
      write(
        flags.output === 'json'
          ? `${JSON.stringify({ allowed, ...decision, ...(matchConditions.length ? { matchConditions } : {}) }, null, 2)}\n`
          : decisionTree(decision, canvasOf()),
      );
      if (flags.output !== 'json') for (const one of matchConditions) write(conditionsTree(one));
      if (flags.output !== 'json') write(allowed ? 'Allowed.\n' : 'Refused.\n');
      process.exitCode = allowed ? 0 : 1;
    } catch (error) {
      process.stderr.write(`Error: ${(error as Error).message}\n`);
      process.exitCode = 2;
    } finally {
      doors?.close();
    }
  });
}

/** Whether a webhook is asked at all, condition by condition. */
function conditionsTree({ webhook, conditions }: Played['matchConditions'][number]): string {
  const children = conditions.map(
    ({ expression, value, error, cost }): TreeNode => ({
      text: `${expression}: ${error ?? value} (cost ${cost})`,
      mark: value ? 'good' : 'bad',
    }),
  );
  return drawTree({ text: `matchConditions of webhook ${webhook}`, children }, canvasOf());
}

/** Adds the options that say what the doors are made of. */
export function doorOptions(command: Command): Command {
  return command
    .option('--from <path>', 'read roles and bindings from a manifest or a folder of them')
    .option('--no-defaults', 'leave out the default roles and bindings of every cluster (with --from)')
    .option('--kubeconfig <file>', "read roles and bindings from this kubeconfig's cluster")
    .option('--context <name>', 'another context of the kubeconfig than its current one')
    .option('--authentication-config <file>', 'AuthenticationConfiguration: JWT issuers, anonymous requests')
    .option('--token-auth-file <file>', 'CSV file of static tokens')
    .option('--client-ca-file <file>', 'PEM bundle that client certificates are verified with')
    .option('--service-account-key-file <file>', 'PEM key of ServiceAccount tokens; may be repeated', collect)
    .option('--service-account-issuer <url>', 'issuer of ServiceAccount tokens; may be repeated', collect)
    .option('--api-audiences <list>', 'audiences of the API, with commas between them')
    .option('--no-anonymous-auth', 'let nobody in without credentials')
    .option('--authorization-mode <list>', 'authorizers in their order, with commas between them (RBAC)')
    .option('--authorization-config <file>', 'AuthorizationConfiguration')
    .option('--authorization-policy-file <file>', 'file of ABAC policies');
}

const listOf = (text: string | undefined): string[] => (text ? text.split(',') : []);

export function configurationOf(flags: DoorFlags): DoorsConfiguration {
  return {
    authenticationConfig: flags.authenticationConfig ?? '',
    tokenAuthFile: flags.tokenAuthFile ?? '',
    clientCaFile: flags.clientCaFile ?? '',
    serviceAccountKeyFiles: flags.serviceAccountKeyFile ?? [],
    serviceAccountIssuers: flags.serviceAccountIssuer ?? [],
    apiAudiences: listOf(flags.apiAudiences),
    anonymousAuth: flags.anonymousAuth ?? true,
    authorizationModes: listOf(flags.authorizationMode),
    authorizationConfig: flags.authorizationConfig ?? '',
    authorizationPolicyFile: flags.authorizationPolicyFile ?? '',
  };
}

function callerOf(flags: Flags): Caller {
  const { certificate, token, as, claims } = flags;
  if ([certificate, token, as, claims].filter((given) => given !== undefined).length > 1)
    throw new Error('--certificate, --token, --as and --claims exclude each other');
  if (certificate !== undefined) return { kind: 'certificate', pem: readFileSync(certificate, 'utf8') };
  if (token !== undefined)
    return { kind: 'token', token: (token === '-' ? readFileSync(0, 'utf8') : token).trim() };
  if (claims !== undefined) return { kind: 'claims', claims: claimsOf(claims) };
  if (as === undefined) return { kind: 'anonymous' };
  return { kind: 'user', user: madeUpUser(as, flags.asGroup ?? [], flags.asUid) };
}

/** A user with the groups that everybody of that sort is in. */
export function madeUpUser(name: string, groups: readonly string[], uid?: string): UserInfo {
  const user = name === ANONYMOUS ? { name, groups: [...groups, UNAUTHENTICATED] } : userOf(name, groups);
  return uid === undefined ? user : { ...user, uid };
}

const METHODS: Readonly<Record<string, string>> = {
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

/** The request that would ask for a right. */
export function requestOf(asked: Question): RequestSummary {
  const { verb } = asked;
  const common = { verb, remoteAddress: '', userAgent: '' };
  if ('path' in asked) {
    const none = { apiGroup: '', apiVersion: '', namespace: '', resource: '', subresource: '', name: '' };
    return { ...common, ...none, method: verb.toUpperCase(), path: asked.path };
  }
  const { group, resource, subresource, name, namespace } = asked;
  const apiVersion = preferredResource({ group, resource })?.version ?? 'v1';
  const path = [
    group === '' ? `/api/${apiVersion}` : `/apis/${group}/${apiVersion}`,
    ...(namespace === '' ? [] : ['namespaces', namespace]),
    resource,
    name,
    subresource,
  ];
  return {
    ...common,
    method: METHODS[verb] ?? 'GET',
    path: path.filter((part) => part !== '').join('/'),
    apiGroup: group,
    apiVersion,
    namespace,
    resource,
    subresource,
    name,
  };
}
