import type { KubeObject } from '../meta/object.ts';

/** Secrets that hold bootstrap tokens (cluster-bootstrap token/api, util/secrets). */
export const BOOTSTRAP_TOKEN_TYPE = 'bootstrap.kubernetes.io/token';
export const BOOTSTRAP_TOKEN_NAMESPACE = 'kube-system';
export const BOOTSTRAP_TOKEN_PREFIX = 'bootstrap-token-';

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A value of the Secret as text, empty without it. */
export function bootstrapTokenData(secret: KubeObject, key: string): string {
  return Buffer.from(String(secret.data?.[key] ?? ''), 'base64').toString();
}

/** When the token ends, in milliseconds; undefined: never; NaN: it cannot be read, which counts as long ago. */
export function bootstrapTokenExpiry(secret: KubeObject): number | undefined {
  const text = bootstrapTokenData(secret, 'expiration');
  if (text === '') return undefined;
  const m = RFC3339.exec(text);
  if (!m || new Date(Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3]))).getUTCDate() !== Number(m[3]))
    return Number.NaN;
  return Date.parse(text.replace(',', '.'));
}

/** Whether the token has ended. @param now milliseconds since 1970 */
export function bootstrapTokenExpired(secret: KubeObject, now: number): boolean {
  const expiry = bootstrapTokenExpiry(secret);
  return expiry !== undefined && !(now <= expiry);
}
