import { describe, expect, it } from 'vitest';
import { compile, DYN, type FieldPath, fieldPaths, kubernetesEnvironment, variablesOf } from './index.ts';

const env = kubernetesEnvironment().extend({ variables: { claims: DYN, user: DYN, object: DYN } });

function paths(source: string): FieldPath[] {
  const compiled = compile(env, source);
  if (!compiled.ok) throw new Error(compiled.text);
  return fieldPaths(compiled.ast);
}

describe('fields that an expression reads', () => {
  it.each<[string, [string, string, boolean?][]]>([
    ['claims.email', [['claims', 'email']]],
    ['claims.?email.orValue("")', [['claims', 'email']]],
    ['claims["email"].x[?"y"]', [['claims', 'email.x.y']]],
    [
      'has(claims.email_verified) && claims.email_verified',
      [
        ['claims', 'email_verified', true],
        ['claims', 'email_verified'],
      ],
    ],
    [
      'claims[user.key].a',
      [
        ['user', 'key'],
        ['claims', ''],
      ],
    ],
    [
      'claims.list.all(user, user.name == claims.name)',
      [
        ['claims', 'list'],
        ['claims', 'name'],
      ],
    ],
    ['["a"].exists(object, object == "a") && object.x == 1', [['object', 'x']]],
    ['claims', [['claims', '']]],
    ['1 + 2', []],
  ])('%s', (source, want) => {
    const found = paths(source).map(({ variable, fields, tested }) => [variable, fields.join('.'), tested]);
    expect(new Set(found.map(String))).toEqual(new Set(want.map(([v, f, t = false]) => String([v, f, t]))));
  });

  it('and variables that it names', () => {
    const compiled = compile(env, 'claims.list.all(user, user.name == "x") && object == null');
    if (!compiled.ok) throw new Error(compiled.text);
    expect([...variablesOf(compiled.ast)].sort()).toEqual(['claims', 'object']);
  });
});
