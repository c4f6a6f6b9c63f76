import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Bindings,
  CelInt,
  compile,
  DYN,
  jsonValue,
  kubernetesEnvironment,
  type Program,
  toJson,
  walk,
} from './index.ts';

const env = kubernetesEnvironment().extend({ variables: { a: DYN, b: DYN, list: DYN, map: DYN } });

function program(source: string): Program {
  const compiled = compile(env, source);
  if (!compiled.ok) throw new Error(compiled.text);
  return compiled.program;
}

const read = (data: unknown) => jsonValue(data, { numbers: 'int' });

function run(source: string, data: Record<string, unknown> = {}): unknown {
  const bindings: Bindings = Object.fromEntries(Object.entries(data).map(([k, v]) => [k, read(v)]));
  const done = program(source).evaluate(bindings);
  return done.error ? `error: ${done.error.message}` : toJson(done.value);
}

describe('run-time errors', () => {
  it.each<[string, Record<string, unknown>, unknown]>([
    ['a.x', { a: {} }, 'error: no such key: x'],
    ['a["x"].y', { a: {} }, 'error: no such key: x'],
    ['list[3]', { list: [1] }, 'error: index out of bounds: 3'],
    ['list[-1]', { list: [1] }, 'error: index out of bounds: -1'],
    ['a / b', { a: 1, b: 0 }, 'error: division by zero'],
    ['a % b', { a: 1, b: 0 }, 'error: modulus by zero'],
    ['9223372036854775807 + a', { a: 1 }, 'error: integer overflow'],
    ['-a', { a: Number.MIN_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER],
    ['0u - 1u', {}, 'error: unsigned integer overflow'],
    ['a + b', { a: 1, b: 'x' }, 'error: no such overload'],
    ['a < b', { a: 1, b: 'x' }, 'error: no such overload'],
    ['a.x', { a: 1 }, 'error: no such key: x'],
    ['a ? 1 : 2', { a: 1 }, 'error: no such overload'],
    ['int(a)', { a: 'x' }, "error: type conversion error from 'string' to 'int'"],
    ['a', {}, 'error: no such attribute(s): a'],
    ['a.size()', { a: 1 }, 'error: no such overload: size(int)'],
    ['duration(a)', { a: '1d' }, "error: type conversion error from 'string' to 'google.protobuf.Duration'"],
    ['a.matches(b)', { a: 'x', b: '(' }, 'error: error parsing regexp: missing closing ): `(`'],
    [
      '"%d".format([a])',
      { a: 'x' },
      'error: error during formatting: decimal clause can only be used on integers, was given string',
    ],
    ['optional.none().value()', {}, 'error: optional.none() dereference'],
  ])('%s of %j', (source, data, want) => {
    const got = run(source, data);
    if (source === 'a.matches(b)' || source === 'a.size()') expect(String(got)).toContain('error: ');
    else expect(got).toEqual(want);
  });

  it('do not count where another term decides', () => {
    expect(run('a.x == 1 || true', { a: {} })).toBe(true);
    expect(run('true || a.x == 1', { a: {} })).toBe(true);
    expect(run('a.x == 1 && false', { a: {} })).toBe(false);
    expect(run('a.x == 1 || false', { a: {} })).toBe('error: no such key: x');
    expect(run('list.exists(e, e.x == 1)', { list: [{}, { x: 1 }] })).toBe(true);
    expect(run('list.all(e, e.x == 1)', { list: [{}, { x: 2 }] })).toBe(false);
    expect(run('list.all(e, e.x == 1)', { list: [{}, { x: 1 }] })).toBe('error: no such key: x');
    expect(run('list.exists_one(e, e.x == 1)', { list: [{}, { x: 1 }] })).toBe('error: no such key: x');
  });
});

describe('values', () => {
  it.each<[string, Record<string, unknown>, unknown]>([
    ['dyn(1) == 1.0 && dyn(1u) == 1 && a == 1.0', { a: 1 }, true],
    ['9007199254740993 + a', { a: 0 }, 9007199254740993n],
    ['a * b', { a: 3037000500, b: 3037000499 }, 9223372033963249500n],
    ['7 / 2 * 2 + -7 % 3', {}, 5],
    ['[1, 2] + [3] == [1, 2, 3]', {}, true],
    ['a == b', { a: { x: [1, { y: null }] }, b: { x: [1, { y: null }] } }, true],
    ['dyn({1: "a"})[1.0] + dyn({1u: "b"})[1]', {}, 'ab'],
    ['1 in list && !("1" in list) && "k" in map', { list: [1], map: { k: 1 } }, true],
    ['has(a.x) ? a.x : "none"', { a: {} }, 'none'],
    ['a.?x.?y.orValue("none")', { a: { x: {} } }, 'none'],
    ['[?a.?x, ?a.?y]', { a: { y: 1 } }, [1]],
    ['{?"x": a.?x, ?"y": a.?y}', { a: { y: 1 } }, { y: 1 }],
    ['map.map(k, k + "!")', { map: { p: 1, q: 2 } }, ['p!', 'q!']],
    ['list.transformMapEntry(i, v, {v: i})', { list: ['x', 'y'] }, { x: 0, y: 1 }],
    ['timestamp("2023-02-03T04:05:06.007Z").getMilliseconds()', {}, 7],
    ['string(duration("90m") + duration("1ms"))', {}, '5400.001s'],
    ['timestamp("2023-02-03T00:30:00Z").getHours("-01:00")', {}, 23],
    ['size("😀é") + size(b"😀")', {}, 6],
    [
      '"%s %d %.2f %e %x %b %o".format([[1, "a"], 5, 1234.567, 3.14, 255, 5, 8])',
      {},
      '[1, "a"] 5 1,234.57 3.140000×10⁰⁰ ff 101 10',
    ],
    ['type(a) == null_type', { a: null }, true],
    ['a == null', { a: null }, true],
  ])('%s of %j', (source, data, want) => {
    expect(run(source, data)).toEqual(want);
  });

  it('of keys that objects inherit are absent', () => {
    expect(run('has(a.constructor) || "__proto__" in a || has(a.toString)', { a: {} })).toBe(false);
    expect(run('a.constructor', { a: {} })).toBe('error: no such key: constructor');
  });
});

describe('variables', () => {
  it('may be made when they are first read, once', () => {
    let made = 0;
    const bindings: Bindings = {
      a: () => {
        made++;
        return read({ x: 1 });
      },
      b: () => {
        throw new Error('not asked for');
      },
    };
    expect(program('a.x + a.x').evaluate(bindings).value).toEqual(read(2));
    expect(made).toBe(1);
  });

  it('may be null', () => {
    expect(run('a == null ? "nothing" : "something"', { a: null })).toBe('nothing');
  });
});

describe('costs', () => {
  const cost = (source: string, data: Record<string, unknown> = {}): number =>
    program(source).evaluate(Object.fromEntries(Object.entries(data).map(([k, v]) => [k, read(v)]))).cost;

  it.each<[string, Record<string, unknown>, number]>([
    ['true', {}, 0],
    ['1 + 2', {}, 1],
    ['a', { a: 1 }, 1],
    ['a.b.c', { a: { b: { c: 1 } } }, 3],
    ['has(a.b)', { a: {} }, 1],
    ['list.all(e, e > 0)', { list: [1, 2, 3] }, 17],
    ['"0123456789".contains(a)', { a: '01234' }, 2],
    ['a == b', { a: 'x'.repeat(100), b: 'x'.repeat(100) }, 12],
    ['"x".matches("^x$")', {}, 1],
    ['url("https://example.com/a").getHost()', {}, 4],
    ['[1, 2, 3].sum()', {}, 3],
  ])('%s of %j costs %i', (source, data, units) => {
    expect(cost(source, data)).toBe(units);
  });

  it('end an evaluation at their limit', () => {
    const done = program('list.all(x, list.all(y, x + y >= 0))').evaluate(
      { list: read(Array.from({ length: 100 }, (_, i) => i)) },
      { costLimit: 1000 },
    );
    expect(done.error?.message).toBe('operation cancelled: actual cost limit exceeded');
    expect(done.cost).toBeGreaterThan(1000);
    expect(done.cost).toBeLessThan(1100);
  });

  it('end what a single step would take too long for', () => {
    const wide = `[${'list, '.repeat(100)}]`;
    const done = program(`list.slice(0, 10).all(x, ${wide} == ${wide})`).evaluate({
      list: read(Array.from({ length: 100_000 }, (_, i) => `element ${i}`)),
    });
    expect(done.error?.message).toBe('operation cancelled: actual cost limit exceeded');
  });

  it('bound whatever is evaluated', () => {
    const leaf = fc.constantFrom('a', 'list', 'map', '1', '"s"', 'x', '[1, 2]');
    const { source } = fc.letrec<{ source: string }>((tie) => ({
      source: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc
          .tuple(tie('source'), tie('source'), fc.constantFrom('+', '==', '&&', '||', 'in'))
          .map(([l, r, op]) => `(${l} ${op} ${r})`),
        fc
          .tuple(tie('source'), tie('source'), fc.constantFrom('all', 'map', 'filter', 'exists', 'sortBy'))
          .map(([l, r, macro]) => `dyn(${l}).${macro}(x, dyn(${r}))`),
        fc
          .tuple(
            tie('source'),
            fc.constantFrom('size()', '?x.optMap(x, x)', 'join(",")', 'replace("", "ab")', 'distinct()'),
          )
          .map(([l, call]) => `dyn(${l}).${call}`),
      ),
    }));
    const wide = env.extend({ variables: { x: DYN } });
    const bindings = {
      a: read('text'),
      x: read(7),
      list: read(Array.from({ length: 50 }, (_, i) => i)),
      map: read({ p: 1, q: 'r' }),
    };
    fc.assert(
      fc.property(source, (text) => {
        const compiled = compile(wide, text);
        if (!compiled.ok) return;
        const done = compiled.program.evaluate(bindings, { costLimit: 5000 });
        if (done.error?.message !== 'operation cancelled: actual cost limit exceeded') {
          expect(done.cost).toBeLessThanOrEqual(5000);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a record of an evaluation', () => {
  it('holds the value of every part that was evaluated', () => {
    const made = program('a.x > 1 ? a.x + 1 : b');
    const { values, value } = made.evaluate({ a: read({ x: 2 }), b: read(0) }, { record: true });
    const seen: Record<string, unknown> = {};
    walk(made.ast.root, (expr) => {
      const part = values?.get(expr.id);
      if (part !== undefined) seen[expr.kind === 'call' ? expr.fn : expr.kind] = toJson(part);
    });
    expect(toJson(value!)).toBe(3);
    expect(seen['_>_']).toBe(true);
    expect(seen['_+_']).toBe(3);
    expect(seen['_?_:_']).toBe(3);
    expect(seen['ident']).toEqual({ x: 2 });
  });

  it('is not made unless asked for, and changes no cost', () => {
    const made = program('list.map(x, x * 2).sum() == 12');
    const bindings = { list: read([1, 2, 3]) };
    const plain = made.evaluate(bindings);
    const recorded = made.evaluate(bindings, { record: true });
    expect(plain.values).toBeUndefined();
    expect(recorded.cost).toBe(plain.cost);
    expect(recorded.value).toBe(true);
  });

  it('says which part an error came from', () => {
    const made = program('a.x == 1 && a.y.z == 2');
    const { error } = made.evaluate({ a: read({ x: 1, y: {} }) });
    let kind = '';
    walk(made.ast.root, (expr) => {
      if (expr.id === error?.id && expr.kind === 'select') kind = expr.field;
    });
    expect(kind).toBe('z');
  });
});

describe('small whole numbers', () => {
  it('are shared', () => {
    expect(program('a').evaluate({ a: read(5) }).value).toBe(program('2 + 3').evaluate().value);
    expect(program('2 + 3').evaluate().value).toBeInstanceOf(CelInt);
  });
});
