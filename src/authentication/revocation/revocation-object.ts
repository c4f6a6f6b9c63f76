import { REVOCATIONS } from '../../controllers/credential-revocation-cleaner.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { Revocation } from './deny-list.ts';

export { REVOCATIONS };
export const REVOCATION_KIND = 'CredentialRevocation';
export const REVOCATION_API = `${REVOCATIONS.group}/v1`;

/** The entry that a CredentialRevocation stands for, or what is wrong with it. */
export function revocationOf(object: KubeObject): Revocation | { fault: string } {
  const spec = (object['spec'] ?? {}) as Record<string, unknown>;
  const { credentialID, user, issuedBefore, expires, reason } = spec;
  const until = expires === undefined ? undefined : time(expires);
  if (expires !== undefined && until === undefined) return { fault: 'spec.expires is no time' };
  const common = {
    reason: typeof reason === 'string' ? reason : '',
    ...(until === undefined ? {} : { expires: until }),
  };
  if (credentialID !== undefined) {
    const id = typeof credentialID === 'string' ? credentialId(credentialID) : undefined;
    if (user !== undefined) return { fault: 'spec has both credentialID and user' };
    return id === undefined
      ? { fault: 'spec.credentialID is neither X509SHA256= and 64 hex digits nor JTI= and an id' }
      : { ...common, credentialId: id };
  }
  if (typeof user !== 'string' || user === '') return { fault: 'spec has neither credentialID nor user' };
  const before = time(issuedBefore);
  if (before === undefined) return { fault: 'spec.issuedBefore is no time' };
  return { ...common, user, issuedBefore: before };
}

/** A credential id in the form that verdicts have it in; undefined for what is none. */
export function credentialId(text: string): string | undefined {
  const certificate = /^X509SHA256=([0-9a-fA-F]{64})$/.exec(text);
  if (certificate) return `X509SHA256=${certificate[1]!.toLowerCase()}`;
  return /^JTI=.+$/s.test(text) ? text : undefined;
}

function time(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
