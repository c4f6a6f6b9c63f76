import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuthority, issueCertificate } from './authority.ts';
import { type CertificateRequest, parseCertificateRequest } from './certificate-request.ts';
import { der, derBits, derInteger, derOid, derSequence, derSet, derString, derTime, TAG } from './der.ts';
import { newEcKey, pem, type RequestOptions, requestPem } from './fixtures/requests.ts';
import { type SigningAuthority, type SigningPolicy, signingAuthority, signRequest } from './sign-request.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const created = await createAuthority('ca', 365, NOW);
const authority = signingAuthority(created.certificate, created.key);

const requestOf = (options: RequestOptions): CertificateRequest =>
  parseCertificateRequest(requestPem(options)) as CertificateRequest;

function issue(
  options: RequestOptions,
  policy: Partial<SigningPolicy> = {},
  by: SigningAuthority = authority,
): X509Certificate {
  const random = (bytes: number) => Buffer.alloc(bytes, 0xab);
  const given = { usages: ['client auth'], lifetimeMs: DAY, now: NOW, random, ...policy };
  return new X509Certificate(signRequest(requestOf(options), by, given));
}

/** A CA made by hand, with whatever kind of key. */
async function authorityWith(
  key: KeyObject,
): Promise<{ by: SigningAuthority; certificate: X509Certificate }> {
  const subject = { commonName: `ca of ${key.asymmetricKeyType}`, key };
  const own: SigningAuthority = {
    subject: derSequence(derSet([derSequence(derOid('2.5.4.3'), derString(subject.commonName))])),
    subjectKeyId: undefined,
    notAfter: NOW + 365 * DAY,
    key,
  };
  const text = signRequest(requestOf(subject), own, {
    usages: ['cert sign'],
    lifetimeMs: 30 * DAY,
    now: NOW,
    random: (bytes) => Buffer.alloc(bytes, 1),
  });
  const by = signingAuthority(text, key.export({ type: 'pkcs8', format: 'pem' }) as string);
  return { by, certificate: new X509Certificate(text) };
}

describe('a signed certificate', () => {
  it('is of the request, by the CA, and no CA itself', () => {
    const key = newEcKey();
    const certificate = issue({ commonName: 'jane', organizations: ['dev'], key });
    const ca = new X509Certificate(created.certificate);
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.checkIssued(ca)).toBe(true);
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.serialNumber).toBe('AB'.repeat(16));
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  it('has its organisations in the order of their bytes, shorter ones first', () => {
    const { subject } = issue({ commonName: 'jane', organizations: ['developers', 'qa', 'ops'] });
    expect(subject.replaceAll(' ', '')).toBe('O=qa+O=ops+O=developers\nCN=jane');
  });

  it('carries all alternative names, and none of the request’s other wishes', () => {
    const certificate = issue({
      commonName: 'jane',
      dnsNames: ['a.example'],
      emailAddresses: ['jane@example.com'],
      ipAddresses: [Buffer.from([10, 0, 0, 1])],
      uris: ['spiffe://x/y'],
    });
    expect(certificate.subjectAltName).toBe(
      'DNS:a.example, email:jane@example.com, IP Address:10.0.0.1, URI:spiffe://x/y',
    );
  });

  it('is of no name where none is asked for', () => {
    expect(issue({ dnsNames: ['a.example'] }).subject).toBeFalsy();
  });

  it.each([
    [
      ['server auth', 'client auth'],
      ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
    ],
    [
      ['client auth', 'server auth', 'client auth'],
      ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
    ],
    [
      ['any', 's/mime'],
      ['2.5.29.37.0', '1.3.6.1.5.5.7.3.4'],
    ],
    [['digital signature'], undefined],
  ])('is for what the request says: %j', (usages, extended) => {
    expect(issue({ commonName: 'jane' }, { usages }).keyUsage).toEqual(extended);
  });

  it.each([
    [
      ['digital signature', 'key encipherment'],
      [0x05, 0xa0],
    ],
    [['cert sign'], [0x02, 0x04]],
    [
      ['digital signature', 'decipher only'],
      [0x07, 0x80, 0x80],
    ],
  ])('has the bits of its key usage: %j', (usages, bits) => {
    const value = derSequence(
      derOid('2.5.29.15'),
      der(TAG.boolean, Buffer.from([0xff])),
      der(TAG.octetString, derBits(Buffer.from(bits.slice(1)), bits[0])),
    );
    expect(issue({ commonName: 'jane' }, { usages }).raw.includes(value)).toBe(true);
  });

  it.each([
    ['lives as long as allowed, its start dated back', 30 * DAY, NOW + 30 * DAY - 300_000],
    ['lives whole where that is short', HOUR, NOW + HOUR],
    ['ends with its CA', 900 * DAY, NOW + 365 * DAY],
  ])('%s', (_, lifetimeMs, end) => {
    const { validFrom, validTo } = issue({ commonName: 'jane' }, { lifetimeMs });
    expect(Date.parse(validFrom)).toBe(NOW - 300_000);
    expect(Date.parse(validTo)).toBe(end);
  });

  it.each([
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['P-384', newEcKey('P-384')],
    ['P-521', newEcKey('P-521')],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey],
  ])('can be by a CA of %s', async (_, key) => {
    const { by, certificate } = await authorityWith(key);
    const issued = issue({ commonName: 'jane' }, {}, by);
    expect(issued.verify(certificate.publicKey)).toBe(true);
    expect(issued.issuer).toBe(certificate.subject);
  });
});

