/**
 * Whether somebody may do something, decided as kube-apiserver decides it: authorizers, their chain, reviews, and what
 * explains and compares rights. Use `createAuthorization` for a whole chain by flags, or put one together.
 */
export { AbacAuthorizer, type AbacPolicy, readPolicyFile } from './abac.ts';
export { alwaysAllow, alwaysDeny } from './always.ts';
export {
  attributesOf,
  pathAttributes,
  type ResourceQuestion,
  requestAttributes,
  resourceAttributes,
} from './attributes.ts';
export type {
  AuthorizationAttributes,
  AuthorizationOutcome,
  Authorizer,
  RuleResolver,
  SelectorAttributes,
  SelectorRequirement,
} from './authorizer.ts';
export { AuthorizationChain } from './chain.ts';
export { type Authorization, type AuthorizationParts, createAuthorization } from './config/create.ts';
export { type AuthorizationOptions, DEFAULT_AUTHORIZATION_OPTIONS } from './config/flags.ts';
export { authorizationErrorText, forbiddenMessage, forbiddenStatus } from './forbidden.ts';
export { explainRefusal, type NearMiss, type Remedy, smallestGrant } from './near-misses.ts';
export { NodeAuthorizer } from './node/authorizer.ts';
export { type GraphSource, NodeGraph } from './node/graph.ts';
export { RbacAuthorizer } from './rbac/authorizer.ts';
export { EscalationGuard } from './rbac/escalation.ts';
export { RbacPolicy } from './rbac/policy.ts';
export { type RbacSource, staticSource } from './rbac/source.ts';
export { diffRights, type RightsChange } from './rights/diff.ts';
export { manifestSource, parseManifests, readManifests } from './rights/manifests.ts';
export { rightsOf } from './rights/rights-of.ts';
export type { RightRow } from './rights/types.ts';
export { type Question, whoCan } from './rights/who-can.ts';
export { WebhookAuthorizer, type WebhookAuthorizerOptions } from './webhook/authorizer.ts';
