import { createPublicKey, type KeyObject } from 'node:crypto';
import { signJwt } from './jwt.ts';
import { issuingAlgorithm, keyId } from './keys.ts';

/** Signs ServiceAccount tokens: `--service-account-signing-key-file` and the first `--service-account-issuer`. */
export class TokenSigner {
  readonly #issuer: string;
  readonly #key: { current(): SigningKey };

  constructor(issuer: string, key: { current(): SigningKey }) {
    this.#issuer = issuer;
    this.#key = key;
  }

  /** The token; `iss` is added to the claims. */
  sign(claims: object): string {
    const { alg, kid, key } = this.#key.current();
    return signJwt({ ...claims, iss: this.#issuer }, { alg, kid }, key);
  }
}

export interface SigningKey {
  key: KeyObject;
  alg: string;
  kid: string;
}

/** A private key with what the header of its tokens says. Throws for keys that tokens cannot be signed with. */
export function signingKey(privateKey: KeyObject): SigningKey {
  return { key: privateKey, alg: issuingAlgorithm(privateKey), kid: keyId(createPublicKey(privateKey)) };
}
