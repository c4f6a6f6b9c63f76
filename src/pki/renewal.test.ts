import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sallyportLayout } from './certificate-layout.ts';
import { DAY, NOW, temporaryFolder, upFolder } from './fixtures/folders.ts';
import { readFolder } from './folder-certificates.ts';
import { KubeconfigFile } from './kubeconfig-file.ts';
import { renewAuthority } from './renew-authority.ts';
import { applyChanges, leftBehind, planRenewal, type RenewalPlan } from './renewal.ts';

const OPTIONS = { validityMs: 365 * DAY, now: NOW, rotateKeys: false, allowShorter: false };

describe('renewing the certificates of a folder', () => {
  let folder: string;
  let remove: () => void;
  beforeEach(() => {
    ({ folder, remove } = temporaryFolder());
  });
  afterEach(() => remove());

  const layout = () => sallyportLayout(folder);
  const slot = (name: string) => layout().certificates.find((one) => one.name === name)!;
  const read = (name: string): string => readFileSync(join(folder, 'pki', name), 'utf8');
  const plan = (name: string, more: object = {}): Promise<RenewalPlan> =>
    planRenewal(layout(), slot(name), { ...OPTIONS, ...more });
  async function renew(name: string, more: object = {}): Promise<string | undefined> {
    const made = await plan(name, more);
    if (made.kind !== 'renew') throw new Error(JSON.stringify(made));
    return applyChanges(made.changes, layout(), NOW);
  }
  const problems = () => readFolder(layout()).certificates.map(({ problem }) => problem);

  it('keeps subject, names, usages and key, and backs the old one up', async () => {
    await upFolder(folder, { age: 730, caAge: 730 });
    const [before, key] = [new X509Certificate(read('apiserver.crt')), read('apiserver.key')];
    chmodSync(join(folder, 'pki', 'apiserver.crt'), 0o640);
    const backup = await renew('apiserver');
    const after = new X509Certificate(read('apiserver.crt'));
    expect(read('apiserver.key')).toBe(key);
    expect([after.subject, after.subjectAltName, after.keyUsage]).toEqual([
      before.subject,
      before.subjectAltName,
      before.keyUsage,
    ]);
    expect(after.serialNumber).not.toBe(before.serialNumber);
    expect(Date.parse(after.validTo)).toBe(NOW + 365 * DAY);
    expect(after.verify(new X509Certificate(read('ca.crt')).publicKey)).toBe(true);
    expect(statSync(join(folder, 'pki', 'apiserver.crt')).mode & 0o777).toBe(0o640);
    expect(new X509Certificate(readFileSync(join(backup!, 'pki', 'apiserver.crt'))).serialNumber).toBe(
      before.serialNumber,
    );
    expect(readdirSync(join(folder, 'pki')).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('makes a new key where it is told to, and only then', async () => {
    await upFolder(folder);
    const key = read('apiserver.key');
    await renew('apiserver', { rotateKeys: true });
    expect(read('apiserver.key')).not.toBe(key);
    expect(problems()).toEqual([undefined, undefined, undefined]);
  });

  it('renews what a kubeconfig embeds, and leaves the rest of it as it is', async () => {
    await upFolder(folder, { age: 730, caAge: 730 });
    const path = join(folder, 'admin.kubeconfig');
    writeFileSync(path, `# mine\n${readFileSync(path, 'utf8')}unknown: {kept: true}\n`);
    const before = KubeconfigFile.read(path);
    await renew('admin.kubeconfig');
    const after = KubeconfigFile.read(path);
    const user = (file: KubeconfigFile) => file.value('users', 'kubernetes-admin')!;
    expect(user(after)['client-key-data']).toBe(user(before)['client-key-data']);
    expect(user(after)['client-certificate-data']).not.toBe(user(before)['client-certificate-data']);
    expect(after.text).toContain('# mine');
    expect(after.document.toJS()).toMatchObject({ unknown: { kept: true } });
    expect(problems()).toEqual([undefined, undefined, undefined]);
  });

  it('heals a certificate whose key is another one, and one of another CA', async () => {
    await upFolder(folder);
    writeFileSync(join(folder, 'pki', 'apiserver.key'), read('front-proxy-client.key'));
    expect(problems()[1]).toContain('is not the key of');
    await renew('apiserver');
    expect(problems()[1]).toBeUndefined();
    writeFileSync(join(folder, 'pki', 'apiserver.crt'), read('front-proxy-client.crt'));
    writeFileSync(join(folder, 'pki', 'apiserver.key'), read('front-proxy-client.key'));
    expect(problems()[1]).toContain('it was not issued by ca');
  });

  it('refuses a CA that is external, has expired, or ends first', async () => {
    await upFolder(folder, { caDays: 100 });
    expect(await plan('apiserver')).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('its CA ca expires first, on 2030-09-09'),
    });
    const shorter = await plan('apiserver', { allowShorter: true });
    expect(shorter).toMatchObject({ kind: 'renew', shortened: true, notAfter: NOW + 100 * DAY });
    expect(await plan('apiserver', { now: NOW + 101 * DAY })).toMatchObject({
      reason: expect.stringContaining('its CA ca has itself expired, on 2030-09-09'),
    });
    rmSync(join(folder, 'pki', 'ca.key'));
    expect(await plan('apiserver')).toMatchObject({
      reason: expect.stringMatching(/its CA ca is external: .*ca\.key is not here/),
    });
    writeFileSync(join(folder, 'pki', 'ca.key'), read('front-proxy-ca.key'));
    expect(await plan('apiserver')).toMatchObject({
      reason: expect.stringMatching(/ca\.key is not the key of the certificate/),
    });
  });

  it('says of what is missing or broken that it is', async () => {
    await upFolder(folder);
    rmSync(join(folder, 'pki', 'apiserver.crt'));
    writeFileSync(join(folder, 'pki', 'front-proxy-client.crt'), 'nonsense');
    expect(await plan('apiserver')).toMatchObject({ kind: 'missing' });
    expect(await plan('front-proxy-client')).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/front-proxy-client\.crt: it holds no certificate in PEM/),
    });
  });

  it('writes nothing where something is in the way, and says what', async () => {
    await upFolder(folder);
    const before = read('apiserver.crt');
    const made = await plan('apiserver');
    if (made.kind !== 'renew') throw new Error('not planned');
    const nowhere = { path: join(folder, 'pki', 'apiserver.key', 'x'), content: '', mode: 0o600 };
    expect(() => applyChanges([...made.changes, nowhere], layout(), NOW)).toThrow(/nothing was changed/);
    expect(read('apiserver.crt')).toBe(before);
    expect(existsSync(layout().backups)).toBe(false);
  });

  it('renews a CA with its key, so that what it issued still counts', async () => {
    await upFolder(folder, { age: 10, caDays: 20, caAge: 30 });
    const authority = layout().authorities[0]!;
    const { changes, notAfter } = await renewAuthority(authority, { now: NOW, validityMs: 3650 * DAY });
    applyChanges(changes, layout(), NOW);
    expect(notAfter).toBe(NOW + 3650 * DAY);
    const ca = new X509Certificate(read('ca.crt'));
    expect(ca.ca).toBe(true);
    expect(ca.subject).toBe('CN=kubernetes');
    const leaf = new X509Certificate(read('apiserver.crt'));
    expect(leaf.checkIssued(ca) && leaf.verify(ca.publicKey)).toBe(true);
    expect(problems()[0]).toContain('it trusts another authority');
  });

  it('knows what belongs together', async () => {
    await upFolder(folder);
    const twin = { ...slot('apiserver'), name: 'twin', set: 'apiserver' };
    const both = { ...layout(), certificates: [...layout().certificates, twin] };
    expect(leftBehind(both, both.certificates)).toEqual([]);
    expect(leftBehind(both, [both.certificates[1]!]).map(({ slot }) => slot.name)).toEqual(['twin']);
  });
});
