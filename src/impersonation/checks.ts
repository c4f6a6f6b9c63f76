import {
  isDnsSubdomain,
  serviceAccountGroups,
  splitServiceAccountUsername,
} from '../authentication/service-account/username.ts';
import type { AuthorizationAttributes } from '../authorization/authorizer.ts';
import { forbiddenStatus } from '../authorization/forbidden.ts';
import { aggregateText, errorText, type FieldError, invalid } from '../meta/field-error.ts';
import { quote, quoteList } from '../meta/go-quote.ts';
import { StatusError } from '../meta/status.ts';
import { ANONYMOUS, AUTHENTICATED, MASTERS, UNAUTHENTICATED, type UserInfo } from '../meta/user.ts';
import type { WantedUser } from './headers.ts';

/** What is asked whether a caller may impersonate; the chain of authorizers, or one of them. */
export type ImpersonationAuthorizer = (
  attributes: AuthorizationAttributes,
) => ImpersonationDecision | Promise<ImpersonationDecision>;

export interface ImpersonationDecision {
  decision: 'allow' | 'deny' | 'noOpinion';
  reason: string;
  error?: string;
}

/** The 403 of a caller whom no authorizer allows to impersonate in the way asked. */
export class MissingImpersonationRight extends StatusError {
  readonly missing: AuthorizationAttributes;

  constructor(missing: AuthorizationAttributes, reason: string) {
    super(forbiddenStatus(missing, reason).status);
    this.missing = missing;
  }
}

/** An authorization check, thrown as the 403 a caller gets where it fails. */
export type Check = (attributes: AuthorizationAttributes) => Promise<void>;

export function checkWith(authorizer: ImpersonationAuthorizer): Check {
  return async (attributes) => {
    const { decision, reason, error } = await authorizer(attributes);
    if (decision === 'allow') return;
    throw new MissingImpersonationRight(
      attributes,
      error ? (reason ? `${error}: ${reason}` : error) : reason,
    );
  };
}

const GROUP = 'authentication.k8s.io';
const NODE_PREFIX = 'system:node:';
const NODES = 'system:nodes';
/** From so many groups or extras on, one question about all of them is tried first. */
const MANY = 4;

/** The name of the node that a user name is of, if it is. */
export function nodeOf(username: string): string | undefined {
  if (!username.startsWith(NODE_PREFIX)) return undefined;
  const name = username.slice(NODE_PREFIX.length);
  return isDnsSubdomain(name) ? name : undefined;
}

export interface FieldChecks {
  check: Check;
  requestor: UserInfo;
  /** `impersonate`, or `impersonate:MODE` for a constrained mode. */
  verb: string;
  constrained: boolean;
}

/**
 * Checks every field of the wanted user, in kube-apiserver's order, and gives the user as he will be. Throws the 403
 * of the first right that is missing (impersonation/mode.go, impersonationModeState).
 */
export async function checkFields(wanted: WantedUser, how: FieldChecks): Promise<UserInfo> {
  const groups = await checkName(wanted, how);
  if (wanted.uid) await how.check(attributes(how, GROUP, 'uids', wanted.uid));
  await checkGroups(wanted.groups, how);
  await checkExtra(wanted.extra, how);
  return {
    name: wanted.name,
    ...(wanted.uid ? { uid: wanted.uid } : {}),
    groups: settledGroups(wanted.name, groups),
    ...(Object.keys(wanted.extra).length ? { extra: wanted.extra } : {}),
  };
}

/** The groups that go with the name where none are asked for, or those asked for. */
async function checkName(wanted: WantedUser, how: FieldChecks): Promise<readonly string[]> {
  const core = how.constrained ? GROUP : '';
  let named = attributes(how, core, 'users', wanted.name);
  let { groups } = wanted;
  const node = how.constrained ? nodeOf(wanted.name) : undefined;
  if (node !== undefined) {
    named = attributes(how, core, 'nodes', node);
    if (groups.length)
      throw forbiddenStatus(
        named,
        `when impersonating a node, cannot impersonate groups ${quoteList(groups)}`,
      );
    groups = [NODES];
  }
  const account = splitServiceAccountUsername(wanted.name);
  if (account) {
    named = { ...attributes(how, core, 'serviceaccounts', account.name), namespace: account.namespace };
    if (how.constrained && groups.length) {
      throw forbiddenStatus(
        named,
        `when impersonating a service account, cannot impersonate groups ${quoteList(groups)}`,
      );
    }
    if (groups.length === 0) groups = serviceAccountGroups(account.namespace);
  }
  await how.check(named);
  return groups;
}

