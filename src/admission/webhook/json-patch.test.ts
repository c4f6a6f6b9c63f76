import { describe, expect, it } from 'vitest';
import { applyOperations, type PatchOperation } from './json-patch.ts';

const document = { data: { a: '1', 'x/y~z': 2 }, list: [1, 2, 3], none: null };

describe('JSON patches of webhooks and policies', () => {
  it.each<[PatchOperation[], unknown]>([
    [[{ op: 'add', path: '/data/b', value: 'n' }], { ...document, data: { ...document.data, b: 'n' } }],
    [[{ op: 'add', path: '/list/-', value: 4 }], { ...document, list: [1, 2, 3, 4] }],
    [[{ op: 'add', path: '/list/0', value: 0 }], { ...document, list: [0, 1, 2, 3] }],
    [[{ op: 'remove', path: '/list/-1' }], { ...document, list: [1, 2] }],
    [
      [{ op: 'replace', path: '/data/x~1y~0z', value: 3 }],
      { ...document, data: { ...document.data, 'x/y~z': 3 } },
    ],
    [
      [{ op: 'move', from: '/list/0', path: '/data/first' }],
      { ...document, list: [2, 3], data: { ...document.data, first: 1 } },
    ],
    [[{ op: 'copy', from: '/data', path: '/copy' }], { ...document, copy: document.data }],
    [
      [
        { op: 'test', path: '/none', value: null },
        { op: 'remove', path: '/none' },
      ],
      { data: document.data, list: document.list },
    ],
  ])('%j', (operations, expected) => {
    expect(applyOperations(document, operations)).toEqual({ ok: true, document: expected });
  });

  it.each<[PatchOperation, string]>([
    [
      { op: 'remove', path: '/data/zzz' },
      "error in remove for path: '/data/zzz': Unable to remove nonexistent key: zzz: missing value",
    ],
    [
      { op: 'add', path: '/no/such', value: 1 },
      'add operation does not apply: doc is missing path: "/no/such": missing value',
    ],
    [
      { op: 'replace', path: '/data/q', value: 1 },
      'replace operation does not apply: doc is missing key: /data/q: missing value',
    ],
    [
      { op: 'add', path: '/list/9', value: 1 },
      "error in add for path: '/list/9': Unable to access invalid index: 9: invalid index referenced",
    ],
    [{ op: 'test', path: '/data/a', value: '2' }, 'testing value /data/a failed: test failed'],
    [{ op: 'fly', path: '/' }, 'Unexpected kind: fly'],
  ])('%j fails', (operation, error) => {
    expect(applyOperations(document, [operation])).toEqual({ ok: false, error });
  });

  it('leaves the document as it was, and no prototype is touched', () => {
    applyOperations(document, [{ op: 'remove', path: '/data' }]);
    expect(document.data.a).toBe('1');
    const result = applyOperations({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]);
    expect(result.ok).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('bounds what copies add up to', () => {
    const double = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/list', path: '/list/-' }));
    expect(applyOperations({ list: [1] }, double)).toMatchObject({ ok: false });
  });
});
