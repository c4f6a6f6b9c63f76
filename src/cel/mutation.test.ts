import { describe, expect, it } from 'vitest';
import {
  APPLY_OBJECT_TYPE,
  ApplyObject,
  compile,
  DYN,
  JSON_PATCH,
  JSON_PATCH_TYPE,
  jsonValue,
  kubernetesEnvironment,
  listType,
  mutationTypes,
  toJson,
  typeNameFaults,
} from './index.ts';
import type { CelValue } from './values.ts';

const env = kubernetesEnvironment().extend({
  variables: { object: DYN },
  libraries: [JSON_PATCH],
  structResolver: mutationTypes,
});

function evaluate(source: string, object: unknown = {}): CelValue {
  const compiled = compile(env, source);
  if (!compiled.ok) throw new Error(compiled.text);
  const done = compiled.program.evaluate({ object: jsonValue(object, { numbers: 'int' }) });
  if (done.error) throw new Error(done.error.message);
  return done.value;
}

describe('objects to apply', () => {
  it.each<[string, unknown]>([
    ['Object{}', {}],
    ['Object{spec: Object.spec{replicas: 3}}', { spec: { replicas: 3 } }],
    [
      'Object{spec: Object.spec{template: Object.spec.template{containers: [Object.spec.template.containers{name: "a", args: ["-v"]}]}}}',
      { spec: { template: { containers: [{ name: 'a', args: ['-v'] }] } } },
    ],
    ['Object{metadata: Object.metadata{labels: {"a": object.name}}}', { metadata: { labels: { a: 'n' } } }],
    ['Object{?spec: object.?spec, ?name: object.?name}', { name: 'n' }],
    ['Object{list: [1, 2, 3]}.list.sum()', 6],
    ['Object{spec: Object.spec{replicas: 3}}.spec.replicas', 3],
    ['has(Object{a: 1}.a) && !has(Object{a: 1}.b)', true],
    ['Object{spec: Object.spec{n: 3}} == Object{spec: Object.spec{n: 1 + 2}}', true],
    ['Object{n: 3} == Object{n: 4}', false],
  ])('%s', (source, want) => {
    expect(toJson(evaluate(source, { name: 'n' }))).toEqual(want);
  });

  it('have types named for the way to them', () => {
    expect(compile(env, 'Object{}', { expectedTypes: [APPLY_OBJECT_TYPE] }).ok).toBe(true);
    expect(evaluate('Object{}')).toBeInstanceOf(ApplyObject);
    expect(typeNameFaults(evaluate('Object{spec: Object.spec{a: [Object.spec.a{}]}}'))).toEqual([]);
    expect(typeNameFaults(evaluate('Object{spec: Object.spec{selector: Object.spec.wrong{}}}'))).toEqual([
      'unexpected type name "Object.spec.wrong", expected "Object.spec.selector", which matches field name path from root Object type',
    ]);
  });
});

describe('operations of a JSON patch', () => {
  it.each<[string, unknown]>([
    ['[JSONPatch{op: "add", path: "/a", value: 3}]', [{ op: 'add', path: '/a', value: 3 }]],
    ['[JSONPatch{op: "remove", path: "/a"}]', [{ op: 'remove', path: '/a' }]],
    ['[JSONPatch{op: "move", from: "/a", path: "/b"}]', [{ op: 'move', from: '/a', path: '/b' }]],
    [
      '[JSONPatch{op: "add", path: "/labels/" + jsonpatch.escapeKey("a/b~c"), value: {"x": [1.5, 2.0]}}]',
      [{ op: 'add', path: '/labels/a~1b~0c', value: { x: [1.5, 2] } }],
    ],
    [
      '[JSONPatch{op: "add", path: "/a", value: 9007199254740993}]',
      [{ op: 'add', path: '/a', value: '9007199254740993' }],
    ],
    [
      '[JSONPatch{op: "add", path: "/a", value: Object.a{b: 1}}]',
      [{ op: 'add', path: '/a', value: { b: 1 } }],
    ],
    [
      'object.x > 1 ? [JSONPatch{op: "test", path: "/x", value: 2}] : []',
      [{ op: 'test', path: '/x', value: 2 }],
    ],
    ['has(JSONPatch{op: "add"}.value)', false],
    ['JSONPatch{op: "add", value: 1} == JSONPatch{op: "add", value: 1}', true],
  ])('%s', (source, want) => {
    expect(toJson(evaluate(source, { x: 2 }))).toEqual(want);
  });

  it.each([
    [
      'JSONPatch{op: 1}',
      "ERROR: <input>:1:13: expected type of field 'op' is 'string' but provided type is 'int'",
    ],
    [
      'JSONPatch{value: Invalid{}}',
      "ERROR: <input>:1:25: undeclared reference to 'Invalid' (in container '')",
    ],
    ["'x'", 'must evaluate to list(JSONPatch)'],
  ])('%s is refused', (source, words) => {
    const compiled = compile(env, source, { expectedTypes: [listType(JSON_PATCH_TYPE)] });
    expect(compiled.ok ? '' : compiled.text.split('\n')[0]).toBe(words);
  });

  it('judge what only the run can tell', () => {
    const compiled = compile(env, 'JSONPatch{op: object.x}');
    if (!compiled.ok) throw new Error(compiled.text);
    const done = compiled.program.evaluate({ object: jsonValue({ x: 2 }, { numbers: 'int' }) });
    expect(done.error?.message).toBe("unexpected type int64 for JSONPatchType 'op' field");
  });
});
