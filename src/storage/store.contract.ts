import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CompactedError,
  FutureRevisionError,
  type Store,
  type StoreEvent,
  type WriteResult,
} from './store.ts';

export interface StoreUnderTest {
  store: Store;
  /** A prefix that nothing else writes to, with a slash at its end. */
  prefix: string;
  end(): Promise<void>;
}

const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);

function revisionOf(result: WriteResult): number {
  if (!result.ok) throw new Error('the write was refused');
  return result.revision;
}

/** Collects a watch's events, to be waited for by number. */
class Collector {
  readonly events: StoreEvent[] = [];
  progressed = 0;
  error: Error | undefined;
  #changed: (() => void) | undefined;

  readonly watcher = {
    events: (events: readonly StoreEvent[]): void => {
      this.events.push(...events);
      this.#changed?.();
    },
    progress: (revision: number): void => {
      this.progressed = Math.max(this.progressed, revision);
      this.#changed?.();
    },
    failed: (error: Error): void => {
      this.error = error;
      this.#changed?.();
    },
  };

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

/** What every engine does alike; each engine's own test file calls this. */
export function describeStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the store's contract`, () => {
    let test: StoreUnderTest;
    let store: Store;
    let key: (name: string) => string;
    const ends: (() => void)[] = [];

    beforeEach(async () => {
      test = await make();
      store = test.store;
      key = (name) => `${test.prefix}${name}`;
    });
    afterEach(async () => {
      for (const end of ends.splice(0)) end();
      await test.end();
    });

    const watch = (after: number, prefix = test.prefix): Collector => {
      const collector = new Collector();
      ends.push(store.watch(prefix, after, collector.watcher));
      return collector;
    };

    it('creates, reads, updates and deletes under growing revisions', async () => {
      expect(await store.get(key('a'))).toBeUndefined();
      const created = revisionOf(await store.put(key('a'), bytes('1'), { expect: 0 }));
      expect(await store.get(key('a'))).toMatchObject({ revision: created, createRevision: created });
      const updated = await store.put(key('a'), bytes('2'), { expect: created });
      expect(updated).toMatchObject({ ok: true, previous: { revision: created } });
      const second = revisionOf(updated);
      expect(second).toBeGreaterThan(created);
      const read = await store.get(key('a'));
      expect(read).toMatchObject({ key: key('a'), revision: second, createRevision: created });
      expect(text(read?.value)).toBe('2');
      const gone = await store.delete(key('a'), { expect: second });
      expect(gone).toMatchObject({ ok: true, previous: { revision: second } });
      expect(revisionOf(gone)).toBeGreaterThan(second);
      expect(await store.get(key('a'))).toBeUndefined();
      expect(await store.revision()).toBeGreaterThanOrEqual(revisionOf(gone));
    });

    it('refuses a write whose expectation fails, and says what is there', async () => {
      const created = revisionOf(await store.put(key('a'), bytes('1'), { expect: 0 }));
      for (const expected of [0, created + 1, created - 1]) {
        const refused = await store.put(key('a'), bytes('x'), { expect: expected });
        expect(refused).toMatchObject({ ok: false, current: { revision: created } });
        expect(await store.delete(key('a'), { expect: expected })).toMatchObject({ ok: false });
      }
      expect(text((await store.get(key('a')))?.value)).toBe('1');
      expect(await store.put(key('b'), bytes('x'), { expect: created })).toEqual({ ok: false });
      expect(await store.delete(key('b'))).toEqual({ ok: false });
      expect(await store.put(key('a'), bytes('2'))).toMatchObject({ ok: true });
    });

    it('gives an object made again a new create revision', async () => {
      const first = revisionOf(await store.put(key('a'), bytes('1')));
      const deleted = revisionOf(await store.delete(key('a')));
      const second = revisionOf(await store.put(key('a'), bytes('2'), { expect: 0 }));
      expect((await store.get(key('a')))?.createRevision).toBe(second);
      expect(text((await store.get(key('a'), first))?.value)).toBe('1');
      expect(await store.get(key('a'), deleted)).toBeUndefined();
      expect(await store.get(key('a'), first - 1)).toBeUndefined();
    });

    it('keeps empty and large values', async () => {
      const large = Buffer.alloc(1_000_000, 'x');
      await store.put(key('empty'), bytes(''));
      await store.put(key('large'), large);
      expect((await store.get(key('empty')))?.value.length).toBe(0);
      expect(large.equals((await store.get(key('large')))!.value)).toBe(true);
    });

