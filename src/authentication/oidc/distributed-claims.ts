import type { Clock } from '../../meta/clock.ts';
import { quote } from '../../meta/go-quote.ts';
import { type Claims, hasClaim, jsonKind } from './claims.ts';
import { Fault } from './fault.ts';
import type { ClaimSource, IdToken } from './id-token.ts';
import type { IssuerClient } from './issuer-client.ts';
import { IssuerVerifier } from './issuer-verifier.ts';
import { presentedToken } from './presented-token.ts';

/** Issuers that the answers of claim sources may name; each is asked for its keys until it answers. */
const MAX_ISSUERS = 16;

export interface DistributedClaimsOptions {
  /** The one claim that may be elsewhere: the one that groups are mapped from. */
  claim: string;
  audiences: readonly string[];
  algorithms: readonly string[];
  client: IssuerClient;
  clock: Clock;
}

/**
 * Fetches a claim that the token itself lacks and names a source for (OpenID Connect Core 1.0, section 5.6.2). Aggregated
 * claims are left aside, as kube-apiserver leaves them.
 */
export class DistributedClaims {
  readonly #options: DistributedClaimsOptions;
  readonly #verifiers = new Map<string, IssuerVerifier>();

  constructor(options: DistributedClaimsOptions) {
    this.#options = options;
  }

  stop(): void {
    for (const verifier of this.#verifiers.values()) verifier.stop();
  }

  /** The same claims where nothing has to be fetched; a promise only where something has. */
  expand(claims: Claims, token: IdToken, now: number): Claims | Fault | Promise<Claims | Fault> {
    const { claim } = this.#options;
    if (hasClaim(claims, claim) || !hasClaim(claims, '_claim_names')) return claims;
    if (!hasClaim(claims, '_claim_sources')) return failed('oidc: no claim sources');
    for (const source of Object.values(token.claimSources)) {
      if (source?.JWT !== undefined && source.JWT !== null && typeof source.JWT !== 'string') {
        const why = `json: cannot unmarshal ${jsonKind(source.JWT)} into Go struct field endpoint.JWT of type string`;
        return failed(`oidc: could not parse claim sources: ${why}`);
      }
    }
    const named = Object.hasOwn(token.claimNames, claim) ? token.claimNames[claim]! : undefined;
    const source = named === undefined ? undefined : token.claimSources[named];
    if (!source?.endpoint) return claims;
    return this.#fetch(claims, source, now);
  }

  async #fetch(claims: Claims, source: ClaimSource, now: number): Promise<Claims | Fault> {
    const { claim, client } = this.#options;
    const endpoint = source.endpoint!;
    let token: string;
    try {
      const authorization = source.access_token ? { authorization: `Bearer ${source.access_token}` } : {};
      const { status, statusLine, body } = await client.get(endpoint, authorization);
      if (status < 200 || status > 226)
        throw new Error(`error while getting distributed claim JWT: ${statusLine}`);
      token = body;
    } catch (error) {
      return failed(`while getting distributed claim ${quote(claim)}: ${(error as Error).message}`);
    }
    const presented = presentedToken(token.trim());
    if (!presented) {
      const why = token.split('.').length === 3 ? 'while unmarshaling token' : 'malformed token';
      return failed(
        `getting untrusted issuer from endpoint ${endpoint} failed for claim ${quote(claim)}: ${why}`,
      );
    }
    const { issuer, jwt } = presented;
    const verifier = this.#verifierOf(issuer)?.current;
    if (!verifier) {
      const why = `verifier not initialized for issuer: ${quote(issuer)}`;
      return failed(`verifying untrusted issuer ${issuer} failed: ${why}`);
    }
    const verified = await verifier.verify(jwt, now);
    if (verified instanceof Fault)
      return new Fault('OIDC_DISTRIBUTED_CLAIM_TOKEN', { claim, fault: { ...verified } });
    if (!hasClaim(jwt!.claims, claim)) {
      return failed(
        `jwt returned by distributed claim endpoint ${quote(endpoint)} did not contain claim: ${claim}`,
      );
    }
    return { ...claims, [claim]: jwt!.claims[claim] };
  }

  /** Made on first use: that token fails, and later ones find the issuer known. */
  #verifierOf(issuer: string): IssuerVerifier | undefined {
    const known = this.#verifiers.get(issuer);
    if (known || this.#verifiers.size >= MAX_ISSUERS) return known;
    const { audiences, algorithms, client, clock } = this.#options;
    const verifier = new IssuerVerifier({ issuer, audiences, algorithms, client, clock });
    this.#verifiers.set(issuer, verifier);
    verifier.start();
    return verifier;
  }
}

const failed = (reason: string): Fault => new Fault('OIDC_DISTRIBUTED_CLAIM', { reason });
