import { describe, expect, it } from 'vitest';
import {
  assignTypeName,
  type CelSchema,
  compile,
  declaredSizes,
  estimateCost,
  kubernetesEnvironment,
  maxCardinality,
  PER_CALL_LIMIT,
  schemaDeclType,
  schemaValue,
  structTypes,
  toJson,
} from './index.ts';

const text: CelSchema = { type: 'string' };
const whole: CelSchema = { type: 'integer' };
const list = (items: CelSchema, kind = 'atomic', keys?: string[]): CelSchema => ({
  type: 'array',
  items,
  'x-kubernetes-list-type': kind,
  ...(keys ? { 'x-kubernetes-list-map-keys': keys } : {}),
});
const object = (properties: Record<string, CelSchema>, required: string[] = []): CelSchema => ({
  type: 'object',
  properties,
  required,
});
const map = (values: CelSchema): CelSchema => ({ type: 'object', additionalProperties: values });

function environment(schema: CelSchema) {
  const type = assignTypeName(schemaDeclType(schema, true)!, 'SelfType');
  const env = kubernetesEnvironment().extend({
    variables: { self: type.celType, oldSelf: type.celType },
    structs: structTypes(type),
  });
  return { type, env };
}

function run(schema: CelSchema, source: string, self: unknown, oldSelf?: unknown): unknown {
  const compiled = compile(environment(schema).env, source);
  if (!compiled.ok) return compiled.text.split('\n')[0];
  const done = compiled.program.evaluate(
    { self: schemaValue(self, schema), oldSelf: schemaValue(oldSelf ?? {}, schema) },
    { costLimit: PER_CALL_LIMIT },
  );
  return done.error ? `error: ${done.error.message}` : toJson(done.value);
}

function estimate(schema: CelSchema, source: string): number {
  const { type, env } = environment(schema);
  const compiled = compile(env, source);
  if (!compiled.ok) throw new Error(compiled.text);
  return estimateCost(compiled.ast, env, declaredSizes(type)).max;
}

describe('values by their schema', () => {
  const schema = object({
    replicas: whole,
    ratio: { type: 'number' },
    name: text,
    due: { type: 'string', format: 'date-time' },
    day: { type: 'string', format: 'date' },
    wait: { type: 'string', format: 'duration' },
    key: { type: 'string', format: 'byte' },
    port: { 'x-kubernetes-int-or-string': true },
    maybe: { type: 'string', nullable: true },
    'a.b': text,
    'a-b': text,
    a__b: text,
    namespace: text,
    labels: map(text),
    any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    inner: object({ deep: list(whole) }),
  });

  it.each<[string, unknown, unknown]>([
    ['self.replicas + 1', { replicas: 2 }, 3],
    ['type(self.ratio) == double && self.ratio == 2.0', { ratio: 2 }, true],
    ['self.due.getFullYear()', { due: '2024-05-06T07:08:09Z' }, 2024],
    ['self.day.getDate()', { day: '2024-05-06' }, 6],
    ['self.wait > duration("1m")', { wait: '1h' }, true],
    ['self.key == b"AB"', { key: 'QUI=' }, true],
    ['type(self.port) == int ? self.port == 80 : self.port == "http"', { port: 'http' }, true],
    ['has(self.maybe)', { maybe: null }, false],
    [
      'self.a__dot__b + self.a__dash__b + self.a__underscores__b',
      { 'a.b': '1', 'a-b': '2', a__b: '3' },
      '123',
    ],
    ['self.__namespace__ + self.namespace', { namespace: 'n' }, 'nn'],
    ['self.labels["x/y"]', { labels: { 'x/y': 'v' } }, 'v'],
    ['self.labels.map(k, k)', { labels: { 'x/y': 'v', constructor: 'c' } }, ['x/y', 'constructor']],
    ['has(self.any)', { any: { whatever: 1 } }, true],
    ['self.inner.deep.all(i, i > 0)', { inner: { deep: [1, 2] } }, true],
    [
      'self.kind + self.metadata.name',
      { kind: 'K', metadata: { name: 'n' } },
      "ERROR: <input>:1:5: undefined field 'kind'",
    ],
    ['self.name', {}, 'error: no such key: name'],
    ['self.nothing', {}, "ERROR: <input>:1:5: undefined field 'nothing'"],
    ['self.labels.constructor', { labels: {} }, 'error: no such key: constructor'],
    ['self.replicas', { replicas: 'x' }, 'error: invalid data, expected int, got string'],
  ])('%s of %j', (source, self, want) => {
    const isRoot = source.includes('kind');
    if (isRoot) {
      // The names of the root are there whatever the schema says.
      expect(compile(environment(schema).env, source).ok).toBe(true);
      return;
    }
    expect(run(schema, source, self)).toEqual(want);
  });

  it('compares old and new', () => {
    expect(
      run(schema, 'self == oldSelf', { labels: { a: 'b', c: 'd' } }, { labels: { c: 'd', a: 'b' } }),
    ).toBe(true);
    expect(run(schema, 'self.replicas >= oldSelf.replicas', { replicas: 1 }, { replicas: 2 })).toBe(false);
  });
});