    it('reads a prefix in order, by pages, at one revision', async () => {
      const names = ['a', 'a-b', 'a.b', 'a/b', 'b', 'c/d', 'c/e'];
      for (const name of [...names].reverse()) await store.put(key(name), bytes(name));
      await store.put(`${test.prefix.slice(0, -1)}0`, bytes('a neighbour'));
      const all = await store.range(test.prefix);
      expect(all.values.map((v) => v.key)).toEqual(names.map(key));
      expect(all.remaining).toBe(0);
      expect((await store.range(key('c/'))).values.map((v) => text(v.value))).toEqual(['c/d', 'c/e']);
      const first = await store.range(test.prefix, { limit: 3 });
      expect(first.values.map((v) => v.key)).toEqual(names.slice(0, 3).map(key));
      expect(first.remaining).toBe(4);
      await store.put(key('a1'), bytes('later'));
      await store.delete(key('b'));
      await store.put(key('c/d'), bytes('changed'));
      const second = await store.range(test.prefix, { limit: 3, after: key('a.b'), at: first.revision });
      expect(second.values.map((v) => text(v.value))).toEqual(['a/b', 'b', 'c/d']);
      expect(second).toMatchObject({ remaining: 1, revision: first.revision });
      const now = await store.range(test.prefix, { after: key('a.b') });
      expect(now.values.map((v) => text(v.value))).toEqual(['a/b', 'later', 'changed', 'c/e']);
      expect((await store.range(key('nothing/'))).values).toEqual([]);
    });

    it('refuses revisions that are to come or compacted', async () => {
      const first = revisionOf(await store.put(key('a'), bytes('1')));
      const second = revisionOf(await store.put(key('a'), bytes('2')));
      const third = revisionOf(await store.put(key('a'), bytes('3')));
      await expect(store.get(key('a'), third + 1000)).rejects.toBeInstanceOf(FutureRevisionError);
      await expect(store.range(test.prefix, { at: third + 1000 })).rejects.toBeInstanceOf(
        FutureRevisionError,
      );
      await expect(store.compact(third + 1000)).rejects.toBeInstanceOf(FutureRevisionError);
      await store.compact(second);
      await expect(store.get(key('a'), first)).rejects.toBeInstanceOf(CompactedError);
      await expect(store.range(test.prefix, { at: first })).rejects.toBeInstanceOf(CompactedError);
      await expect(store.compact(second)).rejects.toBeInstanceOf(CompactedError);
      expect(text((await store.get(key('a'), second))?.value)).toBe('2');
      expect(text((await store.get(key('a')))?.value)).toBe('3');
      const late = watch(first - 1);
      await late.until(() => late.error !== undefined);
      expect(late.error).toBeInstanceOf(CompactedError);
      const kept = watch(second);
      await kept.until(() => kept.events.length === 1);
      expect(kept.events[0]).toMatchObject({ type: 'put', revision: third, previous: { revision: second } });
    });

    it('forgets deleted keys by compaction and nothing else', async () => {
      await store.put(key('kept'), bytes('kept'));
      await store.put(key('gone'), bytes('gone'));
      await store.delete(key('gone'));
      const at = revisionOf(await store.put(key('again'), bytes('1')));
      await store.delete(key('again'));
      await store.put(key('again'), bytes('2'));
      await store.compact(at);
      expect((await store.range(test.prefix)).values.map((v) => text(v.value))).toEqual(['2', 'kept']);
      expect((await store.range(test.prefix, { at })).values.map((v) => text(v.value))).toEqual([
        '1',
        'kept',
      ]);
      expect(revisionOf(await store.put(key('gone'), bytes('new'), { expect: 0 }))).toBeGreaterThan(at);
    });

    it('shows a watch the past behind its revision and then what comes, without gaps or repeats', async () => {
      const start = revisionOf(await store.put(key('a'), bytes('0')));
      const revisions: number[] = [];
      for (let i = 1; i <= 20; i++) revisions.push(revisionOf(await store.put(key('a'), bytes(String(i)))));
      const collector = watch(start);
      const writes = Array.from({ length: 30 }, (_, i) => store.put(key(`b${i}`), bytes('b')));
      revisions.push(...(await Promise.all(writes)).map(revisionOf));
      revisions.push(revisionOf(await store.delete(key('a'))));
      await store.put(`${test.prefix.slice(0, -1)}0/x`, bytes('a neighbour'));
      await collector.until(() => collector.events.length >= revisions.length);
      expect(collector.events.map((e) => e.revision)).toEqual(revisions.sort((a, b) => a - b));
      const values = collector.events.slice(0, 20).map((e) => [text(e.previous?.value), text(e.value)]);
      expect(values).toEqual(Array.from({ length: 20 }, (_, i) => [String(i), String(i + 1)]));
      const last = collector.events.at(-1)!;
      expect(last).toMatchObject({ type: 'delete', key: key('a') });
      expect(last.value).toBeUndefined();
      expect(text(last.previous?.value)).toBe('20');
      expect(collector.error).toBeUndefined();
    });

