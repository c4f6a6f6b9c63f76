import { describe, expect, it } from 'vitest';
import recorded from './fixtures/recorded-claims.json' with { type: 'json' };
import {
  ANY,
  BOOL,
  claimsValue,
  compile,
  INT,
  kubernetesEnvironment,
  listType,
  mapType,
  objectType,
  PER_CALL_LIMIT,
  STRING,
  StringList,
  toJson,
} from './index.ts';
import { DYN } from './types.ts';

interface Recorded {
  expression: string;
  claims: Record<string, unknown>;
  value?: unknown;
  error?: string;
  /** The value is a list that claim mappings refuse. */
  stringList?: boolean;
}

describe('expressions over claims, as kube-apiserver evaluated them', () => {
  const env = kubernetesEnvironment().extend({ variables: { claims: mapType(STRING, ANY) } });

  it.each(recorded as Recorded[])('$expression of $claims', ({ expression, claims, ...want }) => {
    const compiled = compile(env, expression);
    if (!compiled.ok) throw new Error(compiled.text);
    const done = compiled.program.evaluate({ claims: claimsValue(claims) }, { costLimit: PER_CALL_LIMIT });
    if (want.error !== undefined) {
      expect(done.error?.message).toBe(want.error);
      return;
    }
    if (done.error) throw new Error(done.error.message);
    if (want.stringList) {
      expect(done.value).toBeInstanceOf(StringList);
      return;
    }
    // Values of extra are recorded as lists, whatever the expression gave.
    const value = toJson(done.value);
    expect(Array.isArray(want.value) && !Array.isArray(value) ? [value] : value).toEqual(want.value);
  });
});

describe('refusals, as kube-apiserver words them', () => {
  const env = kubernetesEnvironment().extend({
    variables: { object: DYN, variables: objectType('Variables') },
    structs: [{ type: objectType('Variables'), field: () => undefined }],
  });
  const refusal = (source: string, expectedTypes = [BOOL]): string => {
    const compiled = compile(env, source, { expectedTypes });
    if (compiled.ok) throw new Error('compiled');
    return compiled.text;
  };

  it.each([
    [
      'object.data.x =',
      "ERROR: <input>:1:15: Syntax error: token recognition error at: '='\n | object.data.x =\n | ..............^",
    ],
    [
      'object.x =',
      "ERROR: <input>:1:10: Syntax error: token recognition error at: '='\n | object.x =\n | .........^",
    ],
    [
      'Object{',
      "ERROR: <input>:1:8: Syntax error: mismatched input '<EOF>' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}\n | Object{\n | .......^",
    ],
    [
      'unknownVar > 1',
      "ERROR: <input>:1:1: undeclared reference to 'unknownVar' (in container '')\n | unknownVar > 1\n | ^",
    ],
    ['variables.z', "ERROR: <input>:1:10: undefined field 'z'\n | variables.z\n | .........^"],
    [
      'params.data.x == "1"',
      "ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.data.x == \"1\"\n | ^",
    ],
    ['"a string"', 'must evaluate to bool'],
  ])('%s', (source, words) => {
    expect(refusal(source)).toBe(words);
  });

  it('names all types that would do', () => {
    expect(refusal('1.5', [STRING, listType(STRING)])).toBe('must evaluate to one of [string list(string)]');
    expect(compile(env, '1', { expectedTypes: [STRING, INT] }).ok).toBe(true);
  });

  it('ends an expression that costs more than its limit', () => {
    const ten = '[0,1,2,3,4,5,6,7,8,9]';
    const source = `${[...'abcdefg'].map((v) => `${ten}.all(${v},`).join('')}a+b+c+d+e+f+g>=0${')'.repeat(7)}`;
    const compiled = compile(env, source);
    if (!compiled.ok) throw new Error(compiled.text);
    const done = compiled.program.evaluate({}, { costLimit: PER_CALL_LIMIT });
    expect(done.error?.message).toBe('operation cancelled: actual cost limit exceeded');
  });
});
