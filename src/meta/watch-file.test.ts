import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchFile } from './watch-file.ts';

describe('watchFile', () => {
  let folder: string;
  let stop: () => void;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'watch-'));
  });
  afterEach(() => {
    stop();
    rmSync(folder, { recursive: true });
  });

  const change = (path: string, make: () => void): Promise<void> =>
    new Promise((done) => {
      stop = watchFile(path, done);
      make();
    });

  it('notices what is written', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, '1');
    await expect(change(path, () => writeFileSync(path, '2'))).resolves.toBeUndefined();
  });

  it('notices a file that is put in its place', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, '1');
    const moved = change(path, () => {
      writeFileSync(join(folder, 'fresh'), '2');
      renameSync(join(folder, 'fresh'), path);
    });
    await expect(moved).resolves.toBeUndefined();
  });

  it('notices the link that a mounted ConfigMap turns', async () => {
    for (const [version, content] of [
      ['..1', '1'],
      ['..2', '2'],
    ] as const) {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'a'), content);
    }
    symlinkSync('..1', join(folder, '..data'));
    symlinkSync('..data/a', join(folder, 'a'));
    const turned = change(join(folder, 'a'), () => {
      symlinkSync('..2', join(folder, '..fresh'));
      renameSync(join(folder, '..fresh'), join(folder, '..data'));
    });
    await expect(turned).resolves.toBeUndefined();
  });

  it('notices a file that was not there', async () => {
    const path = join(folder, 'a');
    await expect(change(path, () => writeFileSync(path, '1'))).resolves.toBeUndefined();
  });
});
