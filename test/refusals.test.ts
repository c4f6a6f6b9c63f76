import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, Up } from './support/up.ts';

const MAIN = resolve('dist/cli/main.js');

/** Runs a command that is to refuse: its exit code and what it says. */
function refused(...args: string[]): { exit: number | null; lines: string[] } {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { exit: status, lines: stderr.split('\n').filter((line) => line !== '') };
}

describe('bad input gets one clear line and exit code 1', () => {
  let up: Up;
  beforeAll(async () => {
    up = await Up.start();
  });
  afterAll(() => up?.remove());

  it('a flag that nobody knows', () => {
    expect(refused('apiserver', '--bogus=1')).toEqual({ exit: 1, lines: ['Error: unknown flag: --bogus'] });
  });

  it('a flag with a value that does not fit', () => {
    const { exit, lines } = refused('apiserver', '--secure-port=many');
    expect(exit).toBe(1);
    expect(lines).toEqual([
      'Error: invalid argument "many" for "--secure-port" flag: strconv.ParseInt: parsing "many": invalid syntax',
    ]);
  });

  it('a data folder in use by another process', async () => {
    const { exit, lines } = refused('up', '--data-dir', up.folder, '--port', String(await freePort()));
    expect(exit).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(up.folder);
  });

  it('a port in use', async () => {
    const blocker = createServer();
    const port = await new Promise<number>((done) =>
      blocker.listen(0, '127.0.0.1', () => done((blocker.address() as { port: number }).port)),
    );
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
    const { exit, lines } = refused('up', '--data-dir', folder, '--port', String(port));
    blocker.close();
    rmSync(folder, { recursive: true });
    expect(exit).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`failed to listen on 127.0.0.1:${port}: address already in use`);
  });

  it('a certificate that is none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
    cpSync(join(up.folder, 'pki'), join(folder, 'pki'), { recursive: true });
    writeFileSync(join(folder, 'pki', 'apiserver.crt'), 'nothing of the kind');
    const { exit, lines } = refused('up', '--data-dir', folder);
    expect(exit).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('apiserver.crt holds no PEM certificate');
    expect(readFileSync(join(folder, 'pki', 'apiserver.crt'), 'utf8')).toBe('nothing of the kind');
    rmSync(folder, { recursive: true });
  });

  it('a store that is damaged', async () => {
    const other = await Up.start();
    await other.end();
    const store = join(other.folder, 'store');
    const data = readdirSync(store)
      .map((name) => join(store, name))
      .sort((a, b) => statSync(b).size - statSync(a).size)[0]!;
    truncateSync(data, 5000);
    const before = readFileSync(data);
    const { exit, lines } = refused('up', '--data-dir', other.folder, '--port', String(other.port));
    expect(exit).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(store);
    expect(readFileSync(data).equals(before)).toBe(true);
    rmSync(other.folder, { recursive: true, force: true });
  });
});
