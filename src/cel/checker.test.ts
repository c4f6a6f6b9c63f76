import { describe, expect, it } from 'vitest';
import {
  ANY,
  BOOL,
  compile,
  DYN,
  type EnvironmentOptions,
  formatType,
  INT,
  kubernetesEnvironment,
  listType,
  mapType,
  objectType,
  optionalType,
  STRING,
  UINT,
} from './index.ts';

const PERSON = objectType('Person');
const options: EnvironmentOptions = {
  variables: {
    user: PERSON,
    claims: mapType(STRING, ANY),
    raw: ANY,
    names: listType(STRING),
    counts: mapType(STRING, INT),
    any: DYN,
    maybe: optionalType(STRING),
  },
  structs: [
    {
      type: PERSON,
      field: (name) =>
        name === 'name' ? STRING : name === 'age' ? INT : name === 'friend' ? PERSON : undefined,
    },
  ],
};
const env = kubernetesEnvironment().extend(options);

function typeOf(source: string): string {
  const compiled = compile(env, source);
  return compiled.ok ? formatType(compiled.type) : compiled.text.split('\n')[0]!;
}

describe('types of expressions', () => {
  it.each([
    ['1 + 2', 'int'],
    ['user.friend.friend.age', 'int'],
    ['claims.a', 'any'],
    ['claims.a.b[0]', 'dyn'],
    ['any.b.c', 'dyn'],
    ['names.map(n, size(n))', 'list(int)'],
    ['counts.transformMap(k, v, string(v))', 'map(string, string)'],
    ['{"a": 1}', 'map(string, int)'],
    ['[]', 'list(dyn)'],
    ['[dyn(1), dyn("a")]', 'list(dyn)'],
    ['counts[?"a"]', 'optional_type(int)'],
    ['user.?name', 'optional_type(string)'],
    ['maybe.orValue("x")', 'string'],
    ['maybe.optMap(m, m.size())', 'optional_type(int)'],
    ['true ? 1 : any', 'dyn'],
    ['type(1)', 'type(int)'],
    ['names.filter(n, n != "").exists(n, n == user.name)', 'bool'],
    ['1u < 2', 'bool'],
    ['1 < 2.5', 'bool'],
    ['timestamp("2020-01-01T00:00:00Z") - timestamp("2019-01-01T00:00:00Z")', 'duration'],
    ['quantity("1").add(quantity("2"))', 'kubernetes.Quantity'],
  ])('%s is %s', (source, type) => {
    expect(typeOf(source)).toBe(type);
  });
});

describe('type errors', () => {
  it.each([
    ['usr.name', "1:1: undeclared reference to 'usr' (in container '')"],
    ['user.nam', "1:5: undefined field 'nam'"],
    ['user.name.x', "1:10: type 'string' does not support field selection"],
    ['has(user.nam)', "1:4: undefined field 'nam'"],
    ['user.age == "1"', "1:10: found no matching overload for '_==_' applied to '(int, string)'"],
    ['1 + "a"', "1:3: found no matching overload for '_+_' applied to '(int, string)'"],
    ['names + 1', "1:7: found no matching overload for '_+_' applied to '(list(string), int)'"],
    ['user.name.nothing()', "1:18: undeclared reference to 'nothing' (in container '')"],
    [
      'user.age.startsWith("a")',
      "1:20: found no matching overload for 'startsWith' applied to 'int.(string)'",
    ],
    ['size(1)', "1:5: found no matching overload for 'size' applied to '(int)'"],
    [
      'user.age.all(x, true)',
      "1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    [
      'raw.all(x, true)',
      "1:1: expression of type 'any' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    [
      'claims.a.all(x, true)',
      "1:7: expression of type 'any' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    ['names.all(n, n)', undefined],
    ['names.map(n, m)', "1:14: undeclared reference to 'm' (in container '')"],
    ['user.name ? 1 : 2', "1:11: found no matching overload for '_?_:_' applied to '(string, int, int)'"],
    ['true && 1', "1:9: expected type 'bool' but found 'int'"],
    ['[1, "a"]', "1:5: expected type 'int' but found 'string'"],
    ['{"a": 1, "b": "c"}', "1:15: expected type 'int' but found 'string'"],
    ['counts[1]', "1:7: found no matching overload for '_[_]' applied to '(map(string, int), int)'"],
    ['user[0]', "1:5: found no matching overload for '_[_]' applied to '(Person, int)'"],
    ['Nothing{}', "1:8: undeclared reference to 'Nothing' (in container '')"],
    ['Person{nam: ""}', "1:11: undefined field 'nam'"],
    ['Person{name: 1}', "1:12: expected type of field 'name' is 'string' but provided type is 'int'"],
    ['has(names)', '1:5: invalid argument to has() macro'],
    ['names.all(n.x, true)', '1:12: argument must be a simple name'],
    ['"a".matches(")")', '1:13: invalid matches argument'],
    ['duration("1d")', '1:10: invalid duration argument'],
    ['timestamp("never")', '1:11: invalid timestamp argument'],
    [
      '"%d".format(["a"])',
      '1:14: error during formatting: decimal clause can only be used on integers, was given string',
    ],
  ])('%s', (source, words) => {
    if (words === undefined) expect(compile(env, source).ok).toBe(false);
    else expect(typeOf(source)).toBe(`ERROR: <input>:${words}`);
  });

  it('are all reported, with their places marked', () => {
    const compiled = compile(env, 'a == 1 &&\n  b == 2');
    expect(compiled.ok ? '' : compiled.text).toBe(
      "ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a == 1 &&\n | ^\n" +
        "ERROR: <input>:2:3: undeclared reference to 'b' (in container '')\n |   b == 2\n | ..^",
    );
    expect(compiled.ok ? [] : compiled.issues.map(({ line, column }) => [line, column])).toEqual([
      [1, 0],
      [2, 2],
    ]);
  });
});

describe('versions of Kubernetes', () => {
  it.each([
    ['1 < 1.5', 27, 28],
    ['sets.contains([1], [1])', 28, 29],
    ['ip("1.2.3.4").family() == 4', 29, 30],
    ['format.dns1123Label().validate("a") == optional.none()', 30, 31],
    ['{"a": 1}.all(k, v, v > 0)', 31, 32],
    ['semver("1.2.3").major() == 1', 32, 33],
    ['[3, 1].sort() == [1, 3]', 33, 34],
  ])('%s came after 1.%i', (source, before, since) => {
    expect(compile(kubernetesEnvironment(before), source).ok).toBe(false);
    expect(compile(kubernetesEnvironment(since), source, { expectedTypes: [BOOL] }).ok).toBe(true);
  });
});

describe('an environment', () => {
  it('is not changed by what is made of it', () => {
    const wider = env.extend({ variables: { more: UINT } });
    expect(compile(wider, 'more > 1u && user.age > 1').ok).toBe(true);
    expect(compile(env, 'more > 1u').ok).toBe(false);
  });

  it('looks up names in its container first', () => {
    const inside = env.extend({ container: 'a.b', variables: { 'a.b.x': INT, 'a.x': STRING, x: BOOL } });
    expect(typeOf('1')).toBe('int');
    const found = (source: string): string => {
      const compiled = compile(inside, source);
      return compiled.ok ? formatType(compiled.type) : compiled.text;
    };
    expect(found('x')).toBe('int');
    expect(found('.x')).toBe('bool');
    expect(found('.a.x')).toBe('string');
  });
});
