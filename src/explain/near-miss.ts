import { either, shellWord, who } from './fixes/phrases.ts';
import type { MissingRight } from './record.ts';

/** A binding of the caller that nearly allows a request, as explainRefusal of the RBAC authorizer finds it. */
export interface NearBinding {
  binding: { kind: string; namespace: string; name: string };
  role: { kind: string; name: string };
  rule?: {
    verbs: readonly string[];
    resources?: readonly string[];
    resourceNames?: readonly string[];
    nonResourceURLs?: readonly string[];
  };
  differences: readonly { part: string; asked: string; held: readonly string[] }[];
}

/** What RBAC would need to allow a request. */
export interface RemedyFacts {
  nearMisses: readonly NearBinding[];
  manifest: string | undefined;
  /** How what it grants is called; absent: as `grantNames` does it where nothing is there yet. */
  names?: GrantNames;
}

const resourceOf = ({ resource, subresource }: MissingRight): string =>
  subresource === '' ? resource : `${resource}/${subresource}`;

/** `get pods in dev`, `create clusterroles.rbac.authorization.k8s.io`, `get /metrics`. */
export function rightText(asked: MissingRight): string {
  if (!asked.isResourceRequest) return `${asked.verb} ${asked.path}`;
  const group = asked.apiGroup === '' ? '' : `.${asked.apiGroup}`;
  const name = asked.name === '' ? '' : ` ${asked.name}`;
  const place = asked.namespace === '' ? '' : ` in ${asked.namespace}`;
  return `${asked.verb} ${resourceOf(asked)}${group}${name}${place}`;
}

const bindingText = ({ kind, namespace, name }: NearBinding['binding']): string =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

const all = (items: readonly string[] = [], of = 'everything'): string =>
  items.includes('*') ? of : either(items, 'and');

/** How near a binding comes, in a sentence: what the caller may do by it, and what is lacking. */
export function nearMissText(miss: NearBinding, asked: MissingRight): string {
  const by = `by ${bindingText(miss.binding)}`;
  const parts = new Map(miss.differences.map((difference) => [difference.part, difference]));
  const { rule } = miss;
  if (parts.has('role') || !rule)
    return `${bindingText(miss.binding)} refers to ${miss.role.kind} ${miss.role.name}, which does not exist or has no rules`;
  const place = miss.binding.namespace === '' ? '' : ` in ${miss.binding.namespace}`;
  const what = rule.nonResourceURLs?.length
    ? either(rule.nonResourceURLs, 'and')
    : all(rule.resources, 'all resources');
  const names = rule.resourceNames?.length ? ` named ${either(rule.resourceNames, 'and')}` : '';
  const may = `may ${all(rule.verbs, 'do all')}${rule.verbs.includes('*') ? ' to' : ''} ${what}${names}${place} ${by}`;
  const lacking: string[] = [];
  if (parts.has('resource') || parts.has('apiGroup')) lacking.push(`not ${groupedResource(asked)}`);
  if (parts.has('path')) lacking.push(`not ${asked.path}`);
  if (parts.has('verb')) lacking.push(lacking.length ? `nor ${asked.verb}` : `not ${asked.verb} them`);
  if (parts.has('name')) lacking.push(asked.name === '' ? 'not without a name' : `not ${asked.name}`);
  if (parts.has('namespace'))
    lacking.push(asked.namespace === '' ? 'not in all namespaces' : `not in ${asked.namespace}`);
  return `${may}, but ${lacking.join(' and ')}`;
}

const groupedResource = (asked: MissingRight): string =>
  asked.apiGroup === '' ? resourceOf(asked) : `${resourceOf(asked)} of ${asked.apiGroup}`;

/** What the right to impersonate is about, for whom it is lacking (impersonation of Kubernetes 1.36). */
function impersonationText(asked: MissingRight): string | undefined {
  const name = who(asked.user);
  const [, mode, verb] = /^impersonate-on:([^:]+):(.+)$/.exec(asked.verb) ?? [];
  if (verb) return `${name} may not ${rightText({ ...asked, verb })} as somebody else (${mode})`;
  if (!/^impersonate(:|$)/.test(asked.verb)) return undefined;
  const { resource, subresource, namespace, name: wanted } = asked;
  if (resource === 'userextras') return `${name} may not say of himself that ${subresource} is ${wanted}`;
  const kind = {
    users: 'user',
    groups: 'group',
    serviceaccounts: 'ServiceAccount',
    uids: 'uid',
    nodes: 'node',
  }[resource];
  return kind && `${name} may not act as ${kind} ${namespace === '' ? '' : `${namespace}/`}${wanted}`;
}

/** What RBAC lacks for a request, in a sentence: the nearest miss where there is one. */
export function lackText(asked: MissingRight, misses: readonly NearBinding[]): string {
  const impersonation = impersonationText(asked);
  if (impersonation) return impersonation;
  const [nearest] = misses;
  const name = who(asked.user);
  if (!nearest) return `${name} may not ${rightText(asked)}: no role bound to this user comes near it`;
  const text = nearMissText(nearest, asked);
  return text.startsWith('may ') ? `${name} ${text}` : `${name} may not ${rightText(asked)}: ${text}`;
}

/** The role and binding that would grant a right and no more. */
export interface GrantNames {
  role: string;
  binding: string;
  /** The role is there already, with that rule alone. */
  roleExists: boolean;
}

