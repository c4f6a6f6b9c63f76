import type { AuthorizationAttributes, AuthorizationOutcome } from '../authorization/authorizer.ts';

/** The authorizers, as plugins ask them for rights beyond the request's own. */
export interface Authorize {
  authorize(attributes: AuthorizationAttributes): AuthorizationOutcome | Promise<AuthorizationOutcome>;
}
