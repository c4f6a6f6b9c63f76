import type { Facts } from '../verdict.ts';

type Words = (facts: Facts) => string;

interface BindingFacts {
  kind: string;
  namespace: string;
  name: string;
}

interface RoleFacts {
  kind: string;
  namespace?: string;
  name: string;
}

const bindingName = ({ kind, namespace, name }: BindingFacts): string =>
  namespace === '' ? `${kind} ${name}` : `${kind} ${name} in ${namespace}`;

const subjectName = ({ kind, namespace, name }: RoleFacts): string =>
  namespace ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;

const hook = (facts: Facts): string => `Webhook ${String(facts['webhook'])}`;
const fromCache = (facts: Facts): string =>
  facts['remembered'] ? ' (an answer from before, still remembered)' : '';

/** What authorizers say, in sentences, by code. */
export const authorizationWords: Record<string, Words> = {
  PRIVILEGED_GROUP: ({ group }) => `Members of ${group} may do everything; no authorizer is asked.`,
  ALWAYS_ALLOWED: () => 'AlwaysAllow allows every request.',
  ALWAYS_REFUSED: () => 'AlwaysDeny allows no request.',
  RBAC_ALLOWED: ({ binding, role, subject }) =>
    `${bindingName(binding as BindingFacts)} gives ${(role as RoleFacts).kind} ${(role as RoleFacts).name} to ${subjectName(subject as RoleFacts)}, and one of its rules allows this.`,
  RBAC_NO_RULE: ({ missing }) => {
    const lost = (missing ?? []) as { binding: BindingFacts; roleRef: RoleFacts }[];
    const words = lost.map(
      ({ binding, roleRef }) =>
        `${bindingName(binding)} refers to ${roleRef.kind} ${roleRef.name}, which does not exist.`,
    );
    return ['No role bound to the caller has a rule that allows this.', ...words].join(' ');
  },
  NODE_ALLOWED: () => 'It is what a kubelet needs for its own node.',
  NODE_NOT_A_NODE: () =>
    'The caller is no node: that takes a name system:node:NAME and the group system:nodes.',
  NODE_UNNAMED: () => 'The caller is of system:nodes, but its name holds no node.',
  NODE_NO_RULE: () => 'Kubelets may not do this.',
  NODE_NOT_ALLOWED: () => 'Kubelets may do this in a narrower way only.',
  NODE_NOT_RELATED: ({ node, type, namespace, name }) =>
    `Nothing on node ${node} refers to ${type} ${namespace === '' ? name : `${namespace}/${name}`}: no pod bound there uses it.`,
  ABAC_ALLOWED: ({ line }) => `The policy in line ${line} of the policy file allows this.`,
  ABAC_NO_POLICY: () => 'No policy of the policy file fits the caller and the request.',
  WEBHOOK_ALLOWED: (facts) => `${hook(facts)} allows this${fromCache(facts)}.`,
  WEBHOOK_DENIED: (facts) => `${hook(facts)} denies this${fromCache(facts)}; nobody behind it is asked.`,
  WEBHOOK_NO_OPINION: (facts) => `${hook(facts)} has no opinion${fromCache(facts)}.`,
  WEBHOOK_NOT_MATCHED: (facts) => `${hook(facts)} is not asked: one of its matchConditions is false.`,
  WEBHOOK_CONTRADICTION: (facts) => `${hook(facts)} both allows and denies this, which counts as denied.`,
  WEBHOOK_CONDITION_FAILED: (facts) =>
    `A matchCondition of ${hook(facts)} cannot be evaluated: ${facts['error']}.`,
  WEBHOOK_FAILED: (facts) => `${hook(facts)} gave no usable answer: ${facts['error']}.`,
  AUTHORIZER_FAILED: ({ error }) => `The authorizer broke: ${error}.`,
};
