import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  dropChanges,
  nextPhase,
  type PhaseChanges,
  readRotations,
  reissueChanges,
  switchChanges,
  trustPhase,
  usersOfOld,
} from './ca-rotation.ts';
import { sallyportLayout } from './certificate-layout.ts';
import { DAY, NOW, temporaryFolder, upFolder } from './fixtures/folders.ts';
import { readFolder } from './folder-certificates.ts';
import { isIssuedBy, readCertificates } from './issued-certificate.ts';
import { replaceFile } from './replace-file.ts';

const OPTIONS = { now: NOW, caValidityMs: 3650 * DAY, validityMs: 365 * DAY, rotateKeys: false };

describe('exchanging a CA', () => {
  let folder: string;
  let remove: () => void;
  beforeEach(async () => {
    ({ folder, remove } = temporaryFolder());
    await upFolder(folder);
  });
  afterEach(() => remove());

  const layout = () => sallyportLayout(folder);
  const ca = () => layout().authorities[0]!;
  const bundle = () => readCertificates(readFileSync(ca().certFile, 'utf8'));
  const leaf = () => new X509Certificate(readFileSync(join(folder, 'pki', 'apiserver.crt')));
  const state = () => readRotations(layout())['ca'];
  const options = (kubeconfigs: string[] = []) => ({ ...OPTIONS, kubeconfigs });
  const faults = () => readFolder(layout()).certificates.flatMap(({ problem }) => problem ?? []);

  /** Writes some of the changes, or all. */
  function write({ changes, remove: gone }: PhaseChanges, upTo = changes.length): void {
    for (const { path, content, mode } of changes.slice(0, upTo)) replaceFile(path, content, mode);
    if (upTo === changes.length) for (const path of gone) rmSync(path);
  }
  async function trust(kubeconfigs: string[] = []): Promise<void> {
    write(await trustPhase(layout(), ca(), options(kubeconfigs)));
  }
  async function reissue(): Promise<void> {
    write(switchChanges(layout(), ca()));
    write({ changes: await reissueChanges(layout(), ca(), options()), remove: [] });
  }

  it('trusts both, then issues by the new one, then drops the old one; everything fits in between', async () => {
    const old = bundle()[0]!;
    await trust();
    expect(bundle().map(({ fingerprint256 }) => fingerprint256 === old.fingerprint256)).toEqual([
      true,
      false,
    ]);
    expect(bundle()[1]!.subject).toMatch(/^CN=kubernetes-20300601T120000$/);
    expect(isIssuedBy(leaf(), old)).toBe(true);
    expect(faults()).toEqual([]);
    expect(nextPhase(state())).toBe('reissue');
    expect(() => usersOfOld(layout(), ca(), [], NOW)).not.toThrow();
    expect(usersOfOld(layout(), ca(), [], NOW)).toHaveLength(2);

    await reissue();
    expect(bundle()[1]!.fingerprint256).toBe(old.fingerprint256);
    expect(isIssuedBy(leaf(), bundle()[0]!)).toBe(true);
    expect(faults()).toEqual([]);
    expect(existsSync(join(folder, 'pki', 'ca-next.key'))).toBe(false);
    expect(nextPhase(state())).toBe('drop');
    expect(usersOfOld(layout(), ca(), [], NOW)).toEqual([]);

    write(dropChanges(layout(), ca(), options()));
    expect(bundle()).toHaveLength(1);
    expect(faults()).toEqual([]);
    expect(state()).toBeUndefined();
    expect(nextPhase(state())).toBe('trust');
  });

  it('takes a phase up again wherever it was cut off', async () => {
    const first = await trustPhase(layout(), ca(), options());
    for (let upTo = 0; upTo <= first.changes.length; upTo++) {
      write(upTo < first.changes.length ? await trustPhase(layout(), ca(), options()) : first, upTo);
      expect(faults().filter((fault) => !fault.includes('trusts another'))).toEqual([]);
    }
    await trust();
    // However often it was begun, there is one new CA.
    expect(bundle().length).toBeLessThanOrEqual(3);
    const next = state()!.next;
    const { changes } = switchChanges(layout(), ca());
    write({ changes, remove: [] }, 2);
    expect(nextPhase(state())).toBe('reissue');
    await reissue();
    expect(bundle()[0]!.fingerprint256).toBe(readCertificates(next)[0]!.fingerprint256);
    expect(faults()).toEqual([]);
  });

  it('knows of kubeconfigs elsewhere and emergency certificates that need the old one', async () => {
    const elsewhere = join(folder, 'jane.kubeconfig');
    writeFileSync(elsewhere, readFileSync(join(folder, 'admin.kubeconfig')));
    const { keyIdOf } = await import('./issued-certificate.ts');
    const entry = {
      user: 'break-glass:x',
      expires: '2030-06-02T00:00:00Z',
      authorityKey: keyIdOf(bundle()[0]!),
    };
    writeFileSync(layout().breakGlassList, JSON.stringify({ certificates: [entry] }));
    await trust();
    await reissue();
    expect(usersOfOld(layout(), ca(), [elsewhere], NOW)).toEqual([
      `user kubernetes-admin of ${elsewhere} has a certificate that was issued by it`,
      `cluster sallyport of ${elsewhere} trusts it, and not the new one`,
      'the break-glass certificate break-glass:x was issued by it, and is good until 2030-06-02T00:00:00Z',
    ]);
    // What has expired needs nothing any more.
    expect(usersOfOld(layout(), ca(), [elsewhere], NOW + 400 * DAY)).toEqual([
      `cluster sallyport of ${elsewhere} trusts it, and not the new one`,
    ]);
  });

  it('keeps kubeconfigs elsewhere up that trust the CA, and no others', async () => {
    const [mine, others] = ['mine', 'others'].map((name) => join(folder, `${name}.kubeconfig`)) as [
      string,
      string,
    ];
    writeFileSync(mine, readFileSync(join(folder, 'admin.kubeconfig')));
    const foreign = readFileSync(join(folder, 'pki', 'front-proxy-ca.crt')).toString('base64');
    const text = `clusters: [{name: c, cluster: {server: x, certificate-authority-data: ${foreign}}}]\n`;
    writeFileSync(others, text);
    await trust([mine, others]);
    expect(readFileSync(others, 'utf8')).toBe(text);
    expect(usersOfOld(layout(), ca(), [mine], NOW).filter((one) => one.includes('trusts it'))).toEqual([]);
  });

  it('refuses to go on where the key of the new CA is gone, or the note is broken', async () => {
    expect(() => switchChanges(layout(), ca())).toThrow('--phase trust comes first');
    await trust();
    rmSync(join(folder, 'pki', 'ca-next.key'));
    expect(() => switchChanges(layout(), ca())).toThrow('ca-next.key, the key of the new CA, is not there');
    writeFileSync(layout().rotations, '{');
    expect(() => readRotations(layout())).toThrow('ca-rotation.json cannot be read');
  });
});