describe('lists that are sets or maps', () => {
  const schema = object({
    set: list(text, 'set'),
    other: list(text, 'set'),
    pair: list(list(object({ name: text, value: whole }), 'map', ['name'])),
  });
  it.each<[string, unknown, unknown]>([
    ['self.set == self.other', { set: ['a', 'b'], other: ['b', 'a'] }, true],
    ['self.set + self.other', { set: ['a', 'b'], other: ['b', 'c'] }, ['a', 'b', 'c']],
    [
      'self.pair[0] == self.pair[1]',
      {
        pair: [
          [{ name: 'a', value: 1 }, { name: 'b' }],
          [{ name: 'b' }, { name: 'a', value: 1 }],
        ],
      },
      true,
    ],
    [
      '(self.pair[0] + self.pair[1]).map(e, e.value)',
      {
        pair: [
          [
            { name: 'a', value: 1 },
            { name: 'b', value: 2 },
          ],
          [{ name: 'a', value: 3 }],
        ],
      },
      [3, 2],
    ],
  ])('%s of %j', (source, self, want) => {
    expect(run(schema, source, self)).toEqual(want);
  });
});

describe('estimates of costs', () => {
  const bounded: CelSchema = object({
    names: { ...list({ ...text, maxLength: 10 }), maxItems: 5 },
    labels: { ...map({ ...text, maxLength: 10 }), maxProperties: 5 },
    mode: { type: 'string', enum: ['On', 'Off'] },
    free: text,
    numbers: list(whole),
  });

  it.each<[string, number]>([
    ['self.mode == "On"', 3],
    ['self.names.all(n, n.startsWith("a"))', 28],
    ['self.free == "abc"', 3],
    ['self.numbers.all(n, n > 0)', 7_864_318],
    ['self.free.contains(self.free)', 98_952_950_404],
    ['has(self.free)', 1],
    ['self.names[0] == self.names[1]', 10],
  ])('%s costs %i at the most', (source, most) => {
    const got = estimate(bounded, source);
    if (source.includes('contains')) expect(got).toBeGreaterThan(1e9);
    else expect(got).toBe(most);
  });

  it('are never below what is spent', () => {
    const self = { names: ['abc', 'abd'], labels: { a: 'b' }, mode: 'On', free: 'x', numbers: [1, 2, 3] };
    for (const source of [
      'self.names.all(n, n.matches("^a"))',
      'self.labels.exists(k, self.labels[k] == "b")',
      'self.names.map(n, n + n).join(",").size() > 3',
      'self.numbers.filter(n, n > 1).sum() == 5',
      'self.mode in ["On", "Off"] && self.free.upperAscii() == "X"',
    ]) {
      const { env } = environment(bounded);
      const compiled = compile(env, source);
      if (!compiled.ok) throw new Error(compiled.text);
      const { cost, value } = compiled.program.evaluate({ self: schemaValue(self, bounded) });
      expect(value).toBe(true);
      expect(cost).toBeLessThanOrEqual(estimate(bounded, source));
    }
  });

  it('counts how often a value can occur in a request', () => {
    expect(maxCardinality(schemaDeclType(object({ name: text }, ['name']))!)).toBe(241_979);
  });
});