/** Names that say what they are for; `taken` tells which exist, and which of these hold just that right. */
export function grantNames(
  asked: MissingRight,
  taken: (what: 'role' | 'binding', name: string) => 'no' | 'same' | 'other' = () => 'no',
): GrantNames {
  const { user, verb, isResourceRequest, name, path } = asked;
  const what = isResourceRequest ? [resourceOf(asked), ...(name === '' ? [] : [name])] : [path];
  const subject = accountOf(user.name)?.name ?? user.name;
  const role = freeName(objectName('allow', verb, ...what), (tried) => taken('role', tried));
  const binding = freeName(objectName(role.name, 'to', subject), (tried) => taken('binding', tried));
  return { role: role.name, binding: binding.name, roleExists: role.exists };
}

const MOST_OF_A_NAME = 20;

function freeName(
  base: string,
  taken: (name: string) => 'no' | 'same' | 'other',
): { name: string; exists: boolean } {
  for (let i = 1; i < MOST_OF_A_NAME; i++) {
    const name = i === 1 ? base : `${base}-${i}`;
    const state = taken(name);
    if (state !== 'other') return { name, exists: state === 'same' };
  }
  return { name: `${base}-${MOST_OF_A_NAME}`, exists: false };
}

function accountOf(user: string): { namespace: string; name: string } | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  return namespace && name ? { namespace, name } : undefined;
}

const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** An RBAC object as YAML or JSON writes it. */
type GrantObject = Readonly<Record<string, unknown>>;

/** The rule that allows what is asked and no more. */
export function grantRule(asked: MissingRight): Readonly<Record<string, readonly string[]>> {
  const { verb, apiGroup, name, path, isResourceRequest } = asked;
  if (!isResourceRequest) return { nonResourceURLs: [path], verbs: [verb] };
  return {
    apiGroups: [apiGroup],
    resources: [resourceOf(asked)],
    ...(name === '' ? {} : { resourceNames: [name] }),
    verbs: [verb],
  };
}

/** The role and binding that grant a right and no more; undefined for requests that no rule can name. */
export function grantObjects(
  asked: MissingRight,
  names = grantNames(asked),
): readonly [GrantObject, GrantObject] | undefined {
  if (!isNameable(asked)) return undefined;
  const isLocal = asked.isResourceRequest && asked.namespace !== '';
  const prefix = isLocal ? '' : 'Cluster';
  const metadata = (name: string): GrantObject => (isLocal ? { name, namespace: asked.namespace } : { name });
  const apiVersion = `${RBAC_GROUP}/v1`;
  const account = accountOf(asked.user.name);
  const subject: GrantObject = account
    ? { kind: 'ServiceAccount', ...account }
    : { apiGroup: RBAC_GROUP, kind: 'User', name: asked.user.name };
  return [
    { apiVersion, kind: `${prefix}Role`, metadata: metadata(names.role), rules: [grantRule(asked)] },
    {
      apiVersion,
      kind: `${prefix}RoleBinding`,
      metadata: metadata(names.binding),
      roleRef: { apiGroup: RBAC_GROUP, kind: `${prefix}Role`, name: names.role },
      subjects: [subject],
    },
  ];
}

const isNameable = ({ verb, isResourceRequest, resource }: MissingRight): boolean =>
  verb !== '' && !(isResourceRequest && resource === '');

/** `kubectl create role` asks the server for the resource, and knows few of those that are none. */
const isForKubectl = ({ verb, apiGroup, resource }: MissingRight): boolean =>
  !verb.includes(':') && (apiGroup !== 'authentication.k8s.io' || resource === 'userextras');

/** The kubectl commands that grant a right and no more; undefined for requests that no rule can name. */
export function grantCommands(asked: MissingRight, names = grantNames(asked)): string[] | undefined {
  const { user, verb, namespace, apiGroup, resource, subresource, name, path, isResourceRequest } = asked;
  const objects = grantObjects(asked, names);
  if (!objects) return undefined;
  if (!isForKubectl(asked)) {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    return [`echo ${shellWord(list)} | kubectl apply -f -`];
  }
  const isLocal = isResourceRequest && namespace !== '';
  const [role, binding] = isLocal ? ['role', 'rolebinding'] : ['clusterrole', 'clusterrolebinding'];
  const group = apiGroup === '' ? '' : `.${apiGroup}`;
  const sub = subresource === '' ? '' : `/${subresource}`;
  const what = isResourceRequest
    ? `--resource=${shellWord(`${resource}${group}${sub}`)}${name === '' ? '' : ` --resource-name=${shellWord(name)}`}`
    : `--non-resource-url=${shellWord(path)}`;
  const place = isLocal ? ` -n ${shellWord(namespace)}` : '';
  const account = accountOf(user.name);
  const subject = account
    ? `--serviceaccount=${shellWord(`${account.namespace}:${account.name}`)}`
    : `--user=${shellWord(user.name)}`;
  const bind = `kubectl create ${binding} ${names.binding} --${role}=${names.role} ${subject}${place}`;
  if (names.roleExists) return [bind];
  return [`kubectl create ${role} ${names.role} --verb=${shellWord(verb)} ${what}${place}`, bind];
}

const MAX_NAME = 200;

/** A name that a Kubernetes object may have, out of words. */
function objectName(...words: string[]): string {
  const text = words
    .join('-')
    .toLowerCase()
    .replaceAll('*', 'all')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_NAME)
    .replace(/^-|-$/g, '');
  return text || 'allow';
}
