import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CachedObject, objectForm } from './cached-object.ts';
import { SortedObjects } from './sorted-objects.ts';

const form = objectForm('Thing', 'v1');
const object = (path: string): CachedObject => new CachedObject(form, path, 1, new Uint8Array());
const paths = (objects: Iterable<CachedObject>): string[] => [...objects].map((o) => o.path);

describe('SortedObjects', () => {
  it('agrees with a sorted array over any changes, and so do copies made on the way', () => {
    const path = fc
      .tuple(fc.constantFrom('a', 'a-b', 'b', 'c'), fc.integer({ min: 0, max: 2000 }))
      .map(([namespace, n]) => `${namespace}/${n}`);
    const change = fc.record({ path, kind: fc.constantFrom('set', 'set', 'set', 'delete', 'copy') });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3000, size: 'max' }), path, (changes, after) => {
        const sorted = new SortedObjects();
        const model = new Set<string>();
        const copies: [SortedObjects, string[]][] = [];
        for (const { path, kind } of changes) {
          if (kind === 'set') sorted.set(object(path));
          if (kind === 'set') model.add(path);
          if (kind === 'delete') sorted.delete(path);
          if (kind === 'delete') model.delete(path);
          if (kind === 'copy' && copies.length < 5) copies.push([sorted.snapshot(), [...model].sort()]);
        }
        copies.push(
          [sorted, [...model].sort()],
          [SortedObjects.of([...model].sort().map(object)), [...model].sort()],
        );
        for (const [copy, expected] of copies) {
          expect(copy.size).toBe(expected.length);
          for (const prefix of ['', 'a/', 'a-b/', 'b/', 'c/', 'd/']) {
            for (const behind of [undefined, after, 'zzz', '0']) {
              const wanted = expected.filter(
                (p) => p.startsWith(prefix) && (behind === undefined || p > behind),
              );
              expect(paths(copy.from(prefix, behind))).toEqual(wanted);
              expect(paths(copy.slice(prefix, behind))).toEqual(wanted);
              expect(copy.count(prefix, behind)).toBe(wanted.length);
            }
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
