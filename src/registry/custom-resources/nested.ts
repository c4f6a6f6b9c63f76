import type { Fields } from '../../meta/object.ts';
import { goType, goValue } from '../../schema/patch/go-value.ts';

/** Values at a path in an object without a Go type, with the words for what is in the way (unstructured.NestedInt64 and its like). */
export type Nested<T> = { ok: true; value: T | undefined } | { ok: false; error: string };

/** `.spec.replicas` as its steps. */
export const pathSteps = (path: string): string[] => (path.startsWith('.') ? path.slice(1) : path).split('.');

function nested(object: Fields, steps: readonly string[]): Nested<unknown> {
  let value: unknown = object;
  for (const [i, step] of steps.entries()) {
    if (value === null) return { ok: true, value: undefined };
    if (typeof value !== 'object' || Array.isArray(value))
      return unfit(steps.slice(0, i + 1), value, 'map[string]interface {}');
    if (!Object.hasOwn(value, step)) return { ok: true, value: undefined };
    value = (value as Fields)[step];
  }
  return { ok: true, value };
}

function unfit(steps: readonly string[], value: unknown, expected: string): { ok: false; error: string } {
  const type = value === null ? '<nil>' : goType(value);
  // Go names the type it looked for as it is written in its source.
  const wanted = expected === 'map[string]interface {}' ? 'map[string]interface{}' : expected;
  return {
    ok: false,
    error: `.${steps.join('.')} accessor error: ${goValue(value)} is of the type ${type}, expected ${wanted}`,
  };
}

export function nestedInteger(object: Fields, steps: readonly string[]): Nested<number> {
  const found = nested(object, steps);
  if (!found.ok || found.value === undefined) return found as Nested<number>;
  if (typeof found.value === 'number' && Number.isInteger(found.value))
    return { ok: true, value: found.value };
  return unfit(steps, found.value, 'int64');
}

export function nestedString(object: Fields, steps: readonly string[]): Nested<string> {
  const found = nested(object, steps);
  if (!found.ok || found.value === undefined) return found as Nested<string>;
  return typeof found.value === 'string'
    ? { ok: true, value: found.value }
    : unfit(steps, found.value, 'string');
}
