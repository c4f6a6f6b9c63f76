import { covers } from '../rbac/covers.ts';
import type { PolicyRule } from '../rbac/rule.ts';

/** A right by which its holder can come by more rights than it names. */
export interface Escalation {
  code: string;
  /** What the holder can do with it. */
  words: string;
}

interface Known extends Escalation {
  /** Atomic rights one of which is enough. */
  rights: PolicyRule[];
}

const of = (verb: string, group: string, ...resources: string[]): PolicyRule[] =>
  resources.map((resource) => ({ verbs: [verb], apiGroups: [group], resources: [resource] }));

const RBAC = 'rbac.authorization.k8s.io';

/** In the order of how much they give. */
const KNOWN: readonly Known[] = [
  {
    code: 'EVERYTHING',
    words: 'do everything',
    rights: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  },
  {
    code: 'ESCALATE',
    words: 'write roles with rights of which they hold none',
    rights: of('escalate', RBAC, 'roles', 'clusterroles'),
  },
  {
    code: 'BIND',
    words: 'give roles of which they hold no rights',
    rights: of('bind', RBAC, 'roles', 'clusterroles'),
  },
  {
    code: 'IMPERSONATE',
    words: 'act as somebody else',
    rights: [
      ...of('impersonate', '', 'users', 'groups', 'serviceaccounts'),
      ...of('impersonate:user-info', 'authentication.k8s.io', 'users', 'groups'),
      ...of('impersonate:serviceaccount', 'authentication.k8s.io', 'serviceaccounts'),
    ],
  },
  {
    code: 'TOKENS',
    words: 'make tokens of ServiceAccounts',
    rights: of('create', '', 'serviceaccounts/token'),
  },
  {
    code: 'SECRETS',
    words: 'read Secrets, tokens of ServiceAccounts among them',
    rights: ['get', 'list', 'watch'].flatMap((verb) => of(verb, '', 'secrets')),
  },
  {
    code: 'PODS',
    words: 'run pods as any ServiceAccount of the namespace',
    rights: [
      ...of('create', '', 'pods', 'replicationcontrollers'),
      ...of('create', 'apps', 'deployments', 'daemonsets', 'statefulsets', 'replicasets'),
      ...of('create', 'batch', 'jobs', 'cronjobs'),
    ],
  },
  {
    code: 'EXEC',
    words: 'run commands in running pods',
    rights: ['create', 'get'].flatMap((verb) => of(verb, '', 'pods/exec', 'pods/attach')),
  },
  {
    code: 'NODE_PROXY',
    words: "reach the kubelets' own API",
    rights: ['get', 'create'].flatMap((verb) => of(verb, '', 'nodes/proxy')),
  },
  {
    code: 'CERTIFICATES',
    words: 'have client certificates issued',
    rights: [
      ...of('update', 'certificates.k8s.io', 'certificatesigningrequests/approval'),
      ...of('approve', 'certificates.k8s.io', 'signers'),
    ],
  },
  {
    code: 'WEBHOOKS',
    words: 'see and change every object on its way in',
    rights: ['create', 'update', 'patch'].flatMap((verb) =>
      of(
        verb,
        'admissionregistration.k8s.io',
        'mutatingwebhookconfigurations',
        'validatingwebhookconfigurations',
        'mutatingadmissionpolicies',
      ),
    ),
  },
  {
    code: 'REVOCATIONS',
    words: 'make revoked credentials good again',
    rights: ['delete', 'deletecollection'].flatMap((verb) =>
      of(verb, 'sallyport.dev', 'credentialrevocations'),
    ),
  },
];

/** How much an escalation gives: 0 for everything, and more for less. */
export const escalationRank = (code: string): number => KNOWN.findIndex((known) => known.code === code);

/** How a rule lets its holder rise. Rights on named objects count: one Secret or role can be enough. */
export function escalationsOf(rule: PolicyRule): Escalation[] {
  const { resourceNames: _, ...anyName } = rule;
  const found = KNOWN.filter(({ rights }) => rights.some((right) => covers(anyName, right)));
  const whole = found.filter(({ code }) => code === 'EVERYTHING');
  return (whole.length ? whole : found).map(({ code, words }) => ({ code, words }));
}