    it('tells a watch how far it is, and nothing more once it is ended', async () => {
      const start = await store.revision();
      const collector = watch(start, key('quiet/'));
      const ended = new Collector();
      store.watch(test.prefix, start, ended.watcher)();
      const elsewhere = revisionOf(await store.put(key('loud/a'), bytes('1')));
      store.requestProgress?.(key('quiet/'));
      await collector.until(() => collector.progressed >= elsewhere);
      expect(collector.events).toEqual([]);
      expect(ended.events).toEqual([]);
    });

    it('lets one of many writers through who expect the same revision', async () => {
      const created = revisionOf(await store.put(key('a'), bytes('0'), { expect: 0 }));
      const results = await Promise.all(
        Array.from({ length: 16 }, (_, i) => store.put(key('a'), bytes(String(i)), { expect: created })),
      );
      const winners = results.filter((r) => r.ok);
      expect(winners).toHaveLength(1);
      for (const loser of results)
        if (!loser.ok) expect(loser.current?.revision).toBe(revisionOf(winners[0]!));
    });

    it('counts without loss when many read, add and write under compare-and-set', async () => {
      await store.put(key('counter'), bytes('0'));
      const add = async (): Promise<void> => {
        for (let done = 0; done < 5; ) {
          const read = (await store.get(key('counter')))!;
          const next = String(Number(text(read.value)) + 1);
          if ((await store.put(key('counter'), bytes(next), { expect: read.revision })).ok) done++;
        }
      };
      await Promise.all(Array.from({ length: 8 }, add));
      expect(text((await store.get(key('counter')))?.value)).toBe('40');
    });

    it('drops a key when its time is over, and not one that was written again', async () => {
      const collector = watch(await store.revision());
      const short = revisionOf(await store.put(key('short'), bytes('s'), { ttlSeconds: 1 }));
      await store.put(key('renewed'), bytes('1'), { ttlSeconds: 1 });
      await store.put(key('renewed'), bytes('2'));
      await collector.until(() => collector.events.some((e) => e.type === 'delete'));
      const gone = collector.events.find((e) => e.type === 'delete')!;
      expect(gone).toMatchObject({ key: key('short'), previous: { revision: short } });
      expect(await store.get(key('short'))).toBeUndefined();
      expect(text((await store.get(key('renewed')))?.value)).toBe('2');
    });

    it('keeps a key for as long as its last write says', async () => {
      const collector = watch(await store.revision());
      await store.put(key('a'), bytes('1'), { ttlSeconds: 1 });
      const longer = revisionOf(await store.put(key('a'), bytes('2'), { ttlSeconds: 3 }));
      await store.put(key('b'), bytes('1'), { ttlSeconds: 1 });
      await collector.until(() => collector.events.some((e) => e.type === 'delete'));
      expect(collector.events.find((e) => e.type === 'delete')?.key).toBe(key('b'));
      expect((await store.get(key('a')))?.revision).toBe(longer);
      await collector.until(() => collector.events.filter((e) => e.type === 'delete').length === 2);
      expect(collector.events.at(-1)).toMatchObject({ key: key('a'), previous: { revision: longer } });
      const again = revisionOf(await store.put(key('a'), bytes('3'), { expect: 0 }));
      expect(await store.get(key('a'))).toMatchObject({ createRevision: again });
    });

