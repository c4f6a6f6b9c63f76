import type { AuthorizationVerdict } from '../explain/verdict.ts';
import type { Authorizer, RuleResolver } from './authorizer.ts';

const ALLOWED: AuthorizationVerdict = {
  decision: 'allow',
  by: 'AlwaysAllow',
  code: 'ALWAYS_ALLOWED',
  facts: {},
  reason: '',
};
const REFUSED: AuthorizationVerdict = {
  decision: 'noOpinion',
  by: 'AlwaysDeny',
  code: 'ALWAYS_REFUSED',
  facts: {},
  reason: 'Everything is forbidden.',
};

/** Allows everything. For trials: whoever gets past authentication may do anything. */
export const alwaysAllow: Authorizer & RuleResolver = {
  name: 'AlwaysAllow',
  authorize: () => ALLOWED,
  rulesFor: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: false,
  }),
};

/** Has no opinion on anything, with a reason; authorizers behind it are still asked, as with kube-apiserver. */
export const alwaysDeny: Authorizer & RuleResolver = {
  name: 'AlwaysDeny',
  authorize: () => REFUSED,
  rulesFor: () => ({ resourceRules: [], nonResourceRules: [], incomplete: false }),
};
