import type { Clock } from '../../meta/clock.ts';
import { quote } from '../../meta/go-quote.ts';
import { JwtAuthenticator } from '../oidc/authenticator.ts';
import { JwtAuthenticators } from '../oidc/authenticators.ts';
import { HttpsIssuerClient, type IssuerClient } from '../oidc/issuer-client.ts';
import type { CompiledExpressions } from '../oidc/user-mapping.ts';
import { SIGNING_ALGORITHMS } from '../oidc/verifier.ts';
import type { JwtAuthenticatorConfiguration } from './types.ts';

export interface JwtAuthenticatorParts {
  /** Algorithms that tokens may be signed with. */
  algorithms: readonly string[];
  clock: Clock;
  /** Told of each try to ask an issuer for its keys: no words where it answered. */
  tried?(issuer: string, fault?: string): void;
  /** Makes what asks an issuer; the machine's network by default. */
  client?(ca: string): IssuerClient;
}

/**
 * Authenticators of a configuration that has been validated; none asks its issuer before it is started. Throws an Error in
 * kube-apiserver's words for what validation lets pass and cannot be done.
 */
export function makeJwtAuthenticators(
  configs: readonly JwtAuthenticatorConfiguration[],
  compiled: readonly CompiledExpressions[],
  parts: JwtAuthenticatorParts,
): JwtAuthenticators {
  const known: readonly string[] = SIGNING_ALGORITHMS;
  const algorithms = parts.algorithms.length ? parts.algorithms : ['RS256'];
  for (const algorithm of algorithms) {
    if (configs.length && !known.includes(algorithm))
      throw new Error(`oidc: unsupported signing alg: ${quote(algorithm)}`);
  }
  for (const { issuer } of configs) {
    if (issuer.egressSelectorType !== '') {
      const type = quote(issuer.egressSelectorType);
      throw new Error(`oidc: egress lookup required with egress selector type ${type}`);
    }
  }
  const clientOf = parts.client ?? ((ca: string) => new HttpsIssuerClient(ca));
  return new JwtAuthenticators(
    configs.map(
      (config, i) =>
        new JwtAuthenticator({
          config,
          compiled: compiled[i]!,
          algorithms,
          client: clientOf(config.issuer.certificateAuthority),
          clock: parts.clock,
          ...(parts.tried ? { tried: parts.tried } : {}),
        }),
    ),
  );
}
