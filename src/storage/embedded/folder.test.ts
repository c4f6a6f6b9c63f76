import { spawn } from 'node:child_process';
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
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreDamagedError, StoreFormatError, StoreInUseError } from './errors.ts';
import { thisProcess } from './owner.ts';
import { openEmbeddedStore } from './store.ts';

const value = (text: string): Uint8Array => Buffer.from(text);

describe('the folder of an embedded store', () => {
  let parent: string;
  let folder: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'store-'));
    folder = join(parent, 'store');
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  async function filled(): Promise<void> {
    const store = await openEmbeddedStore({ folder });
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => store.put(`/registry/things/${i}`, value(`${i}`.repeat(200)))),
    );
    await store.close();
  }

  const contents = (): Map<string, string> =>
    new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file)).toString('base64')]));

  /** Opening it is refused, and every file is as it was. */
  async function expectDamaged(words: RegExp): Promise<void> {
    const before = contents();
    const error = await openEmbeddedStore({ folder }).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(StoreDamagedError);
    expect((error as Error).message).toContain(folder);
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message).not.toContain('\n');
    expect(contents()).toEqual(before);
  }

  it('is its owner’s alone', async () => {
    await filled();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
  });

  it('keeps values, revisions and history over a restart', async () => {
    const first = await openEmbeddedStore({ folder });
    const one = await first.put('/registry/a', value('1'));
    const two = await first.put('/registry/a', value('2'));
    await first.put('/registry/b', value('b'));
    const gone = await first.delete('/registry/b');
    await first.close();
    const again = await openEmbeddedStore({ folder });
    expect(await again.revision()).toBe(gone.ok && gone.revision);
    expect(await again.get('/registry/a')).toMatchObject({ revision: two.ok && two.revision });
    expect(Buffer.from((await again.get('/registry/a', one.ok ? one.revision : 0))!.value).toString()).toBe(
      '1',
    );
    expect(await again.get('/registry/b')).toBeUndefined();
    const next = await again.put('/registry/b', value('b'), { expect: 0 });
    expect(next.ok && next.revision).toBe(gone.ok && gone.revision + 1);
    await again.close();
  });

  it('keeps what has been compacted compacted, and goes on where a compaction was cut off', async () => {
    const first = await openEmbeddedStore({ folder });
    for (let i = 0; i < 10; i++) await first.put('/registry/a', value(String(i)));
    const at = await first.revision();
    await first.compact(at);
    await first.close();
    const again = await openEmbeddedStore({ folder });
    await expect(again.get('/registry/a', at - 1)).rejects.toThrow(/compacted/);
    expect(Buffer.from((await again.get('/registry/a', at))!.value).toString()).toBe('9');
    await again.close();
  });

  it('compacts by itself, keeping at least one interval of history', async () => {
    const store = await openEmbeddedStore({ folder, compactionIntervalMs: 50 });
    const first = await store.put('/registry/a', value('1'));
    await store.put('/registry/a', value('2'));
    const at = first.ok ? first.revision : 0;
    let compacted = false;
    for (let i = 0; i < 200 && !compacted; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      compacted = await store.get('/registry/a', at).then(
        () => false,
        () => true,
      );
    }
    expect(compacted).toBe(true);
    expect(Buffer.from((await store.get('/registry/a'))!.value).toString()).toBe('2');
    await store.close();
  });

  it('drops a key whose time was over while nobody had the store open', async () => {
    let now = 1_700_000_000_000;
    const clock = { now: () => now, monotonic: () => performance.now() };
    const first = await openEmbeddedStore({ folder, clock });
    await first.put('/registry/events/a', value('a'), { ttlSeconds: 3600 });
    await first.put('/registry/events/b', value('b'), { ttlSeconds: 7200 });
    await first.close();
    now += 3601_000;
    const again = await openEmbeddedStore({ folder, clock });
    const gone = new Promise<string>((resolve, reject) => {
      again.watch('/registry/events/', 3, {
        events: (events) => resolve(events[0]!.key),
        progress: () => undefined,
        failed: reject,
      });
    });
    expect(await gone).toBe('/registry/events/a');
    expect((await again.range('/registry/events/')).values.map((v) => v.key)).toEqual(['/registry/events/b']);
    await again.close();
  });

  it('refuses a key that is too long, and that alone', async () => {
    const store = await openEmbeddedStore({ folder });
    const results = await Promise.allSettled([
      store.put('/registry/a', value('a')),
      store.put(`/registry/${'x'.repeat(2000)}`, value('b')),
      store.put(`/registry/${'y'.repeat(1968)}`, value('c')),
    ]);
    expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await store.range('/registry/')).values).toHaveLength(2);
    await store.close();
  });

  it('is refused to a second opener in the same process, in one line', async () => {
    const store = await openEmbeddedStore({ folder });
    await expect(openEmbeddedStore({ folder })).rejects.toThrow(`store ${folder} is in use by this process`);
    await store.close();
    await (await openEmbeddedStore({ folder })).close();
  });

  it('is refused while another process lives, and taken from one that is gone', async () => {
    await filled();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const pid = other.pid!;
    const started = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19];
    writeFileSync(join(folder, 'owner.json'), JSON.stringify({ ...thisProcess(), pid, started }));
    const refused = openEmbeddedStore({ folder });
    await expect(refused).rejects.toBeInstanceOf(StoreInUseError);
    await expect(refused).rejects.toThrow(`store ${folder} is in use by process ${pid}`);
    // The same number given to a later process is not the owner.
    writeFileSync(join(folder, 'owner.json'), JSON.stringify({ ...thisProcess(), pid, started: '1' }));
    await (await openEmbeddedStore({ folder })).close();
    writeFileSync(join(folder, 'owner.json'), JSON.stringify({ ...thisProcess(), pid, started }));
    const ended = new Promise((resolve) => other.on('exit', resolve));
    other.kill('SIGKILL');
    await ended;
    await (await openEmbeddedStore({ folder })).close();
  });

  it('takes no writes any more once another process has taken the folder over', async () => {
    const store = await openEmbeddedStore({ folder });
    await store.put('/registry/a', value('1'));
    const { open } = await import('lmdb');
    const root = open({ path: folder, overlappingSync: false, encoding: 'binary', keyEncoding: 'binary' });
    const meta = root.openDB('meta', { encoding: 'json', keyEncoding: 'ordered-binary', useVersions: true });
    await meta.put('owner', thisProcess(), 1);
    await expect(store.put('/registry/a', value('2'))).rejects.toThrow(/taken over by another process/);
    await expect(store.ping()).rejects.toThrow(/taken over/);
    expect(Buffer.from((await store.get('/registry/a'))!.value).toString()).toBe('1');
    await store.close();
  });

  it('is damaged when its data file is gone, empty or cut short', async () => {
    await filled();
    const saved = join(parent, 'saved');
    cpSync(folder, saved, { recursive: true });
    const file = join(folder, 'data.mdb');
    const { size } = statSync(file);
    rmSync(file);
    await expectDamaged(/missing or empty/);
    writeFileSync(file, '');
    await expectDamaged(/missing or empty/);
    for (const part of [0.02, 0.3, 0.5, 0.8]) {
      cpSync(join(saved, 'data.mdb'), file);
      truncateSync(file, Math.floor(size * part));
      await expectDamaged(/cut short/);
    }
  });

  it('is damaged when bytes of it have changed', async () => {
    await filled();
    const file = join(folder, 'data.mdb');
    const sound = readFileSync(file);
    const changed = (change: (bytes: Buffer) => void): void => {
      const bytes = Buffer.from(sound);
      change(bytes);
      writeFileSync(file, bytes);
    };
    changed((bytes) => bytes.fill('garbage', 0, 4096));
    await expectDamaged(/header/);
    changed((bytes) => bytes.fill('garbage', 4096, 8192));
    await expectDamaged(/header/);
    changed((bytes) => bytes.write('8', bytes.indexOf('7'.repeat(200)) + 100));
    await expectDamaged(/checksum/);
    changed((bytes) => bytes.fill(0, 8192, 8192 * 8));
    await expectDamaged(/page|checksum/);
    writeFileSync(file, 'not a store at all');
    await expectDamaged(/cut short|header/);
    writeFileSync(file, sound);
    await (await openEmbeddedStore({ folder })).close();
  });

  it('is refused where its format is unknown or it is another program’s', async () => {
    await filled();
    writeFileSync(join(folder, 'store.json'), '{"format":2}');
    await expect(openEmbeddedStore({ folder })).rejects.toThrow(
      /its format is 2, this version reads format 1/,
    );
    writeFileSync(join(folder, 'store.json'), 'nonsense');
    await expectDamaged(/store.json is not JSON/);
    const foreign = join(parent, 'foreign');
    const { open } = await import('lmdb');
    const root = open({ path: foreign, overlappingSync: false, encoding: 'binary', keyEncoding: 'binary' });
    await root.openDB('log', { encoding: 'binary' }).put('key', Buffer.from('value'));
    await root.close();
    await expect(openEmbeddedStore({ folder: foreign })).rejects.toThrow(Error);
    const refused = openEmbeddedStore({ folder: foreign });
    await expect(refused).rejects.toSatisfy(
      (e) => e instanceof StoreFormatError || e instanceof StoreDamagedError,
    );
  });
});
