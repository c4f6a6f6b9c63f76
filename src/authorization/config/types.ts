/** The types of authorizers a server can be told to use, in the order messages list them. */
export const AUTHORIZER_TYPES = ['ABAC', 'AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'] as const;

/** apiserver.config.k8s.io AuthorizationConfiguration with its defaults, as all its versions come out. */
export interface AuthorizationConfiguration {
  authorizers: AuthorizerConfiguration[];
}

export interface AuthorizerConfiguration {
  /** One of AUTHORIZER_TYPES once validated. */
  type: string;
  name: string;
  webhook?: WebhookConfiguration | undefined;
}

export interface WebhookConfiguration {
  timeoutMs: number;
  authorizedTtlMs: number;
  unauthorizedTtlMs: number;
  cacheAuthorizedRequests: boolean;
  cacheUnauthorizedRequests: boolean;
  subjectAccessReviewVersion: string;
  matchConditionSubjectAccessReviewVersion: string;
  failurePolicy: string;
  connectionInfo: { type: string; kubeConfigFile?: string | undefined };
  matchConditions: { expression: string }[];
}
