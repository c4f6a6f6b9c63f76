import { describe, expect, it } from 'vitest';
import { compileMatchCondition, matchConditionsOf } from './match-conditions.ts';
import type { SentSpec } from './review.ts';

const POD: SentSpec = {
  user: 'zara',
  groups: ['g'],
  resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'guarded' },
};
const PATH: SentSpec = { user: 'zara', nonResourceAttributes: { path: '/version', verb: 'get' } };
const matches = (spec: SentSpec, ...expressions: string[]) => matchConditionsOf(expressions)!.matches(spec);

describe('matchConditionsOf', () => {
  it('asks where all are true', () => {
    expect(matches(POD, "request.user == 'zara'", "request.resourceAttributes.namespace == 'guarded'")).toBe(
      true,
    );
    expect(matches(POD, "request.user == 'zara'", "'x' in request.groups")).toBe(false);
    expect(
      matches(POD, "request.resourceAttributes.name == ''", 'request.uid == ""', 'request.extra.size() == 0'),
    ).toBe(true);
  });

  it('sees selectors by their terms', () => {
    const labelSelector = { requirements: [{ key: 'a', operator: 'Exists' }] };
    const spec = { ...POD, resourceAttributes: { ...POD.resourceAttributes, labelSelector } };
    expect(
      matches(
        spec,
        "request.resourceAttributes.labelSelector.requirements.exists(r, r.key == 'a' && r.values.size() == 0)",
      ),
    ).toBe(true);
    expect(matches(POD, 'has(request.resourceAttributes.labelSelector)')).toBe(false);
  });

  it('shows what each makes of a request, and what it costs', () => {
    const traced = matchConditionsOf([
      "request.user == 'x'",
      "request.resourceAttributes.verb == 'get'",
    ])!.trace(PATH);
    expect(traced).toEqual([
      { expression: "request.user == 'x'", value: false, cost: expect.any(Number) },
      {
        expression: "request.resourceAttributes.verb == 'get'",
        error: 'no such key: resourceAttributes',
        cost: expect.any(Number),
      },
    ]);
    expect(traced[0]!.cost).toBeGreaterThan(0);
  });

  it('says what could not be evaluated, unless another is false', () => {
    const broken = "request.resourceAttributes.namespace == 'guarded'";
    expect(matches(PATH, broken)).toEqual({
      error: `cel evaluation error: expression '${broken}' resulted in error: no such key: resourceAttributes`,
    });
    expect(matches(PATH, broken, "request.user == 'x'")).toBe(false);
    expect(matches(PATH, `has(request.resourceAttributes) && ${broken}`)).toBe(false);
  });
});

describe('compileMatchCondition', () => {
  it.each([
    ['request.user', 'must evaluate to bool but got string'],
    [
      'request.nope',
      "compilation failed: ERROR: <input>:1:8: undefined field 'nope'\n | request.nope\n | .......^",
    ],
    ['request.user ==', 'compilation failed: ERROR: <input>:1:16: Syntax error: mismatched input'],
  ])('refuses %s', (expression, error) => {
    expect(compileMatchCondition(expression)).toMatchObject({ error: expect.stringContaining(error) });
  });
});
