import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { JwtAuthenticatorConfiguration } from '../config/types.ts';
import { signJwt } from '../service-account/jwt.ts';
import type { IssuerAnswer, IssuerClient } from './issuer-client.ts';
import { wellKnownUrl } from './provider.ts';

const KEYS_URL = 'https://made-up.invalid/keys';
const KEY_ID = 'made-up';
const LIFETIME_SECONDS = 3600;

/**
 * Stands in for the issuers of a configuration, with a key made here: claims can be played through the whole of a JWT
 * authenticator, audiences, times, mappings and rules, without anybody to sign them. Nothing of it leaves the process.
 */
export class MadeUpIssuer {
  readonly #issuers: ReadonlyMap<string, string>;
  readonly #configs: readonly JwtAuthenticatorConfiguration[];
  readonly #key: KeyObject;
  readonly #keys: string;

  constructor(configs: readonly JwtAuthenticatorConfiguration[]) {
    this.#configs = configs;
    this.#issuers = new Map(
      configs.map(({ issuer }) => [issuer.discoveryUrl || wellKnownUrl(issuer.url), issuer.url]),
    );
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.#keys = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KEY_ID }] });
  }

  knows(issuer: string): boolean {
    return this.#configs.some((one) => one.issuer.url === issuer);
  }

  /** As `createExternalAuthentication` takes one: nobody is asked. */
  client = (): IssuerClient => ({
    get: async (url) => {
      if (url === KEYS_URL) return found(this.#keys);
      const issuer = this.#issuers.get(url);
      if (issuer === undefined) throw new Error(`Get "${url}": nobody is asked for made-up claims`);
      return found(JSON.stringify({ issuer, jwks_uri: KEYS_URL }));
    },
    close: () => {},
  });

  /**
   * A token with these claims. What is left out of `iss`, `aud` and `exp` is as a token that is taken has it: of the only
   * issuer, for its first audience, and for an hour. Throws an Error where there are several issuers and none is named.
   *
   * @param now milliseconds since 1970
   */
  token(claims: Readonly<Record<string, unknown>>, now: number): { token: string; issuer: string } {
    const issuer = typeof claims['iss'] === 'string' ? claims['iss'] : this.#onlyIssuer();
    const config = this.#configs.find((one) => one.issuer.url === issuer);
    const whole = {
      iss: issuer,
      aud: config?.issuer.audiences[0] ?? '',
      iat: Math.floor(now / 1000),
      exp: Math.floor(now / 1000) + LIFETIME_SECONDS,
      ...claims,
    };
    return { token: this.sign(whole), issuer };
  }

  /** A token with these claims and no others. */
  sign(claims: Readonly<Record<string, unknown>>): string {
    return signJwt(claims, { alg: 'ES256', kid: KEY_ID }, this.#key);
  }

  #onlyIssuer(): string {
    const [only, ...others] = this.#configs;
    if (!only) throw new Error('claims need an issuer: give --authentication-config with one under jwt');
    if (others.length)
      throw new Error('there are several issuers: say by the claim iss whose claims they are');
    return only.issuer.url;
  }
}

const found = (body: string): IssuerAnswer => ({
  status: 200,
  statusLine: '200 OK',
  headers: { 'content-type': 'application/json' },
  body,
});
