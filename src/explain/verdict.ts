import type { UserInfo } from '../meta/user.ts';

/**
 * What a door says of a request. Verdicts are values: a stable code and typed facts, which words.ts turns into
 * sentences when somebody reads them. Nothing secret may stand in facts: they are kept, shown and logged.
 */
export type Facts = Readonly<Record<string, unknown>>;

/** Of an authenticator: this is who it is; nothing of mine is in the request; it is mine, and bad. */
export type AuthenticationVerdict =
  | {
      verdict: 'authenticated';
      by: string;
      code: string;
      facts: Facts;
      user: UserInfo;
      audiences?: readonly string[];
      /** When the credential was issued, in milliseconds since 1970: a certificate's notBefore, a token's iat. */
      issuedAt?: number;
    }
  | {
      verdict: 'notMine';
      by: string;
      code: string;
      facts: Facts;
      /** What kube-apiserver counts as an error: where nobody else recognises the caller it is 401, not anonymous. */
      unlessAnother?: 'refused';
    }
  | { verdict: 'refused'; by: string; code: string; facts: Facts };

/** Whether a verdict is enough to keep a caller out whom nobody else recognises. */
export const countsAgainst = (verdict: AuthenticationVerdict): boolean =>
  verdict.verdict === 'refused' || (verdict.verdict === 'notMine' && verdict.unlessAnother === 'refused');

/**
 * Of an authorizer. `noOpinion` goes on to the next; an `error` beside it turns a final refusal into a 500,
 * as kube-apiserver's union does.
 */
export interface AuthorizationVerdict {
  decision: 'allow' | 'deny' | 'noOpinion';
  by: string;
  code: string;
  facts: Facts;
  /** kube-apiserver's own words for the reason, empty where it has none. They reach 403 bodies and reviews. */
  reason: string;
  /** What broke, in kube-apiserver's words. */
  error?: string;
}

/** Of an admission plugin, in the phase it was asked in. */
export interface AdmissionVerdict {
  outcome: 'accepted' | 'changed' | 'denied';
  by: string;
  phase: 'mutate' | 'validate';
  code: string;
  facts: Facts;
}
