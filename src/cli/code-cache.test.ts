import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadWithCodeCache } from './code-cache.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'code-cache-'));
  file = join(folder, 'bundle.cjs');
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const bundle = (hash: string, answer: string): string =>
  `// ${hash.repeat(16)}\nmodule.exports = { answer: () => require('node:path').join('${answer}', __dirname) };`;
const answerOf = (loaded: unknown): string => (loaded as { answer(): string }).answer();
const caches = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.cache'));

test('runs a bundle, keeps its code once it has started, and runs it from that', () => {
  writeFileSync(file, bundle('a', 'one'));
  expect(answerOf(loadWithCodeCache(file))).toBe(join('one', folder));
  expect(caches()).toEqual([]);
  vi.advanceTimersByTime(2000);
  expect(caches()).toHaveLength(1);
  const kept = readFileSync(join(folder, caches()[0]!));
  expect(answerOf(loadWithCodeCache(file))).toBe(join('one', folder));
  vi.advanceTimersByTime(2000);
  expect(readFileSync(join(folder, caches()[0]!)).equals(kept)).toBe(true);
});

test('takes no code of another bundle of the same length', () => {
  writeFileSync(file, bundle('a', 'one'));
  answerOf(loadWithCodeCache(file));
  vi.advanceTimersByTime(2000);
  writeFileSync(file, bundle('b', 'two'));
  expect(answerOf(loadWithCodeCache(file))).toBe(join('two', folder));
});

test('runs a bundle whose kept code cannot be used, and replaces it', () => {
  writeFileSync(file, bundle('c', 'three'));
  const cache = `${file}.${'c'.repeat(16)}-${process.version}-${process.arch}.cache`;
  writeFileSync(cache, 'no code');
  expect(answerOf(loadWithCodeCache(file))).toBe(join('three', folder));
  vi.advanceTimersByTime(2000);
  expect(readFileSync(cache).length).toBeGreaterThan(100);
});

test('throws where there is no bundle', () => {
  expect(() => loadWithCodeCache(file)).toThrow('ENOENT');
});
