import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../src/storage/embedded/store.ts';

const rounds = 24;

// Writers that each create keys and count up one of their own; each answer is on the pipe before the next write begins.
const child = `
import { writeSync } from 'node:fs';
import { openEmbeddedStore } from '../../src/storage/embedded/store.ts';
const [folder, round] = process.argv.slice(2);
const store = await openEmbeddedStore({ folder, compactionIntervalMs: 15 });
const say = (line) => writeSync(1, line + '\\n');
const write = async (writer) => {
  const counter = '/registry/counters/' + writer;
  for (let i = 0; ; i++) {
    const key = '/registry/things/' + round + '-' + writer + '-' + i;
    const created = await store.put(key, Buffer.from(key + ' '.repeat(i % 50 === 0 ? 20000 : 200)), { expect: 0 });
    if (!created.ok) throw new Error(key + ' was there before');
    say('made ' + key + ' ' + created.revision);
    const read = await store.get(counter);
    const next = Number(read ? Buffer.from(read.value).toString() : 0) + 1;
    const counted = await store.put(counter, Buffer.from(String(next)), { expect: read?.revision ?? 0 });
    if (!counted.ok) throw new Error(counter + ' was written by another');
    say('counted ' + writer + ' ' + next);
    if (i % 3 === 0) {
      const gone = await store.delete(key, { expect: created.revision });
      if (!gone.ok) throw new Error(key + ' was not there');
      say('deleted ' + key + ' ' + gone.revision);
    }
  }
};
await Promise.all(Array.from({ length: 16 }, (_, writer) => write(writer)));
`;

describe('the embedded store under SIGKILL', () => {
  const built = join(import.meta.dirname, '..', '.cache', 'storage-crash');
  let folder: string;

  beforeAll(async () => {
    mkdirSync(built, { recursive: true });
    await build({
      stdin: { contents: child, resolveDir: built, sourcefile: 'writer.ts', loader: 'ts' },
      outfile: join(built, 'writer.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: ['lmdb'],
      logLevel: 'silent',
    });
    folder = mkdtempSync(join(tmpdir(), 'store-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(built, { recursive: true, force: true });
  });

  /** Runs writers until so many answers have been seen, and kills them in the middle of whatever they do. */
  async function crash(round: number, answers: number): Promise<string[]> {
    const writer: ChildProcess = spawn(process.execPath, [join(built, 'writer.mjs'), folder, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    for await (const line of createInterface({ input: writer.stdout! })) {
      lines.push(line);
      if (lines.length === answers) writer.kill('SIGKILL');
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
    expect(writer.signalCode).toBe('SIGKILL');
    return lines;
  }

  it(`has every acknowledged write after ${rounds} kills`, async () => {
    const made = new Map<string, number>();
    const deleted = new Map<string, number>();
    const counters = new Map<string, number>();
    let revision = 0;
    for (let round = 0; round < rounds; round++) {
      for (const line of await crash(round, 1 + round * 37)) {
        const [what, subject, number] = line.split(' ') as [string, string, string];
        if (what === 'counted') counters.set(subject, Number(number));
        else (what === 'made' ? made : deleted).set(subject, Number(number));
        if (what !== 'counted') revision = Math.max(revision, Number(number));
      }
      const store = await openEmbeddedStore({ folder });
      expect(await store.revision()).toBeGreaterThanOrEqual(revision);
      revision = await store.revision();
      const things = new Map((await store.range('/registry/things/')).values.map((v) => [v.key, v]));
      for (const [key, at] of made) {
        const found = things.get(key);
        if (deleted.has(key)) expect(found).toBeUndefined();
        // The deletion may have become durable without its answer being heard.
        else if (found) {
          expect(found.revision).toBe(at);
          expect(Buffer.from(found.value).toString().trimEnd()).toBe(key);
        } else expect(Number(key.split('-').at(-1)) % 3).toBe(0);
      }
      for (const [writer, count] of counters) {
        const found = Number(
          Buffer.from((await store.get(`/registry/counters/${writer}`))!.value).toString(),
        );
        expect(found).toBeGreaterThanOrEqual(count);
        expect(found).toBeLessThanOrEqual(count + 1);
        counters.set(writer, found);
      }
      await store.close();
    }
    expect(made.size).toBeGreaterThan(rounds);
  });
});
