import { describe, expect, it } from 'vitest';
import { StatusError } from '../../meta/status.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const refusal = (token: string): string => {
  try {
    decodeContinue(token, 'a');
  } catch (error) {
    if (error instanceof StatusError) return error.message;
    throw error;
  }
  throw new Error('the token was taken');
};

describe('continue tokens', () => {
  it('go on behind the object they were made for', () => {
    const token = encodeContinue(7, 'a/x', 'a');
    expect(decodeContinue(token, 'a')).toEqual({ revision: 7, after: 'a/x' });
  });

  it('are refused in the words of Go where they are none', () => {
    const v1 = 'meta.k8s.io/v1';
    for (const [token, why] of [
      ['abc=', 'illegal base64 data at input byte 3'],
      ['abcde', 'illegal base64 data at input byte 4'],
      [base64([]), 'json: cannot unmarshal array into Go value of type storage.continueToken'],
      [
        base64({ v: v1, rv: '1' }),
        'json: cannot unmarshal string into Go struct field continueToken.rv of type int64',
      ],
      [base64({ v: 'v2' }), 'server does not recognize this encoded version v2'],
      [base64({ v: v1, start: 'x' }), `incorrect encoded start resourceVersion (version ${v1})`],
      [base64({ v: v1, rv: 1 }), `encoded start key empty (version ${v1})`],
    ] as const)
      expect(refusal(token)).toBe(`invalid continue token: continue key is not valid: ${why}`);
  });

  it('do not lead out of the list they are of', () => {
    for (const start of ['../b/x', 'x/../../b', '/x//y', 'x/'])
      expect(refusal(base64({ v: 'meta.k8s.io/v1', rv: 1, start }))).toBe(
        `invalid continue token: continue key is not valid: ${start}`,
      );
  });
});
