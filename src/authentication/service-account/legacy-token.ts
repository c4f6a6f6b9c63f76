import { LEGACY, LEGACY_ISSUER } from './claims.ts';
import { type SigningKey, TokenSigner } from './signer.ts';
import { serviceAccountUsername } from './username.ts';

/** Makes tokens that are kept in Secrets: without times, good for as long as the Secret is there (pkg/serviceaccount/legacy.go). */
export function legacyTokenMaker(key: { current(): SigningKey }) {
  const signer = new TokenSigner(LEGACY_ISSUER, key);
  return (account: { namespace: string; name: string; uid: string; secret: string }): string =>
    signer.sign({
      sub: serviceAccountUsername(account.namespace, account.name),
      [LEGACY.namespace]: account.namespace,
      [LEGACY.secretName]: account.secret,
      [LEGACY.serviceAccountName]: account.name,
      [LEGACY.serviceAccountUid]: account.uid,
    });
}
