import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  difference,
  EMPTY,
  type FieldSet,
  hasPath,
  intersection,
  isEmpty,
  paths,
  readFieldSet,
  recursiveDifference,
  sameSet,
  setOfAll,
  union,
} from './field-set.ts';

const element = fc.constantFrom('f:a', 'f:b', 'f:c', 'k:{"name":"x"}', 'v:"y"', 'i:0');
const path = fc.array(element, { minLength: 1, maxLength: 4 });
const list = fc.array(path, { maxLength: 12 });
const text = (p: readonly string[]): string => p.join('/');
const members = (set: FieldSet): Set<string> => new Set(paths(set).map(text));

describe('sets of fields', () => {
  it('do as sets of paths do', () => {
    fc.assert(
      fc.property(list, list, (one, two) => {
        const a = setOfAll(one);
        const b = setOfAll(two);
        const left = new Set(one.map(text));
        const right = new Set(two.map(text));
        expect(members(a)).toEqual(left);
        expect(members(union(a, b))).toEqual(new Set([...left, ...right]));
        expect(members(intersection(a, b))).toEqual(new Set([...left].filter((p) => right.has(p))));
        expect(members(difference(a, b))).toEqual(new Set([...left].filter((p) => !right.has(p))));
        const under = (p: string): boolean => [...right].some((q) => p === q || p.startsWith(`${q}/`));
        expect(members(recursiveDifference(a, b))).toEqual(new Set([...left].filter((p) => !under(p))));
        expect(isEmpty(a)).toBe(left.size === 0);
        for (const p of two) expect(hasPath(a, p)).toBe(left.has(text(p)));
      }),
    );
  });

  it('are read back from what they are written as', () => {
    fc.assert(
      fc.property(list, (one) => {
        const a = setOfAll(one);
        const read = readFieldSet(JSON.parse(JSON.stringify(a)));
        expect(sameSet(read, a)).toBe(true);
        expect(readFieldSet(read)).toBe(read);
        expect(union(a, read)).toEqual(a);
      }),
    );
  });
});

describe('FieldsV1 from elsewhere', () => {
  it('is put in order, and made canonical', () => {
    const fields = {
      'f:b': {},
      'k:{"b":1,"a":"x"}': { '.': {} },
      'f:a': { '.': {}, 'f:x': null },
      'x:?': {},
    };
    const read = readFieldSet(fields);
    expect(JSON.stringify(read)).toBe(
      '{"f:a":{".":{},"f:x":{}},"f:b":{},"k:{\\"a\\":\\"x\\",\\"b\\":1}":{}}',
    );
  });
  it('is refused where it is none', () => {
    for (const bad of [{ x: {} }, { 'k:{': {} }, { 'i:x': {} }, { 'f:a': 'x' }, [], 'x']) {
      expect(() => readFieldSet(bad)).toThrow();
    }
    expect(readFieldSet(undefined)).toBe(EMPTY);
  });
});
