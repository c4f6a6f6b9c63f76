import { timingSafeEqual } from 'node:crypto';
import {
  BOOTSTRAP_TOKEN_PREFIX,
  BOOTSTRAP_TOKEN_TYPE,
  bootstrapTokenData,
  bootstrapTokenExpired,
  BOOTSTRAP_TOKEN_NAMESPACE as NAMESPACE,
} from '../controllers/bootstrap-token-secret.ts';
import type { AuthenticationVerdict, Facts } from '../explain/verdict.ts';
import type { Lister } from '../registry/lister.ts';
import type { TokenAuthenticator, TokenContext } from './authenticator.ts';

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const BOOTSTRAPPERS = 'system:bootstrappers';

/**
 * Bootstrap tokens, `ID.SECRET`, kept in Secrets of kube-system that are named by their ID
 * (plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go; `--enable-bootstrap-token-auth`).
 */
export class BootstrapTokenAuthenticator implements TokenAuthenticator {
  readonly name = 'bootstrap-token';
  readonly #secrets: Lister;

  constructor(secrets: Lister) {
    this.#secrets = secrets;
  }

  authenticateToken(token: string, context: TokenContext): AuthenticationVerdict {
    const parts = TOKEN.exec(token);
    if (!parts) return notMine('BOOTSTRAP_OTHER_SHAPE', {});
    const [, id, secretPart] = parts as unknown as [string, string, string];
    const name = BOOTSTRAP_TOKEN_PREFIX + id;
    context.restsOn?.('secrets', NAMESPACE, name);
    const secret = this.#secrets.get(NAMESPACE, name);
    const facts = { secret: name };
    if (!secret) return notMine('BOOTSTRAP_NO_SECRET', facts);
    if (secret.metadata.deletionTimestamp) return notMine('BOOTSTRAP_BEING_DELETED', facts);
    if (secret.type !== BOOTSTRAP_TOKEN_TYPE || !secret.data) return notMine('BOOTSTRAP_SECRET_TYPE', facts);
    const data = (key: string): string => bootstrapTokenData(secret, key);
    const held = Buffer.from(String(secret.data['token-secret'] ?? ''), 'base64');
    const given = Buffer.from(secretPart);
    if (held.length !== given.length || !timingSafeEqual(held, given))
      return notMine('BOOTSTRAP_WRONG_SECRET', facts);
    if (data('token-id') !== id) return notMine('BOOTSTRAP_OTHER_ID', facts);
    const expiration = data('expiration');
    if (bootstrapTokenExpired(secret, context.now))
      return notMine('BOOTSTRAP_EXPIRED', { ...facts, expiration });
    if (data('usage-bootstrap-authentication') !== 'true') return notMine('BOOTSTRAP_USAGE', facts);
    const groups = new Set([BOOTSTRAPPERS]);
    const listed = data('auth-extra-groups');
    for (const group of listed === '' ? [] : listed.split(',')) {
      if (!GROUP.test(group)) return notMine('BOOTSTRAP_BAD_GROUP', { ...facts, group });
      groups.add(group);
    }
    return {
      verdict: 'authenticated',
      by: this.name,
      code: 'BOOTSTRAP_VALID',
      facts: { ...facts, ...(expiration ? { expiration } : {}) },
      user: { name: `system:bootstrap:${id}`, groups: [...groups].sort() },
    };
  }
}

/** kube-apiserver never says why: a refused bootstrap token may still be another authenticator's. */
function notMine(code: string, facts: Facts): AuthenticationVerdict {
  return { verdict: 'notMine', by: 'bootstrap-token', code, facts };
}