describe('signing refuses', () => {
  const policy = { usages: [], lifetimeMs: DAY, now: NOW, random: (bytes: number) => Buffer.alloc(bytes, 1) };

  it('requests that their own key did not sign', () => {
    const request = requestOf({ commonName: 'jane' });
    const other = { ...request, signed: () => false };
    expect(() => signRequest(other, authority, policy)).toThrow(
      'unable to verify certificate request signature',
    );
  });

  it('usages that nobody knows', () => {
    expect(() => issue({ commonName: 'jane' }, { usages: ['flying', 'client auth'] })).toThrow(
      'unrecognized usage values: ["flying"]',
    );
  });

  it('to sign for a CA that is over', () => {
    expect(() => issue({ commonName: 'jane' }, { now: NOW + 366 * DAY })).toThrow(
      'refusing to sign a certificate that expired in the past',
    );
  });

  it('keys of other kinds', () => {
    const key = newEcKey('secp256k1');
    expect(() => issue({ commonName: 'jane' }, {}, { ...authority, key })).toThrow(
      'x509: only RSA, ECDSA and Ed25519 keys supported',
    );
  });

  it('a CA whose key is another’s', async () => {
    const leaf = await issueCertificate({ commonName: 'x', usages: ['client'], days: 1 }, NOW);
    expect(() => signingAuthority(created.certificate, leaf.key)).toThrow(
      'the key is not that of the certificate',
    );
    expect(() => signingAuthority('nothing', leaf.key)).toThrow('no certificate in PEM');
  });
});

describe('DER', () => {
  it('has one form for each value', () => {
    expect(derInteger(Buffer.from([0, 0, 0x80]))).toEqual(Buffer.from([2, 2, 0, 0x80]));
    expect(derInteger(Buffer.from([0]))).toEqual(Buffer.from([2, 1, 0]));
    expect(derOid('2.5.29.37.0')).toEqual(Buffer.from([6, 4, 0x55, 29, 37, 0]));
    expect(der(4, Buffer.alloc(200)).subarray(0, 3)).toEqual(Buffer.from([4, 0x81, 200]));
    expect(derTime(Date.parse('2049-12-31T23:59:59.999Z'))[0]).toBe(TAG.utcTime);
    expect(derTime(Date.parse('2050-01-01T00:00:00Z')).subarray(2).toString()).toBe('20500101000000Z');
    expect(derString('a*')[0]).toBe(TAG.utf8String);
  });

  it('is PEM in the end', () => {
    expect(pem(Buffer.from('x'), 'X')).toBe('-----BEGIN X-----\neA==\n-----END X-----\n');
  });
});
