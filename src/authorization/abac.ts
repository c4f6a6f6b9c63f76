import type { AuthorizationVerdict } from '../explain/verdict.ts';
import { quote } from '../meta/go-quote.ts';
import type { Fields } from '../meta/object.ts';
import { AUTHENTICATED, type UserInfo } from '../meta/user.ts';
import { diskFiles, type Files } from '../webhook/files.ts';
import { jsonText, typeFault } from '../webhook/reply.ts';
import type {
  AuthorizationAttributes,
  Authorizer,
  NonResourceRule,
  ResourceRule,
  RuleResolver,
} from './authorizer.ts';

const GROUP_VERSION = 'abac.authorization.kubernetes.io/v1beta1';
const READ_VERBS = ['get', 'list', 'watch'];

/** One line of a policy file, as pkg/apis/abac holds it whatever its version. */
export interface AbacPolicy {
  /** Where it stands in the file, from 1. */
  line: number;
  user: string;
  group: string;
  readonly: boolean;
  apiGroup: string;
  resource: string;
  namespace: string;
  nonResourcePath: string;
}

const REFUSED: AuthorizationVerdict = {
  decision: 'noOpinion',
  by: 'ABAC',
  code: 'ABAC_NO_POLICY',
  facts: {},
  reason: 'No policy matched.',
};

/** Allows what one of the policies of a file allows (pkg/auth/authorizer/abac/abac.go). */
export class AbacAuthorizer implements Authorizer, RuleResolver {
  readonly name = 'ABAC';
  readonly #policies: readonly AbacPolicy[];

  constructor(policies: readonly AbacPolicy[]) {
    this.#policies = policies;
  }

  authorize(asked: AuthorizationAttributes): AuthorizationVerdict {
    const policy = this.#policies.find((p) => matches(p, asked));
    return policy
      ? { decision: 'allow', by: 'ABAC', code: 'ABAC_ALLOWED', facts: { line: policy.line }, reason: '' }
      : REFUSED;
  }

  rulesFor(user: UserInfo, namespace: string): ReturnType<RuleResolver['rulesFor']> {
    const resourceRules: ResourceRule[] = [];
    const nonResourceRules: NonResourceRule[] = [];
    for (const policy of this.#policies) {
      if (!isSubject(policy, user) || (policy.namespace !== '*' && policy.namespace !== namespace)) continue;
      const verbs = policy.readonly ? READ_VERBS : ['*'];
      const { apiGroup, resource, nonResourcePath } = policy;
      if (resource !== '')
        resourceRules.push({ verbs, apiGroups: [apiGroup], resources: [resource], resourceNames: [] });
      if (nonResourcePath !== '') nonResourceRules.push({ verbs, nonResourceURLs: [nonResourcePath] });
    }
    return { resourceRules, nonResourceRules, incomplete: false };
  }
}

function matches(policy: AbacPolicy, asked: AuthorizationAttributes): boolean {
  if (!isSubject(policy, asked.user)) return false;
  if (policy.readonly && !READ_VERBS.includes(asked.verb)) return false;
  if (!asked.isResourceRequest) return matchesPath(policy.nonResourcePath, asked.path);
  const fits = (wanted: string, found: string): boolean => wanted === '*' || wanted === found;
  return (
    fits(policy.namespace, asked.namespace) &&
    fits(policy.resource, asked.resource) &&
    fits(policy.apiGroup, asked.apiGroup)
  );
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, '')));
}

/** User and group must both be the caller's where both are given; a policy without either is nobody's. */
function isSubject({ user, group }: AbacPolicy, caller: UserInfo): boolean {
  if (user !== '' && user !== '*' && user !== caller.name) return false;
  if (group !== '' && group !== '*' && !caller.groups.includes(group)) return false;
  return user !== '' || group !== '';
}

/** Reads a policy file: one JSON object a line. Throws an Error in kube-apiserver's words. */
export function readPolicyFile(path: string, files: Files = diskFiles): AbacPolicy[] {
  const policies: AbacPolicy[] = [];
  files
    .read(path)
    .split(/\r?\n/)
    .forEach((text, i) => {
      const trimmed = text.trim();
      if (trimmed === '' || trimmed.startsWith('#')) return;
      const read = parsePolicy(text, i + 1);
      if (typeof read === 'string')
        throw new Error(`error reading policy file ${path}, line ${i + 1}: ${text}: ${read}`);
      policies.push(read);
    });
  return policies;
}

const TEXTS = {
  user: 'string',
  group: 'string',
  readonly: 'bool',
  resource: 'string',
  namespace: 'string',
} as const;
const V0 = { name: 'Policy', fields: TEXTS } as const;
const V1BETA1 = {
  name: 'Policy',
  fields: {
    spec: { name: 'PolicySpec', fields: { ...TEXTS, apiGroup: 'string', nonResourcePath: 'string' } },
  },
} as const;

/** A policy, or what is wrong with it. */
function parsePolicy(text: string, line: number): AbacPolicy | string {
  const decoded = jsonText(text);
  if (!decoded.ok) return decoded.message;
  const { object } = decoded;
  const { apiVersion = '', kind = '' } = object as { apiVersion?: string; kind?: string };
  if (apiVersion !== '' && kind !== '' && (apiVersion !== GROUP_VERSION || kind !== 'Policy')) {
    return `no kind ${quote(kind)} is registered for version ${quote(apiVersion)} in scheme "pkg/apis/abac/register.go:33"`;
  }
  const isV1beta1 = apiVersion === GROUP_VERSION && kind === 'Policy';
  const fault = typeFault(object, isV1beta1 ? V1BETA1 : V0, '');
  if (fault !== undefined) return fault;
  return isV1beta1 ? fromV1beta1(object['spec'] ?? {}, line) : fromV0(object, line);
}

function fromV1beta1(spec: Fields, line: number): AbacPolicy {
  const {
    user = '',
    group = '',
    readonly = false,
    apiGroup = '',
    resource = '',
    namespace = '',
    nonResourcePath = '',
  } = spec;
  return { line, ...authenticated(user, group), readonly, apiGroup, resource, namespace, nonResourcePath };
}

/** The form before versions: what is left out is everything, and every API group is meant. */
function fromV0(policy: Fields, line: number): AbacPolicy {
  const { user = '', group = '', readonly = false, resource = '', namespace = '' } = policy;
  const everywhere = namespace === '' && resource === '';
  return {
    line,
    ...(user === '' && group === '' ? { user, group: AUTHENTICATED } : authenticated(user, group)),
    readonly,
    apiGroup: '*',
    resource: resource || '*',
    namespace: namespace || '*',
    nonResourcePath: everywhere ? '*' : '',
  };
}

/** A star means everybody who is authenticated, which the anonymous are not. */
function authenticated(user: string, group: string): { user: string; group: string } {
  return user === '*' || group === '*' ? { user: '', group: AUTHENTICATED } : { user, group };
}
