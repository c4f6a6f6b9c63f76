import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, NOW, temporaryFolder, upFolder } from '../../pki/fixtures/folders.ts';
import { expiryOf, readCertificates, readPrivateKey } from '../../pki/issued-certificate.ts';
import { clientCertificateOf } from '../../pki/kubeconfig-credentials.ts';
import { KubeconfigFile } from '../../pki/kubeconfig-file.ts';
import type { Terminal } from '../certs/terminal.ts';
import { meant, renewKubeconfig } from './renew.ts';

describe('sallyport kubeconfig renew', () => {
  let folder: string;
  let remove: () => void;
  let said = '';
  const terminal: Terminal = {
    write: (text) => {
      said += text;
    },
    tell: () => {},
    interactive: false,
    progress: false,
    ask: async () => false,
  };
  beforeEach(async () => {
    ({ folder, remove } = temporaryFolder());
    said = '';
    await upFolder(folder, { age: 400, caAge: 500 });
  });
  afterEach(() => remove());

  const admin = () => join(folder, 'admin.kubeconfig');
  const flags = (more: object = {}) => ({ ttl: 30 * DAY, timeout: 1000, ...more });
  const renew = (path: string, more: object = {}) => renewKubeconfig(path, flags(more), terminal, () => NOW);
  const shown = (path: string, user = 'kubernetes-admin') =>
    clientCertificateOf(KubeconfigFile.read(path), user)!;

  it('renews an expired one from the CA in a folder', async () => {
    await renew(admin(), { dataDir: folder });
    expect(expiryOf(readCertificates(shown(admin()).certificate!)[0]!)).toBe(NOW + 30 * DAY);
    expect(said).toContain('kubernetes-admin: renewed until Jul 01, 2030 12:00 UTC');
    expect(said).not.toMatch(/PRIVATE KEY|LS0tLS1/);
  });

  it('says of an expired one without a CA, and of system:masters, who can renew it', async () => {
    await expect(renew(admin())).rejects.toThrow('Renew it from the CA: --data-dir or --cert-dir');
    await expect(renew(admin(), { dataDir: folder, ttl: 9000 * DAY })).rejects.toThrow('the CA ends first');
    await expect(renew(admin(), { dataDir: folder, context: 'x' })).rejects.toThrow('has no context x');
  });

  it('changes nothing with --dry-run', async () => {
    const before = readFileSync(admin(), 'utf8');
    await renew(admin(), { dataDir: folder, dryRun: true });
    expect(readFileSync(admin(), 'utf8')).toBe(before);
    expect(said).toContain('would be renewed until');
  });

  it('renews files beside a kubeconfig, also one that has both as kubelet keeps them', async () => {
    const { certificate, key } = shown(admin());
    writeFileSync(join(folder, 'both.pem'), `${certificate}${key}`, { mode: 0o600 });
    const path = join(folder, 'kubelet.conf');
    const text =
      'users: [{name: u, user: {client-certificate: both.pem, client-key: both.pem}}]\ncontexts: [{name: c, context: {user: u, cluster: x}}]\ncurrent-context: c\n';
    writeFileSync(path, text);
    await renew(path, { dataDir: folder, rotateKeys: true });
    expect(readFileSync(path, 'utf8')).toBe(text);
    const now = shown(path, 'u');
    const renewed = readCertificates(now.certificate!)[0]!;
    expect(expiryOf(renewed)).toBe(NOW + 30 * DAY);
    expect(renewed.checkPrivateKey(readPrivateKey(now.key!))).toBe(true);
    expect(now.key).not.toContain(key!.split('\n')[1]);
    expect(statSync(join(folder, 'both.pem')).mode & 0o777).toBe(0o600);
  });

  it('takes a file, or whose certificate: by the entry or by the name that it bears', () => {
    expect(meant(undefined, [admin()])).toEqual({ path: admin() });
    expect(meant(admin(), [])).toEqual({ path: admin() });
    expect(meant('kubernetes-admin', [join(folder, 'none'), admin()])).toEqual({
      path: admin(),
      user: 'kubernetes-admin',
    });
    const other = join(folder, 'other');
    writeFileSync(
      other,
      readFileSync(admin(), 'utf8').replaceAll('- name: kubernetes-admin\n  user:', '- name: me\n  user:'),
    );
    expect(meant('kubernetes-admin', [other])).toEqual({ path: other, user: 'me' });
    expect(() => meant('nobody', [admin()])).toThrow(
      'there is neither a file nobody, nor a user of that name',
    );
  });
});