async function checkGroups(groups: readonly string[], how: FieldChecks): Promise<void> {
  if (groups.length === 0) return;
  const of = (name: string): AuthorizationAttributes =>
    attributes(how, how.constrained ? GROUP : '', 'groups', name);
  if (how.constrained) {
    if (groups.includes(''))
      throw forbiddenStatus(of(''), 'impersonating the empty string group is not allowed');
    if (groups.includes(MASTERS))
      throw forbiddenStatus(of(MASTERS), 'impersonating the system:masters group is not allowed');
    if (groups.length >= MANY && (await passes(how.check, of('*')))) return;
  }
  for (const group of groups) await how.check(of(group));
}

async function checkExtra(extra: WantedUser['extra'], how: FieldChecks): Promise<void> {
  const keys = Object.keys(extra);
  if (keys.length === 0) return;
  const of = (key: string, name: string): AuthorizationAttributes => ({
    ...attributes(how, GROUP, 'userextras', name),
    subresource: key,
  });
  if (how.constrained) {
    const fault = extraFault(extra);
    if (fault) throw forbiddenStatus(of('', ''), fault);
    const values = keys.reduce((sum, key) => sum + extra[key]!.length, 0);
    if ((keys.length >= MANY || values >= MANY) && (await passes(how.check, of('*', '*')))) return;
  }
  for (const key of keys) for (const value of extra[key]!) await how.check(of(key, value));
}

async function passes(check: Check, asked: AuthorizationAttributes): Promise<boolean> {
  try {
    await check(asked);
    return true;
  } catch {
    return false;
  }
}

/** What constrained modes do not let pass in extras, whatever rights there are. */
function extraFault(extra: WantedUser['extra']): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed';
    const errors = domainPrefixedPathErrors('extra.key', key);
    if (errors.length) {
      return `impersonating an invalid key in extra is not allowed: ${aggregateText(errors.map(errorText))}`;
    }
    if (key !== key.toLowerCase())
      return `impersonating a non-lowercase key in extra is not allowed: ${quote(key)}`;
    if (values.length === 0) return 'impersonating empty values in extra is not allowed';
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return undefined;
}

const PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;
const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** apimachinery pkg/util/validation IsDomainPrefixedPath. */
function domainPrefixedPathErrors(field: string, text: string): FieldError[] {
  const slash = text.indexOf('/');
  const host = text.slice(0, Math.max(slash, 0));
  const path = text.slice(slash + 1);
  if (host === '' || path === '') {
    return [invalid(field, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const errors: FieldError[] = [];
  if (host.length > 253) errors.push(invalid(field, host, 'must be no more than 253 bytes'));
  if (!host.split('.').every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label))) {
    errors.push(invalid(field, host, SUBDOMAIN_WORDS));
  }
  if (!PATH.test(path)) {
    errors.push(
      invalid(field, path, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"),
    );
  }
  return errors;
}

function settledGroups(name: string, groups: readonly string[]): readonly string[] {
  if (name === ANONYMOUS) return withGroup(groups, UNAUTHENTICATED);
  return groups.includes(UNAUTHENTICATED) ? groups : withGroup(groups, AUTHENTICATED);
}

const withGroup = (groups: readonly string[], group: string): readonly string[] =>
  groups.includes(group) ? groups : [...groups, group];

function attributes(
  how: FieldChecks,
  apiGroup: string,
  resource: string,
  name: string,
): AuthorizationAttributes {
  return {
    user: how.requestor,
    verb: how.verb,
    isResourceRequest: true,
    namespace: '',
    apiGroup,
    apiVersion: 'v1',
    resource,
    subresource: '',
    name,
    path: '',
  };
}
