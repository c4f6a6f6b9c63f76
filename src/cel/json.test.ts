import { describe, expect, it } from 'vitest';
import {
  claimsValue,
  compile,
  DYN,
  jsonValue,
  kubernetesEnvironment,
  LazyMap,
  StringList,
  toJson,
} from './index.ts';
import type { CelValue } from './values.ts';

const env = kubernetesEnvironment().extend({ variables: { v: DYN } });

function run(source: string, v: CelValue): unknown {
  const compiled = compile(env, source);
  if (!compiled.ok) throw new Error(compiled.text);
  const done = compiled.program.evaluate({ v });
  return done.error ? `error: ${done.error.message}` : toJson(done.value);
}

describe('JSON as values', () => {
  it('has doubles only, or ints where numbers are whole', () => {
    expect(run('type(v.n) == double', jsonValue({ n: 1 }, { numbers: 'double' }))).toBe(true);
    expect(run('type(v.n) == int', jsonValue({ n: 1 }, { numbers: 'int' }))).toBe(true);
    expect(run('type(v.n) == double', jsonValue({ n: 1.5 }, { numbers: 'int' }))).toBe(true);
    expect(run('v.n', jsonValue({ n: 9007199254740993n }, { numbers: 'int' }))).toBe(9007199254740993n);
  });

  it('comes back as it was', () => {
    const data = { a: [1, 'x', null, { b: true }], __proto__x: 2 };
    expect(toJson(jsonValue(data, { numbers: 'int' }))).toBe(data);
    expect(run('{"a": v.a, "c": dyn([v.a[0] + 1])}', jsonValue(data, { numbers: 'int' }))).toEqual({
      a: data.a,
      c: [2],
    });
    const odd = JSON.parse('{"__proto__": {"x": 1}}');
    expect(JSON.stringify(run('v.map(k, k)', jsonValue(odd, { numbers: 'int' })))).toBe('["__proto__"]');
    expect(JSON.stringify(run('{"__proto__": 1}', null))).toBe('{"__proto__":1}');
  });

  it('is not copied: only what is read is looked at', () => {
    const data = new Proxy({ wanted: 1, other: 2 } as Record<string, number>, {
      get(target, name) {
        if (name === 'other') throw new Error('read');
        return target[name as string];
      },
    });
    expect(run('v.wanted', jsonValue(data, { numbers: 'int' }))).toBe(1);
  });
});

describe('claims', () => {
  it('may be named escaped, at any depth', () => {
    const claims = claimsValue({ 'kubernetes.io': { 'service-account': { name: 'n' } }, a__b: 1, plain: 2 });
    expect(run('v.kubernetes__dot__io.service__dash__account.name', claims)).toBe('n');
    expect(run('v["kubernetes.io"]["service-account"].name', claims)).toBe('n');
    expect(run('v.plain', claims)).toBe(2);
    expect(run('v.kubernetes__constructor__io', claims)).toBe(
      'error: no such key: kubernetes__constructor__io',
    );
  });
});

describe('maps made when they are read', () => {
  it('make each value once', () => {
    let made = 0;
    const value = new LazyMap(new Map([['x', () => ++made]]));
    expect(run('v.x + v.x', value)).toBe(2);
    expect(made).toBe(1);
  });
});

describe('lists of strings that are no JSON', () => {
  it.each(['"a,b".split(",")', '"a1b2".findAll("[0-9]")'])('%s', (source) => {
    const compiled = compile(env, source);
    if (!compiled.ok) throw new Error(compiled.text);
    expect(compiled.program.evaluate().value).toBeInstanceOf(StringList);
  });
  it('are lists for everything else', () => {
    expect(run('v.map(x, x + "!") + v', new StringList(['a']))).toEqual(['a!', 'a']);
  });
});

describe('results', () => {
  it.each<[string, unknown]>([
    ['duration("90s")', '90s'],
    ['timestamp("2024-01-02T03:04:05.6Z")', '2024-01-02T03:04:05.6Z'],
    ['b"AB"', 'QUI='],
    ['optional.of(1)', 1],
    ['optional.none()', null],
    ['type(1)', 'int'],
    ['{1: "a", true: "b"}', undefined],
    ['18446744073709551615u', 18446744073709551615n],
  ])('%s', (source, want) => {
    if (want === undefined) expect(compile(env, source).ok).toBe(false);
    else expect(run(source, null)).toEqual(want);
  });
});
