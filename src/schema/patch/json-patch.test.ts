import { describe, expect, it } from 'vitest';
import { applyJsonPatch, MAX_OPERATIONS } from './json-patch.ts';

const object = { data: { a: '1', b: '2' }, list: ['x', 'y', 'z'], none: null, 'a/b': { 'm~n': 1 } };

/** The patched object, or code and message of the refusal. */
function patched(operations: unknown, from: Record<string, unknown> = object): unknown {
  const before = JSON.stringify(from);
  const result = applyJsonPatch(
    from,
    typeof operations === 'string' ? operations : JSON.stringify(operations),
  );
  expect(JSON.stringify(from)).toBe(before);
  return result.ok ? result.object : [result.error.code, result.error.message];
}
const REJECTED = [422, 'the server rejected our request due to an error in our request'];

describe('JSON patch', () => {
  it('adds, replaces, removes, copies, moves and tests', () => {
    const operations = [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'add', path: '/data/c', value: '3' },
      { op: 'replace', path: '/data/b', value: 'two' },
      { op: 'copy', from: '/data/c', path: '/data/d' },
      { op: 'move', from: '/data/a', path: '/data/e' },
      { op: 'remove', path: '/none' },
      { op: 'add', path: '/list/1', value: 'new' },
      { op: 'add', path: '/list/-', value: 'last' },
      { op: 'remove', path: '/list/0' },
      { op: 'replace', path: '/list/-1', value: 'end' },
      { op: 'test', path: '/a~1b/m~0n', value: 1 },
    ];
    expect(patched(operations)).toEqual({
      data: { b: 'two', c: '3', d: '3', e: '1' },
      list: ['new', 'y', 'z', 'end'],
      'a/b': { 'm~n': 1 },
    });
    expect(patched([])).toEqual(object);
    expect(patched('null')).toEqual(object);
  });

  it('has the ways of kube-apiserver', () => {
    expect(patched([{ op: 'replace', path: '/data/none', value: '1' }])).toMatchObject({
      data: { none: '1' },
    });
    expect(patched([{ op: 'add', path: 'data/x', value: 1 }])).toMatchObject({ x: 1 });
    expect(patched([{ op: 'copy', from: '/data/zz', path: '/data/x' }])).toMatchObject({ data: { x: null } });
    expect(patched([{ op: 'test', path: '/data/zz', value: null }])).toEqual(object);
    expect(patched([{ op: 'add', path: '/data/x' }])).toMatchObject({ data: { x: null } });
    expect(patched([{ op: 'replace', path: '', value: { a: 1 } }])).toEqual({ a: 1 });
    expect(patched([{ op: 'test', path: '', value: object }])).toEqual(object);
    expect(patched([{ op: 'add', path: '/list/+1', value: 0 }])).toMatchObject({ list: ['x', 0, 'y', 'z'] });
  });

  it('rejects as a whole what does not apply', () => {
    const cases: unknown[] = [
      { op: 'test', path: '/data/a', value: 'no' },
      { op: 'remove', path: '/data/none' },
      { op: 'add', path: '/nowhere/x', value: 1 },
      { op: 'add', path: '/none/x', value: 1 },
      { op: 'add', path: '', value: {} },
      { op: 'add', path: 'x', value: {} },
      { op: 'spread', path: '/data/b' },
      { path: '/data/b' },
      { op: 'add' },
      { op: 'move', path: '/data/b' },
      { op: 'move', from: '/data/zz', path: '/data/b' },
      { op: 'add', path: '/list/4', value: 1 },
      { op: 'add', path: '/list/-5', value: 1 },
      { op: 'add', path: '/list/x', value: 1 },
      { op: 'replace', path: '/list/3', value: 1 },
      { op: 'replace', path: '', value: 5 },
      { op: 'remove', path: '/list/3' },
      { op: 'test', path: '/list/3', value: null },
      { op: 'test', path: '/data/a' },
      { op: 'copy', from: '/data/a/b', path: '/data/b' },
      null,
    ];
    for (const operation of cases) {
      expect(patched([{ op: 'add', path: '/data/q', value: 1 }, operation])).toEqual(REJECTED);
    }
    expect(applyJsonPatch(object, '[{"op":"x"}]')).toMatchObject({
      error: { status: { reason: 'Invalid', details: {} } },
    });
  });

  it('refuses what is no list of operations', () => {
    const cases: [string, string][] = [
      [
        '{"op":"add"}',
        'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
      ],
      [
        '["x"]',
        'error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp',
      ],
      [
        '[{"op":1}]',
        'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string',
      ],
      ['[{', 'error decoding patch: unexpected end of JSON input'],
      ['', 'error decoding patch: unexpected end of JSON input'],
    ];
    for (const [text, why] of cases) expect(patched(text)).toEqual([400, why]);
    const ignored = applyJsonPatch(object, '{}', 'Ignore');
    expect(!ignored.ok && ignored.error.message).toBe(
      'json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    );
  });

  it('tells of unknown and repeated fields of operations', () => {
    expect(applyJsonPatch(object, '[{"op":"add","path":"/x","path":"/y","value":1,"why":2}]')).toMatchObject({
      ok: true,
      strictErrors: ['json patch duplicate field "[0].path"', 'json patch unknown field "[0].why"'],
    });
  });

  it('has limits', () => {
    const many = Array.from({ length: MAX_OPERATIONS + 1 }, () => ({
      op: 'test',
      path: '/none',
      value: null,
    }));
    expect(patched(many)).toEqual([
      413,
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    ]);
    const copies = Array.from({ length: 4 }, () => ({ op: 'copy', from: '/big', path: '/copy' }));
    expect(patched(copies, { big: 'x'.repeat(1_000_000) })).toEqual(REJECTED);
  });

  it('keeps a copy apart from what it was copied from', () => {
    const operations = [
      { op: 'add', path: '/data/deep', value: { x: 1 } },
      { op: 'copy', from: '/data/deep', path: '/data/other' },
      { op: 'add', path: '/data/deep/y', value: 2 },
    ];
    expect(patched(operations)).toMatchObject({ data: { deep: { x: 1, y: 2 }, other: { x: 1 } } });
  });

  it('leaves prototypes alone', () => {
    expect(patched([{ op: 'add', path: '/__proto__/polluted', value: 1 }])).toEqual(REJECTED);
    expect(patched([{ op: 'add', path: '/data/constructor/x', value: 1 }])).toEqual(REJECTED);
    patched([{ op: 'add', path: '/__proto__', value: { polluted: 1 } }]);
    expect(({} as any).polluted).toBeUndefined();
  });
});
