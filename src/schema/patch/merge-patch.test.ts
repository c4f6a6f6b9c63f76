import { describe, expect, it } from 'vitest';
import { applyMergePatch } from './merge-patch.ts';
import type { PatchResult } from './patch-result.ts';

const object = { data: { a: '1', b: '2' }, metadata: { labels: { l: '1' } }, list: [1, null] };
const patched = (patch: unknown, from: Record<string, unknown> = object): unknown => {
  const result = applyMergePatch(from, JSON.stringify(patch));
  return result.ok ? result.object : result.error.status;
};
const message = (result: PatchResult): unknown =>
  result.ok ? undefined : [result.error.code, result.error.message];

describe('merge patch', () => {
  it('sets and unsets', () => {
    expect(patched({ data: { b: null, z: '26' }, metadata: { labels: null } })).toEqual({
      ...object,
      data: { a: '1', z: '26' },
      metadata: {},
    });
    expect(patched({})).toEqual(object);
  });

  it('follows the examples of RFC 7386', () => {
    const examples: [Record<string, unknown>, unknown, unknown][] = [
      [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
      [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
      [{ a: 'b' }, { a: null }, {}],
      [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
      [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
      [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
      [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
      [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
      [{ e: null }, { a: 1 }, { e: null, a: 1 }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ];
    for (const [from, patch, to] of examples) expect(patched(patch, from)).toEqual(to);
  });

  it('refuses what is no object', () => {
    const cases: [string, string][] = [
      ['null', 'Invalid JSON Patch'],
      [
        '[]',
        'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
      ],
      [
        '"x"',
        'error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}',
      ],
      ['{"data":', 'error decoding patch: unexpected end of JSON input'],
      ['{a', "error decoding patch: invalid character 'a' looking for beginning of object key string"],
    ];
    for (const [text, why] of cases) expect(message(applyMergePatch(object, text))).toEqual([400, why]);
    expect(message(applyMergePatch(object, '{', 'Ignore'))).toEqual([400, 'Invalid JSON Patch']);
  });

  it('tells of repeated fields unless they are ignored', () => {
    const text = '{"metadata":{"labels":{"a":"1","a":"2"}},"data":{"k":"1"},"data":{"k":"2"}}';
    const result = applyMergePatch(object, text);
    expect(result).toMatchObject({
      ok: true,
      strictErrors: ['duplicate field "metadata.labels.a"', 'duplicate field "data"'],
    });
    expect(applyMergePatch(object, text, 'Ignore')).toMatchObject({ strictErrors: [] });
  });

  it('leaves the object and every prototype alone', () => {
    const before = JSON.stringify(object);
    const result = applyMergePatch(object, '{"__proto__":{"polluted":1},"data":{"constructor":"x"}}');
    expect(({} as any).polluted).toBeUndefined();
    expect(JSON.stringify(object)).toBe(before);
    expect(result.ok && JSON.stringify(result.object)).toContain('"__proto__":{"polluted":1}');
    expect(result.ok && (result.object as any).data.constructor).toBe('x');
  });

  it('refuses texts that nest without end', () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(message(applyMergePatch(object, deep))).toEqual([400, 'error decoding patch: exceeded max depth']);
  });
});
