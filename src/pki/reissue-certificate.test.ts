import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createAuthority, issueCertificate } from './authority.ts';
import { parseCertificateRequest } from './certificate-request.ts';
import { DAY, NOW, temporaryFolder } from './fixtures/folders.ts';
import { namePart, readPrivateKey } from './issued-certificate.ts';
import { newKeyLike, reissueCertificate, requestFor, requestLike } from './reissue-certificate.ts';

const KEYS: Readonly<Record<string, () => KeyObject>> = {
  'RSA 2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  'P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  Ed25519: () => generateKeyPairSync('ed25519').privateKey,
};
const pkcs8 = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;
const times = { notBefore: NOW - DAY, notAfter: NOW + 30 * DAY };

describe('a certificate issued anew', () => {
  it.each(Object.keys(KEYS))('is signed by a CA with a key of %s, and openssl agrees', async (kind) => {
    const { folder, remove } = temporaryFolder();
    try {
      const model = await createAuthority('a CA', 30, NOW);
      const caKey = KEYS[kind]!();
      const ca = await reissueCertificate({ certificate: model.certificate, key: caKey, ...times });
      const leaf = await issueCertificate(
        {
          commonName: 'jane, or: "j"',
          organizations: ['a', 'b+c'],
          usages: ['client', 'server'],
          dnsNames: ['x.example'],
          ipAddresses: ['::1'],
          days: 10,
        },
        NOW,
        model,
      );
      const authority = { certificate: ca, key: pkcs8(caKey) };
      const key = readPrivateKey(leaf.key);
      const again = await reissueCertificate({ certificate: leaf.certificate, key, authority, ...times });
      const [before, after] = [leaf.certificate, again].map((pem) => new X509Certificate(pem)) as [
        X509Certificate,
        X509Certificate,
      ];
      expect(namePart(after.subject, 'CN')).toEqual(['jane, or: "j"']);
      expect(namePart(after.subject, 'O')).toEqual(['a', 'b+c']);
      for (const field of ['subject', 'subjectAltName', 'keyUsage'] as const)
        expect(after[field]).toEqual(before[field]);
      expect(after.checkPrivateKey(key)).toBe(true);
      const files = ['ca.crt', 'leaf.crt'].map((name) => join(folder, name)) as [string, string];
      writeFileSync(files[0], ca);
      writeFileSync(files[1], again);
      const at = String(NOW / 1000);
      const said = execFileSync('openssl', ['verify', '-x509_strict', '-attime', at, '-CAfile', ...files]);
      expect(said.toString()).toContain(': OK');
    } finally {
      remove();
    }
  });

  it.each(Object.keys(KEYS))('may have a new key like one of %s', (kind) => {
    const key = KEYS[kind]!();
    const made = readPrivateKey(newKeyLike(key));
    expect(made.asymmetricKeyType).toBe(key.asymmetricKeyType);
    expect(made.asymmetricKeyDetails).toEqual(key.asymmetricKeyDetails);
    expect(pkcs8(made)).not.toBe(pkcs8(key));
  });

  it('can be asked for: a request has its subject and names, and is signed', async () => {
    const key = KEYS['P-256']!();
    const ca = await createAuthority('ca', 30, NOW);
    const leaf = await issueCertificate(
      { commonName: 'u', organizations: ['g', 'h'], usages: ['client'], dnsNames: ['d'], days: 1 },
      NOW,
      ca,
    );
    const like = parseCertificateRequest(await requestLike(leaf.certificate, key));
    if (typeof like === 'string') throw new Error(like);
    expect(like.subject).toMatchObject({ commonName: 'u', organizations: ['g', 'h'] });
    expect(like.dnsNames).toEqual(['d']);
    expect(like.signed()).toBe(true);
    const own = parseCertificateRequest(await requestFor('odd, name="x"', ['a+b'], key));
    if (typeof own === 'string') throw new Error(own);
    expect(own.subject).toMatchObject({ commonName: 'odd, name="x"', organizations: ['a+b'] });
    expect(own.signed()).toBe(true);
  });

  it('may have another common name, and the rest of its subject', async () => {
    const key = KEYS['P-256']!();
    const ca = await createAuthority('ca', 30, NOW);
    const names = { commonName: 'old', organizations: ['o'], usages: ['client'] as const, days: 1 };
    const { certificate } = await issueCertificate(names, NOW, ca);
    const made = await reissueCertificate({ certificate, key, commonName: '#new "one"', ...times });
    const { subject, issuer } = new X509Certificate(made);
    expect(namePart(subject, 'CN')).toEqual(['#new "one"']);
    expect(namePart(subject, 'O')).toEqual(['o']);
    expect(issuer).toBe(subject);
  });

  it('refuses keys that nobody should sign with', async () => {
    const { certificate } = await createAuthority('ca', 30, NOW);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    await expect(reissueCertificate({ certificate, key: privateKey, ...times })).rejects.toThrow(
      'keys of type secp256k1 cannot be used',
    );
    const encrypted = privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    });
    expect(() => readPrivateKey(encrypted as string)).toThrow('encrypted with a passphrase');
  });
});
