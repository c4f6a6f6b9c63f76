import type { UserInfo } from '../../meta/user.ts';
import { wellFormed } from '../../meta/well-formed.ts';
import type { GoStruct } from '../../webhook/reply.ts';

export type TokenReviewVersion = 'v1' | 'v1beta1';

/** What a webhook is asked (authentication.k8s.io TokenReview). */
export function reviewBody(token: string, audiences: readonly string[], version: TokenReviewVersion): string {
  return JSON.stringify({
    kind: 'TokenReview',
    apiVersion: `authentication.k8s.io/${version}`,
    metadata: {},
    spec: { token, ...(audiences.length ? { audiences } : {}) },
    status: { user: {} },
  });
}

/** The fields of an answer that count, by their Go types. */
export const REVIEW_SHAPE: GoStruct = {
  name: 'TokenReview',
  fields: {
    status: {
      name: 'TokenReviewStatus',
      fields: {
        authenticated: 'bool',
        user: {
          name: 'UserInfo',
          fields: { username: 'string', uid: 'string', groups: '[]string', extra: 'map[string][]string' },
        },
        audiences: '[]string',
        error: 'string',
      },
    },
  },
};

/** An answer's status; its types have been looked at. */
export interface ReviewStatus {
  authenticated?: boolean | null;
  user?: {
    username?: string | null;
    uid?: string | null;
    groups?: readonly (string | null)[] | null;
    extra?: Readonly<Record<string, readonly (string | null)[] | null>> | null;
  } | null;
  audiences?: readonly (string | null)[] | null;
  error?: string | null;
}

export const textsOf = (list: readonly (string | null)[] | null | undefined): string[] =>
  (list ?? []).map((text) => wellFormed(text ?? ''));

/** The user an answer names. All of it may be empty, the name too. */
export function userOf({ user }: ReviewStatus): UserInfo {
  const { username, uid, groups, extra } = user ?? {};
  const entries = Object.entries(extra ?? {}).map(([key, values]) => [wellFormed(key), textsOf(values)]);
  return {
    name: wellFormed(username ?? ''),
    ...(uid ? { uid: wellFormed(uid) } : {}),
    groups: textsOf(groups),
    ...(entries.length ? { extra: Object.fromEntries(entries) } : {}),
  };
}
