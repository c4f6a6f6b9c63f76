import type { AuthenticationVerdict } from '../../explain/verdict.ts';
import { CREDENTIAL_ID } from '../../meta/user.ts';
import type { AuthenticationRequest, CertificateDer } from '../authenticator.ts';
import { fingerprint } from '../x509/certificate.ts';

/** One credential that is taken back, or all that somebody was issued before an instant. */
export type Revocation = {
  reason: string;
  /** Milliseconds since 1970: from then on it counts no more, as the credential has expired by itself. */
  expires?: number;
} & (
  | {
      /** `X509SHA256=HEX` or `JTI=ID`, as the user's extra `authentication.kubernetes.io/credential-id` has it. */
      credentialId: string;
    }
  | {
      user: string;
      /** Milliseconds since 1970. */
      issuedBefore: number;
    }
);

const BY = 'revocations';
export const CERTIFICATE_ID = 'X509SHA256=';

/**
 * The credentials that are refused though their authenticator takes them. Asked for each request with a known caller: an
 * empty list costs nothing, any other two look-ups.
 */
export class DenyList {
  readonly #entries = new Map<string, Revocation>();
  readonly #byCredential = new Map<string, Map<string, Revocation>>();
  readonly #byUser = new Map<string, Map<string, Revocation>>();
  readonly #handlers = new Set<() => void>();
  readonly #certificateIds = new WeakMap<readonly CertificateDer[], string>();

  get size(): number {
    return this.#entries.size;
  }

  /** Calls back when something more is refused than before. Returns the way to stop. */
  onChange(handler: () => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Takes an entry in, in place of the one of its name. */
  set(name: string, revocation: Revocation): void {
    this.#drop(name);
    this.#entries.set(name, revocation);
    const [index, key] = this.#placeOf(revocation);
    let same = index.get(key);
    if (!same) {
      same = new Map();
      index.set(key, same);
    }
    same.set(name, revocation);
    for (const handler of this.#handlers) handler();
  }

  /** Takes an entry out: what it refused is good again. */
  remove(name: string): void {
    this.#drop(name);
  }

  /** All entries at once, in place of those before. */
  replaceAll(entries: ReadonlyMap<string, Revocation>): void {
    for (const name of [...this.#entries.keys()]) if (!entries.has(name)) this.#drop(name);
    for (const [name, revocation] of entries) this.set(name, revocation);
  }

  /**
   * The refusal of somebody whom an authenticator knows; undefined where nothing is revoked of him. A user's credentials
   * whose time of issue nobody knows count as issued before any instant.
   */
  judge(
    verdict: AuthenticationVerdict,
    request: Pick<AuthenticationRequest, 'certificates' | 'now'>,
  ): (AuthenticationVerdict & { verdict: 'refused' }) | undefined {
    if (this.#entries.size === 0 || verdict.verdict !== 'authenticated') return undefined;
    const { user, by, issuedAt } = verdict;
    for (const id of user.extra?.[CREDENTIAL_ID] ?? []) {
      const refused = this.#credential(id, by, request.now);
      if (refused) return refused;
    }
    // A front proxy's word is as good as the proxy's own certificate.
    if (by === 'front-proxy' && this.#byCredential.size && request.certificates.length) {
      const refused = this.#credential(this.#certificateId(request.certificates), by, request.now);
      if (refused) return refused;
    }
    for (const revocation of this.#byUser.get(user.name)?.values() ?? []) {
      if (!('user' in revocation) || hasEnded(revocation, request.now)) continue;
      const { issuedBefore, reason } = revocation;
      if (issuedAt !== undefined && issuedAt >= issuedBefore) continue;
      const facts = {
        user: user.name,
        issuedBefore,
        reason,
        authenticator: by,
        ...(issuedAt === undefined ? {} : { issuedAt }),
      };
      return { verdict: 'refused', by: BY, code: 'USER_REVOKED_BEFORE', facts };
    }
    return undefined;
  }

  #credential(
    id: string,
    authenticator: string,
    now: number,
  ): (AuthenticationVerdict & { verdict: 'refused' }) | undefined {
    for (const revocation of this.#byCredential.get(id)?.values() ?? []) {
      if (hasEnded(revocation, now)) continue;
      const facts = { credential: id, reason: revocation.reason, authenticator };
      return { verdict: 'refused', by: BY, code: 'CREDENTIAL_REVOKED', facts };
    }
    return undefined;
  }

  #certificateId(certificates: readonly CertificateDer[]): string {
    let id = this.#certificateIds.get(certificates);
    if (id === undefined) {
      id = `${CERTIFICATE_ID}${fingerprint(certificates[0]!)}`;
      this.#certificateIds.set(certificates, id);
    }
    return id;
  }

  #drop(name: string): void {
    const revocation = this.#entries.get(name);
    if (!revocation) return;
    this.#entries.delete(name);
    const [index, key] = this.#placeOf(revocation);
    const same = index.get(key);
    same?.delete(name);
    if (same?.size === 0) index.delete(key);
  }

  #placeOf(revocation: Revocation): [Map<string, Map<string, Revocation>>, string] {
    return 'user' in revocation
      ? [this.#byUser, revocation.user]
      : [this.#byCredential, revocation.credentialId];
  }
}

const hasEnded = ({ expires }: Revocation, now: number): boolean => expires !== undefined && now >= expires;
