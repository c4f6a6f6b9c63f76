import type { AuthorizationVerdict } from '../explain/verdict.ts';
import type { UserInfo } from '../meta/user.ts';

/** A selector's term as authorization attributes carry it (metav1.FieldSelectorRequirement and LabelSelectorRequirement). */
export interface SelectorRequirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  values: readonly string[];
}

/** Either parsed terms or the words of why they could not be parsed. */
export interface SelectorAttributes {
  requirements: readonly SelectorRequirement[];
  error?: string;
}

/** What is asked of authorizers (apiserver pkg/authorization/authorizer/interfaces.go). */
export interface AuthorizationAttributes {
  user: UserInfo;
  verb: string;
  isResourceRequest: boolean;
  namespace: string;
  apiGroup: string;
  apiVersion: string;
  resource: string;
  subresource: string;
  name: string;
  path: string;
  fieldSelector?: SelectorAttributes | undefined;
  labelSelector?: SelectorAttributes | undefined;
}

/** Says whether a request may be made. Never throws: what breaks is `noOpinion` or `deny` with an error. */
export interface Authorizer {
  readonly name: string;
  authorize(attributes: AuthorizationAttributes): AuthorizationVerdict | Promise<AuthorizationVerdict>;
}

/** A right as SelfSubjectRulesReview lists it. */
export interface ResourceRule {
  verbs: readonly string[];
  apiGroups: readonly string[];
  resources: readonly string[];
  resourceNames: readonly string[];
}

export interface NonResourceRule {
  verbs: readonly string[];
  nonResourceURLs: readonly string[];
}

/** An authorizer that can list a user's rights in a namespace. */
export interface RuleResolver {
  rulesFor(
    user: UserInfo,
    namespace: string,
  ): {
    resourceRules: ResourceRule[];
    nonResourceRules: NonResourceRule[];
    incomplete: boolean;
    error?: string;
  };
}

/** A chain's answer: the verdict that counts and every verdict on the way to it. */
export interface AuthorizationOutcome {
  decision: 'allow' | 'deny' | 'noOpinion';
  /** Reasons of those without an opinion joined with newlines, or the deciding one's. */
  reason: string;
  /** Errors met on the way; a refusal with one of these is a 500. */
  error?: string;
  asked: readonly AuthorizationVerdict[];
}
