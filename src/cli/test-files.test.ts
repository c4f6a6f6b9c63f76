import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { testFiles } from './test-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'deep', 'er'), { recursive: true });
for (const name of [
  'b.test.yaml',
  'a.test.yml',
  'rbac.yaml',
  'deep/c.test.json',
  'deep/er/d.test.yaml',
  'd[1].test.yaml',
])
  writeFileSync(join(folder, name), '');
const found = (...given: string[]): string[] =>
  testFiles(given.map((name) => join(folder, name))).map((path) => path.slice(folder.length + 1));

describe('testFiles', () => {
  it('are the files named, and those of folders by their names, each once', () => {
    expect(found('rbac.yaml', '.', 'b.test.yaml')).toEqual([
      'rbac.yaml',
      'a.test.yml',
      'b.test.yaml',
      'd[1].test.yaml',
      'deep/c.test.json',
      'deep/er/d.test.yaml',
    ]);
  });

  it('are what patterns fit', () => {
    expect(found('*.yaml')).toEqual(['b.test.yaml', 'd[1].test.yaml', 'rbac.yaml']);
    expect(found('**/*.test.yaml')).toEqual(['b.test.yaml', 'd[1].test.yaml', 'deep/er/d.test.yaml']);
    expect(found('?.test.y*')).toEqual(['a.test.yml', 'b.test.yaml']);
    expect(found('d[1].test.yaml')).toEqual(['d[1].test.yaml']);
  });

  it('have to be there', () => {
    mkdirSync(join(folder, 'none'));
    expect(() => found('none')).toThrow('no test files there');
    expect(() => found('*.toml')).toThrow('no test files there');
    expect(() => testFiles([])).toThrow('name test files');
  });
});
