import { describe, expect, it } from 'vitest';
import { equals } from './comparison.ts';
import { compile, compileUnchecked } from './compile.ts';
import {
  type ConformanceCase,
  conformanceCases,
  environmentOf,
  readType,
  readValue,
} from './conformance-cases.ts';
import { CONFORMANCE_SKIPS } from './conformance-skips.ts';
import { formatType } from './types.ts';
import { CelList, CelMap, type CelValue, typeOfValue } from './values.ts';

/** Equal in value and type, NaN included. */
function same(a: CelValue, b: CelValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Object.is(a, b) || a === b;
  if (typeOfValue(a).name !== typeOfValue(b).name) return false;
  if (a instanceof CelList && b instanceof CelList) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!same(a.at(i), b.at(i))) return false;
    return true;
  }
  if (a instanceof CelMap && b instanceof CelMap) {
    if (a.size !== b.size) return false;
    for (const key of a.keys()) {
      const other = b.get(key);
      if (other === undefined || !same(a.get(key)!, other)) return false;
    }
    return true;
  }
  return equals(a, b) === true;
}

/** What is wrong with how a case came out; undefined if nothing is. */
function run(test: ConformanceCase): string | undefined {
  const env = environmentOf(test);
  const compiled = test.disableCheck ? compileUnchecked(env, test.expr) : compile(env, test.expr);
  if (!compiled.ok) return test.fails && compiled.stage === 'program' ? undefined : compiled.text;
  if (test.type && formatType(compiled.type) !== formatType(readType(test.type))) {
    return `type ${formatType(compiled.type)} instead of ${formatType(readType(test.type))}`;
  }
  if (test.checkOnly) return undefined;
  const bindings: Record<string, CelValue> = {};
  for (const [name, bound] of Object.entries(test.bindings)) bindings[name] = readValue(bound.value);
  const result = compiled.program.evaluate(bindings);
  if (test.fails) return result.error ? undefined : 'a value instead of an error';
  if (result.error) return `error: ${result.error.message}`;
  return same(readValue(test.value), result.value)
    ? undefined
    : `value ${String(result.value)} (${typeOfValue(result.value).name})`;
}

function skipReason(test: ConformanceCase): string | undefined {
  return (
    CONFORMANCE_SKIPS[test.suite] ??
    CONFORMANCE_SKIPS[`${test.suite}/${test.section}`] ??
    CONFORMANCE_SKIPS[test.path]
  );
}

describe('the conformance cases of cel-spec', () => {
  const all = conformanceCases();
  const plain = all.filter((test) => !test.needsMessages);
  const ours = plain.filter((test) => skipReason(test) === undefined);

  it('are run but for those with a reason', () => {
    console.log(
      `conformance: ${all.length} cases, ${all.length - plain.length} need messages, ` +
        `${plain.length - ours.length} skipped, ${ours.length} run (${((100 * ours.length) / plain.length).toFixed(1)} %)`,
    );
    expect(ours.length / plain.length).toBeGreaterThan(0.95);
  });

  const suites = new Map<string, ConformanceCase[]>();
  for (const test of ours) suites.set(test.suite, [...(suites.get(test.suite) ?? []), test]);
  for (const [name, cases] of suites) {
    it(`${name}: ${cases.length} cases`, () => {
      const failures: Record<string, string> = {};
      for (const test of cases) {
        const problem = run(test);
        if (problem !== undefined) failures[test.path] = `${test.expr} => ${problem}`;
      }
      expect(failures).toEqual({});
    });
  }
});