    it('gives many keys in the order of their bytes, page by page', async () => {
      const names = Array.from({ length: 1500 }, (_, i) => `ns-${i % 7}/${(i * 7919) % 1500}`);
      names.push('a', 'a-', 'a.', 'a/', 'a0', 'A', 'é', 'ü/x', '~');
      for (let i = 0; i < names.length; i += 250)
        await Promise.all(names.slice(i, i + 250).map((name) => store.put(key(name), bytes(name))));
      const sorted = names.map(key).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await store.range(test.prefix)).values.map((v) => v.key)).toEqual(sorted);
      const found: string[] = [];
      let page = await store.range(test.prefix, { limit: 97 });
      const at = page.revision;
      for (;;) {
        found.push(...page.values.map((v) => v.key));
        expect(page.remaining).toBe(sorted.length - found.length);
        if (page.remaining === 0) break;
        page = await store.range(test.prefix, { limit: 97, after: found.at(-1)!, at });
        // What comes meanwhile is of a later revision.
        await store.put(key(`ns-0/later-${found.length}`), bytes('later'));
      }
      expect(found).toEqual(sorted);
      const exact = await store.range(key('ns-6/'), {
        limit: names.filter((n) => n.startsWith('ns-6/')).length,
      });
      expect(exact.remaining).toBe(0);
    });

    it('goes on with a live watch and pages that are new enough through a compaction', async () => {
      for (const name of ['a', 'b', 'c']) await store.put(key(name), bytes('1'));
      const page = await store.range(test.prefix, { limit: 1 });
      const live = watch(page.revision);
      const next = revisionOf(await store.put(key('a'), bytes('2')));
      await live.until(() => live.events.length === 1);
      await store.compact(page.revision);
      const rest = await store.range(test.prefix, { after: key('a'), at: page.revision });
      expect(rest.values.map((v) => v.key)).toEqual([key('b'), key('c')]);
      await store.compact(next);
      await expect(store.range(test.prefix, { after: key('a'), at: page.revision })).rejects.toBeInstanceOf(
        CompactedError,
      );
      const last = revisionOf(await store.delete(key('a')));
      await live.until(() => live.events.length === 2);
      expect(live.events.map((e) => e.revision)).toEqual([next, last]);
      expect(live.error).toBeUndefined();
    });

    it('tells a watch of a past that is large', async () => {
      const start = await store.revision();
      const value = (i: number): Uint8Array => Buffer.alloc(300_000, String(i % 10));
      for (let i = 0; i < 24; i++) await store.put(key(`large/${i % 3}`), value(i));
      const collector = watch(start, key('large/'));
      await collector.until(() => collector.events.length === 24);
      for (const [i, event] of collector.events.entries()) {
        expect(event.key).toBe(key(`large/${i % 3}`));
        expect(Buffer.compare(event.value!, value(i))).toBe(0);
        if (i >= 3) expect(Buffer.compare(event.previous!.value, value(i - 3))).toBe(0);
      }
    });

    it('agrees with a model over any sequence of writes, at every revision', async () => {
      const names = ['a', 'b', 'c/a', 'c/b'];
      const command = fc.record({
        name: fc.constantFrom(...names),
        kind: fc.constantFrom('create', 'update', 'put', 'delete', 'stale'),
      });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(command, { maxLength: 25 }),
          fc.integer({ min: 1, max: 6 }),
          async (commands, width) => {
            const base = `${test.prefix}run${run++}/`;
            const start = await store.revision();
            const collector = new Collector();
            const end = store.watch(base, start, collector.watcher);
            for (let i = 0; i < commands.length; i += width) {
              const known = new Map((await store.range(base)).values.map((v) => [v.key, v.revision]));
              await Promise.all(
                commands.slice(i, i + width).map(({ name, kind }, j) => {
                  const key = `${base}${name}`;
                  const value = bytes(`${i}-${j}`);
                  if (kind === 'create') return store.put(key, value, { expect: 0 });
                  if (kind === 'update') return store.put(key, value, { expect: known.get(key) ?? 0 });
                  if (kind === 'put') return store.put(key, value);
                  if (kind === 'delete') return store.delete(key);
                  return store.put(key, value, { expect: 1 });
                }),
              );
            }
            const final = await store.revision();
            store.requestProgress?.(base);
            await collector.until(
              () => collector.progressed >= final || collector.events.at(-1)?.revision === final,
            );
            end();
            // The events, played one after the other, give the range at each revision.
            const model = new Map<string, { value: string; revision: number; createRevision: number }>();
            let revision = start;
            for (const event of collector.events) {
              expect(event.revision).toBeGreaterThan(revision);
              revision = event.revision;
              const before = model.get(event.key);
              expect(event.previous?.revision).toBe(before?.revision);
              expect(text(event.previous?.value)).toBe(before?.value);
              if (event.type === 'delete') model.delete(event.key);
              else {
                const createRevision = before?.createRevision ?? revision;
                expect(event.createRevision).toBe(createRevision);
                model.set(event.key, { value: text(event.value)!, revision, createRevision });
              }
              const range = await store.range(base, { at: revision });
              const found = range.values.map((v) => [v.key, text(v.value), v.revision, v.createRevision]);
              const expected = [...model].map(
                ([k, v]) => [k, v.value, v.revision, v.createRevision] as const,
              );
              expect(found).toEqual(expected.sort((a, b) => (a[0] < b[0] ? -1 : 1)));
            }
            const now = await store.range(base);
            expect(now.values.map((v) => v.key)).toEqual([...model.keys()].sort());
          },
        ),
        { numRuns: 30 },
      );
    });

    it('says that it works, and refuses when it is closed', async () => {
      await store.ping();
      const collector = watch(await store.revision());
      await store.close();
      await expect(store.get(key('a'))).rejects.toThrow(/closed/);
      await expect(store.put(key('a'), bytes('1'))).rejects.toThrow(/closed/);
      await collector.until(() => collector.error !== undefined);
    });
  });
}
