import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../../meta/clock.ts';
import { type CompactJwt, verifyJwt } from '../service-account/jwt.ts';
import { Fault } from './fault.ts';
import { freshUntil } from './freshness.ts';
import { type IssuerClient, shownBody } from './issuer-client.ts';
import { jsonDocument } from './provider.ts';

/** Keys that run out this soon may be asked for anew. */
const EXPIRY_MARGIN_MS = 30_000;
/** Go's crypto/rsa takes no smaller ones. */
const LEAST_RSA_BITS = 1024;

interface PublishedKey {
  kid: string;
  key: KeyObject;
}

/** Says whether a token's signature is by a key of its issuer. */
export interface KeySet {
  /** Undefined: it is. A promise only where keys have to be fetched. */
  verify(jwt: CompactJwt): Fault | undefined | Promise<Fault | undefined>;
}

/**
 * The keys an issuer publishes (RFC 7517). They are fetched when a token comes that none of those known fits, unless the
 * issuer said that they hold for longer; known keys go on being good while the issuer is away (go-oidc jwks.go).
 */
export class RemoteKeySet implements KeySet {
  readonly #url: string;
  readonly #client: IssuerClient;
  readonly #clock: Clock;
  #keys: readonly PublishedKey[] = [];
  #freshUntil = 0;
  #fetching: Promise<readonly PublishedKey[] | Fault> | undefined;

  constructor(url: string, client: IssuerClient, clock: Clock) {
    this.#url = url;
    this.#client = client;
    this.#clock = clock;
  }

  verify(jwt: CompactJwt): Fault | undefined | Promise<Fault | undefined> {
    if (signedByOne(jwt, this.#keys)) return undefined;
    if (this.#clock.now() + EXPIRY_MARGIN_MS <= this.#freshUntil) return new Fault('OIDC_SIGNATURE');
    return this.#fetch().then((keys) => {
      if (keys instanceof Fault) return keys;
      return signedByOne(jwt, keys) ? undefined : new Fault('OIDC_SIGNATURE');
    });
  }

  /** One request, however many tokens wait for its answer. */
  #fetch(): Promise<readonly PublishedKey[] | Fault> {
    this.#fetching ??= this.#ask().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #ask(): Promise<readonly PublishedKey[] | Fault> {
    try {
      const answer = await this.#client.get(this.#url).catch((error: Error) => {
        throw new Error(`oidc: get keys failed ${error.message}`);
      });
      const body = shownBody(answer.body);
      if (answer.status !== 200) throw new Error(`oidc: get keys failed: ${answer.statusLine} ${body}`);
      let document: Record<string, unknown>;
      try {
        document = jsonDocument(answer, 'oidc: failed to decode keys: ');
      } catch (error) {
        throw new Error(`${(error as Error).message} ${body}`);
      }
      this.#keys = publishedKeys(document['keys']);
      this.#freshUntil = freshUntil(answer.headers, this.#clock.now());
      return this.#keys;
    } catch (error) {
      return new Fault('OIDC_KEYS_UNAVAILABLE', { reason: (error as Error).message });
    }
  }
}

function signedByOne(jwt: CompactJwt, keys: readonly PublishedKey[]): boolean {
  return keys.some(({ kid, key }) => (jwt.kid === '' || jwt.kid === kid) && verifyJwt(jwt, key));
}

/** The RSA and EC keys of a set; others cannot sign a token that is accepted. */
function publishedKeys(list: unknown): PublishedKey[] {
  if (!Array.isArray(list)) return [];
  const keys: PublishedKey[] = [];
  for (const jwk of list as (Record<string, unknown> | null)[]) {
    if (jwk?.['kty'] !== 'RSA' && jwk?.['kty'] !== 'EC') continue;
    try {
      const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
      if ((key.asymmetricKeyDetails?.modulusLength ?? LEAST_RSA_BITS) < LEAST_RSA_BITS) continue;
      keys.push({ kid: typeof jwk['kid'] === 'string' ? jwk['kid'] : '', key });
    } catch {
      // One key that cannot be read does not make the others bad.
    }
  }
  return keys;
}
