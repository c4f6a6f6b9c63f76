import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, NOW, temporaryFolder, upFolder } from '../../pki/fixtures/folders.ts';
import { type RecoverFlags, recover } from './recover.ts';
import type { Terminal } from './terminal.ts';

describe('sallyport certs recover', () => {
  let folder: string;
  let remove: () => void;
  let said = '';
  beforeEach(() => {
    ({ folder, remove } = temporaryFolder());
    said = '';
  });
  afterEach(() => remove());

  const terminal = (answers?: boolean[]): Terminal => ({
    write: (text) => {
      said += text;
    },
    tell: () => {},
    interactive: answers !== undefined,
    progress: false,
    ask: async () => answers!.shift() ?? false,
  });
  const flags = (more: Partial<RecoverFlags> = {}): RecoverFlags => ({
    dataDir: folder,
    within: 7 * DAY,
    validity: 365 * DAY,
    caValidity: 3650 * DAY,
    ...more,
  });
  const parts = { clock: () => NOW, wait: async () => {} };
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8');

  it('renews CAs, certificates and kubeconfigs in that order, and finds everything good', async () => {
    await upFolder(folder, { age: 400, caAge: 400, caDays: 390 });
    expect(await recover(flags({ yes: true }), terminal(), parts)).toBe(0);
    const steps = [...said.matchAll(/^Step \d of 4: (.*)$/gm)].map(([, title]) => title);
    expect(steps).toEqual([
      expect.stringContaining('renew the CA ca,'),
      expect.stringContaining('renew the CA front-proxy-ca,'),
      'renew apiserver, front-proxy-client',
      'renew the kubeconfigs admin.kubeconfig',
    ]);
    expect(said).toContain('Every certificate here is good, has its key, and was issued by its CA.');
    expect(said).toContain('No server answers at 127.0.0.1:1');
    said = '';
    expect(await recover(flags({ yes: true }), terminal(), parts)).toBe(0);
    expect(said).toContain('Nothing has to be renewed.');
  });

  it('asks before each step, and takes those alone that are agreed to', async () => {
    await upFolder(folder, { age: 400, caAge: 500 });
    const [certificate, kubeconfig] = [file('pki/apiserver.crt'), file('admin.kubeconfig')];
    expect(await recover(flags(), terminal([true, false]), parts)).toBe(1);
    expect(file('pki/apiserver.crt')).not.toBe(certificate);
    expect(file('admin.kubeconfig')).toBe(kubeconfig);
    expect(said).toContain('Left out.');
    expect(said).toContain('FAILED: admin.kubeconfig: it has expired');
  });

  it('does nothing where there is nobody to ask', async () => {
    await upFolder(folder, { age: 400, caAge: 500 });
    const before = file('pki/apiserver.crt');
    await expect(recover(flags(), terminal(), parts)).rejects.toThrow('--yes takes every step');
    expect(file('pki/apiserver.crt')).toBe(before);
  });

  it('says what it cannot do: without the key of a CA, and of what is not here', async () => {
    await upFolder(folder, { age: 400, caAge: 500 });
    rmSync(join(folder, 'pki', 'ca.key'));
    rmSync(join(folder, 'pki', 'front-proxy-client.crt'));
    expect(await recover(flags({ yes: true }), terminal(), parts)).toBe(1);
    expect(said).toMatch(/apiserver: NOT RENEWED, its CA ca is external/);
    expect(said).toContain('front-proxy-client is not here, so there was nothing to renew');
  });
});
