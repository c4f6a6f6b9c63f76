import { describe, expect, it } from 'vitest';
import { type Wait, WorkQueue } from './work-queue.ts';

/** Waits that end when the test says so. */
function handWait() {
  const waits: { ms: number; then: () => void; off: boolean }[] = [];
  const wait: Wait = (ms, then) => {
    const entry = { ms, then, off: false };
    waits.push(entry);
    return () => {
      entry.off = true;
    };
  };
  return {
    wait,
    waits,
    next(): number {
      const entry = waits.shift()!;
      if (!entry.off) entry.then();
      return entry.ms;
    },
  };
}

describe('a work queue', () => {
  it('works on a key once however often it is added', async () => {
    const seen: string[] = [];
    const queue = new WorkQueue({ handle: async (key) => void seen.push(key) });
    queue.add('a');
    queue.add('b');
    queue.add('a');
    queue.start();
    await queue.idle();
    expect(seen).toEqual(['a', 'b']);
  });

  it('works again on a key that was added meanwhile, and never twice at a time', async () => {
    let release = (): void => {};
    let running = 0;
    let most = 0;
    let times = 0;
    const queue = new WorkQueue({
      workers: 3,
      async handle() {
        most = Math.max(most, ++running);
        times++;
        if (times === 1) await new Promise<void>((done) => (release = done));
        running--;
      },
    });
    queue.start();
    queue.add('a');
    queue.add('a');
    queue.add('a');
    release();
    await queue.idle();
    expect([times, most]).toEqual([2, 1]);
  });

  it('tries again later and later, then gives up', async () => {
    const { wait, waits, next } = handWait();
    const failures: number[] = [];
    const queue = new WorkQueue({
      handle: () => Promise.reject(new Error('no')),
      failed: (_key, _error, attempt) => failures.push(attempt),
      maxAttempts: 4,
      wait,
    });
    queue.start();
    queue.add('a');
    const delays: number[] = [];
    for (let i = 0; i < 3; i++) {
      await queue.idle();
      delays.push(next());
    }
    await queue.idle();
    expect(delays).toEqual([5, 10, 20]);
    expect(failures).toEqual([1, 2, 3, 4]);
    expect(waits).toEqual([]);
  });

  it('forgets failures after a success', async () => {
    const { wait, next } = handWait();
    let fail = true;
    const queue = new WorkQueue({
      handle: () => (fail ? Promise.reject(new Error('no')) : Promise.resolve()),
      wait,
    });
    queue.start();
    queue.add('a');
    await queue.idle();
    expect(next()).toBe(5);
    await queue.idle();
    fail = false;
    expect(next()).toBe(10);
    await queue.idle();
    fail = true;
    queue.add('a');
    await queue.idle();
    expect(next()).toBe(5);
    await queue.stop();
  });

  it('ends what is in work before it stops, and begins nothing more', async () => {
    let release = (): void => {};
    let done = 0;
    const queue = new WorkQueue({
      async handle() {
        await new Promise<void>((finish) => (release = finish));
        done++;
      },
    });
    queue.start();
    queue.add('a');
    queue.add('b');
    const stopped = queue.stop();
    release();
    await stopped;
    queue.add('c');
    expect(done).toBe(1);
  });
});
