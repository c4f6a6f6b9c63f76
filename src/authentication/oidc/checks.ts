/** One of the checks a token goes through, and how it ended. */
export interface Check {
  name: string;
  result: 'passed' | 'failed' | 'not reached';
}

/** The checks in their order, with the codes that each of them ends with. */
const CHECKS: readonly (readonly [name: string, codes: readonly string[]])[] = [
  ['a JWT of a configured issuer', ['OIDC_NO_ISSUERS', 'OIDC_NOT_A_JWT', 'OIDC_OTHER_ISSUER']],
  ['the issuer has said where its keys are', ['OIDC_NOT_READY']],
  ['header and signature can be read', ['OIDC_MALFORMED']],
  ['signing algorithm', ['OIDC_ALGORITHM']],
  ['signature by a key of the issuer', ['OIDC_SIGNATURE', 'OIDC_KEYS_UNAVAILABLE']],
  [
    'types of the registered claims',
    ['OIDC_CLAIM_TYPE', 'OIDC_CLAIM_SOURCE_UNNAMED', 'OIDC_CLAIM_SOURCE_UNKNOWN'],
  ],
  ['issuer', ['OIDC_ISSUER']],
  ['audience', ['OIDC_AUDIENCE']],
  ['exp and nbf', ['OIDC_EXPIRED', 'OIDC_NOT_YET_VALID']],
  ['distributed claims', ['OIDC_DISTRIBUTED_CLAIM', 'OIDC_DISTRIBUTED_CLAIM_TOKEN']],
  [
    'user name',
    [
      'OIDC_USERNAME_CLAIM',
      'OIDC_EMAIL_VERIFIED_CLAIM',
      'OIDC_EMAIL_NOT_VERIFIED',
      'OIDC_EMPTY_USERNAME',
      'of:username',
    ],
  ],
  ['groups', ['OIDC_GROUPS_CLAIM', 'of:groups']],
  ['uid', ['OIDC_UID_CLAIM', 'of:uid']],
  ['extra', ['of:extra']],
  [
    'required claims',
    ['OIDC_REQUIRED_CLAIM_ABSENT', 'OIDC_REQUIRED_CLAIM_TYPE', 'OIDC_REQUIRED_CLAIM_DIFFERS'],
  ],
  ['claim validation rules', ['of:claimRule']],
  ['user validation rules', ['of:userRule']],
];

/**
 * How far a token came, by the code and facts of its verdict; undefined for verdicts that are not of a JWT authenticator.
 * `OIDC` is the code of a token that was taken.
 */
export function checksOf(code: string, facts: Readonly<Record<string, unknown>>): Check[] | undefined {
  const names = CHECKS.map(([name]) => name);
  if (code === 'OIDC') return names.map((name) => ({ name, result: 'passed' }));
  const sought = typeof facts['of'] === 'string' ? `of:${facts['of']}` : code;
  const at = CHECKS.findIndex(([, codes]) => codes.includes(sought));
  if (at < 0) return undefined;
  // With several audiences the times are looked at before them.
  const failing = names[at]!;
  const expected = facts['expected'];
  const timesFirst = failing === 'audience' && Array.isArray(expected) && expected.length > 1;
  return names.map((name, i) => {
    if (i === at) return { name, result: 'failed' };
    const passed = i < at || (timesFirst && name === 'exp and nbf');
    return { name, result: passed ? 'passed' : 'not reached' };
  });
}
