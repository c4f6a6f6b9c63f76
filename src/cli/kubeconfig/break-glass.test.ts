import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, NOW, temporaryFolder, upFolder } from '../../pki/fixtures/folders.ts';
import { readCertificates } from '../../pki/issued-certificate.ts';
import { clientCertificateOf } from '../../pki/kubeconfig-credentials.ts';
import { KubeconfigFile } from '../../pki/kubeconfig-file.ts';
import type { Terminal } from '../certs/terminal.ts';
import { appendDurably, breakGlass } from './break-glass.ts';

describe('sallyport kubeconfig break-glass', () => {
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
    await upFolder(folder);
  });
  afterEach(() => remove());

  const out = () => join(folder, 'out.kubeconfig');
  const list = () => join(folder, 'pki', 'break-glass.json');
  const flags = (more: object = {}) => ({
    dataDir: folder,
    ttl: 3_600_000,
    reason: 'RBAC is gone',
    out: out(),
    ...more,
  });
  const parts = { clock: () => NOW, append: appendDurably };

  it('notes it durably before it hands it out', async () => {
    let order = '';
    await breakGlass(flags(), terminal, {
      clock: () => NOW,
      append: (path, line) => {
        order = existsSync(out()) || existsSync(list()) ? 'too late' : 'before';
        appendDurably(path, line);
      },
    });
    expect(order).toBe('before');
    const log = readFileSync(join(folder, 'pki', 'break-glass.log'), 'utf8');
    expect(log.endsWith('\n')).toBe(true);
    const event = JSON.parse(log);
    expect(event.annotations['sallyport/break-glass-reason']).toBe('RBAC is gone');
    const { certificates } = JSON.parse(readFileSync(list(), 'utf8'));
    expect(certificates).toHaveLength(1);
    expect(certificates[0]).toMatchObject({ reason: 'RBAC is gone', auditId: event.auditID });
    expect(statSync(out()).mode & 0o777).toBe(0o600);
    const file = KubeconfigFile.read(out());
    const user = file.context(file.currentContext)!.user;
    const certificate = readCertificates(clientCertificateOf(file, user)!.certificate!)[0]!;
    expect(certificate.subject).toBe(`O=system:masters\nCN=${user}`);
    expect(Date.parse(certificate.validTo)).toBe(NOW + 3_600_000);
    expect(said + log + readFileSync(list(), 'utf8')).not.toMatch(/PRIVATE KEY|LS0tLS1/);
  });

  it('hands nothing out where it cannot be noted', async () => {
    const noted = join(folder, 'nowhere', 'audit.log');
    await expect(breakGlass(flags({ auditLogPath: noted }), terminal, parts)).rejects.toThrow(
      /audit\.log cannot be written \(ENOENT\), so nothing is issued/,
    );
    expect(existsSync(out())).toBe(false);
    writeFileSync(list(), 'not a list');
    await expect(breakGlass(flags(), terminal, parts)).rejects.toThrow('is no list of certificates');
    expect(existsSync(out())).toBe(false);
    expect(readFileSync(list(), 'utf8')).toBe('not a list');
  });

  it.each([
    [{ reason: ' ' }, 'say why by --reason'],
    [{ ttl: 2 * DAY }, 'an emergency lasts 24h at most'],
  ])('refuses %o', async (more, message) => {
    await expect(breakGlass(flags(more), terminal, parts)).rejects.toThrow(message);
    expect(existsSync(list())).toBe(false);
  });

  it('keeps those that have expired on the list until they are pruned', async () => {
    await breakGlass(flags(), terminal, parts);
    await breakGlass(flags({ ttl: 7_200_000, out: join(folder, 'second') }), terminal, parts);
    const later = { ...parts, clock: () => NOW + 5_400_000 };
    const { folderExpirations } = await import('../../pki/expiration.ts');
    const { sallyportLayout } = await import('../../pki/certificate-layout.ts');
    const listed = () =>
      folderExpirations(sallyportLayout(folder)).filter(({ kind }) => kind === 'break-glass');
    expect(listed()).toHaveLength(2);
    await breakGlass(flags({ prune: true }), terminal, later);
    expect(said).toContain('1 expired ones are off the list, 1 are still good');
    expect(listed()).toHaveLength(1);
  });
});
