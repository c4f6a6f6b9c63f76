import { describe, expect, it } from 'vitest';
import { oidcWords } from '../../explain/words/oidc.ts';
import { checksOf } from './checks.ts';

describe('checksOf', () => {
  const ofExpressions = new Set(['OIDC_EXPRESSION_FAILED', 'OIDC_EXPRESSION_RESULT', 'OIDC_RULE_NOT_MET']);

  it.each(Object.keys(oidcWords))('knows where %s ends', (code) => {
    const checks = checksOf(code, ofExpressions.has(code) ? { of: 'claimRule' } : {});
    expect(checks?.filter(({ result }) => result === 'failed')).toHaveLength(1);
  });

  it('has times before audiences where there are several', () => {
    const result = (expected: string[]): string | undefined =>
      checksOf('OIDC_AUDIENCE', { expected })?.find(({ name }) => name === 'exp and nbf')?.result;
    expect(result(['a'])).toBe('not reached');
    expect(result(['a', 'b'])).toBe('passed');
  });

  it('has passed them all at the end, and knows nothing of other verdicts', () => {
    expect(new Set(checksOf('OIDC', {})?.map(({ result }) => result))).toEqual(new Set(['passed']));
    expect(checksOf('TOKEN_WEBHOOK', {})).toBeUndefined();
  });
});
