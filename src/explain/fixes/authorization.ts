import type { Fixes } from './fix.ts';
import { who } from './phrases.ts';

const webhook = (facts: { webhook?: unknown }): string => `authorization webhook ${String(facts.webhook)}`;
const itsOperator = 'ask whoever runs it';

/** What authorizers say who do not allow a request. RBAC's own remedy is made from the policy, in near-miss.ts. */
export const authorizationFixes: Fixes = {
  RBAC_NO_RULE: (_, { user }) => ({
    what: `no role bound to ${who(user)} allows it`,
    fix: 'bind a role that does',
  }),
  ALWAYS_REFUSED: () => ({
    what: 'AlwaysDeny refuses every request',
    fix: 'start the server with another --authorization-mode',
  }),
  ABAC_NO_POLICY: (_, { user }) => ({
    what: `no line of the ABAC policy file fits ${who(user)} and this request`,
    fix: 'add one to --authorization-policy-file, and start the server again',
  }),
  NODE_NOT_A_NODE: () => ({
    what: 'the Node authorizer allows kubelets alone',
    fix: 'for a kubelet: use a certificate with CN=system:node:NAME and O=system:nodes',
  }),
  NODE_UNNAMED: (_, { user }) => ({
    what: `${user?.name ?? 'the caller'} is of group system:nodes, but names no node`,
    fix: 'use a certificate with CN=system:node:NAME',
  }),
  NODE_NO_RULE: (_, { request }) => ({
    what: `kubelets may not ${request.verb} ${request.resource || request.path}`,
    fix: 'bind a role that allows it to group system:nodes, if kubelets are to',
  }),
  NODE_NOT_ALLOWED: (_, { request }) => ({
    what: `kubelets may ${request.verb} ${request.resource} in a narrower way only`,
    fix: 'ask for what is of the own node: by its name, or with spec.nodeName as a selector',
  }),
  NODE_NOT_RELATED: ({ node, type, namespace, name }) => ({
    what: `nothing on node ${node} refers to ${type} ${namespace ? `${namespace}/` : ''}${name}`,
    fix: 'let a pod that uses it be bound to this node',
  }),
  WEBHOOK_DENIED: (facts) => ({ what: `${webhook(facts)} denies it`, fix: itsOperator }),
  WEBHOOK_NO_OPINION: (facts) => ({ what: `${webhook(facts)} has no opinion`, fix: itsOperator }),
  WEBHOOK_NOT_MATCHED: (facts) => ({
    what: `${webhook(facts)} is not asked: one of its matchConditions is false`,
    fix: 'change its matchConditions, if it is to be asked',
  }),
  WEBHOOK_CONTRADICTION: (facts) => ({
    what: `${webhook(facts)} both allows and denies it, which counts as denied`,
    fix: 'mend the webhook: one of `allowed` and `denied` may be true',
  }),
  WEBHOOK_CONDITION_FAILED: (facts) => ({
    what: `a matchCondition of ${webhook(facts)} cannot be evaluated: ${facts.error}`,
    fix: 'mend the expression; has() copes with fields that are not there',
  }),
  WEBHOOK_FAILED: (facts) => ({
    what: `${webhook(facts)} gave no usable answer: ${facts.error}`,
    fix: 'see that this server reaches it and that it answers in time',
  }),
  AUTHORIZER_FAILED: ({ error }) => ({
    what: `an authorizer broke: ${error}`,
    fix: 'tell the operator of this server; its log has the id of this request',
  }),
};
