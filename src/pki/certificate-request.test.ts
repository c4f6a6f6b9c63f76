import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CertificateRequest, parseCertificateRequest } from './certificate-request.ts';
import { der, TAG } from './der.ts';
import { newEcKey, pem, requestPem } from './fixtures/requests.ts';

const parsed = (text: string): CertificateRequest => {
  const request = parseCertificateRequest(text);
  if (typeof request === 'string') throw new Error(request);
  return request;
};
const bytesOf = (text: string): Buffer =>
  Buffer.from(text.replace(/-----[A-Z ]+-----/g, '').replace(/\s/g, ''), 'base64');

describe('a request for a certificate', () => {
  it('gives its subject and its names', () => {
    const request = parsed(
      requestPem({
        commonName: 'jane',
        organizations: ['dev', 'qa'],
        others: [
          ['2.5.4.11', der(TAG.utf8String, Buffer.from('Büro'))],
          ['2.5.4.7', der(TAG.bmpString, Buffer.from('Köln', 'utf16le').swap16())],
          ['2.5.4.5', der(TAG.printableString, Buffer.from('17'))],
          ['2.5.4.42', der(TAG.printableString, Buffer.from('not carried over'))],
        ],
        dnsNames: ['a.example', '*.b.example'],
        emailAddresses: ['jane@example.com'],
        ipAddresses: [Buffer.from([10, 0, 0, 1]), Buffer.alloc(16, 1)],
        uris: ['spiffe://x/y'],
      }),
    );
    expect(request.subject).toEqual({
      commonName: 'jane',
      organizations: ['dev', 'qa'],
      organizationalUnits: ['Büro'],
      locality: ['Köln'],
      serialNumber: '17',
      country: [],
      province: [],
      streetAddress: [],
      postalCode: [],
    });
    expect(request.dnsNames).toEqual(['a.example', '*.b.example']);
    expect(request.emailAddresses).toEqual(['jane@example.com']);
    expect(request.ipAddresses.map((bytes) => bytes.length)).toEqual([4, 16]);
    expect(request.uris).toEqual(['spiffe://x/y']);
    expect(request.signed()).toBe(true);
  });

  it.each([
    ['P-384', newEcKey('P-384')],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey],
  ])('is signed by its own key: %s', (_, key) => {
    expect(parsed(requestPem({ commonName: 'jane', key })).signed()).toBe(true);
    const publicKey = createPublicKey(newEcKey());
    expect(parsed(requestPem({ commonName: 'jane', key, publicKey })).signed()).toBe(false);
  });

  it.each([
    ['', 'PEM block type must be CERTIFICATE REQUEST'],
    [pem(bytesOf(requestPem({})), 'CERTIFICATE'), 'PEM block type must be CERTIFICATE REQUEST'],
    [pem(Buffer.from([0x30])), 'asn1: syntax error: truncated tag or length'],
    [pem(Buffer.from([0x30, 0x05, 0x00])), 'asn1: syntax error: data truncated'],
    [pem(Buffer.from([0x31, 0x00])), "asn1: structure error: tags don't match"],
    [pem(Buffer.from([0x30, 0x80])), 'asn1: syntax error: indefinite length found (not DER)'],
    [pem(Buffer.concat([bytesOf(requestPem({})), Buffer.from([5, 0])])), 'asn1: syntax error: trailing data'],
    [requestPem({ ipAddresses: [Buffer.alloc(5)] }), 'x509: cannot parse IP address of length 5'],
    [requestPem({ dnsNames: ['ä'] }), 'x509: SAN is malformed: invalid IA5 string'],
    [requestPem({ others: [['2.5.4.3', der(TAG.bmpString, Buffer.alloc(3))]] }), 'invalid BMPString'],
  ])('is refused in words: %#', (text, words) => {
    expect(parseCertificateRequest(text)).toBe(words);
  });

  it('never throws, whatever has become of its bytes', () => {
    const good = bytesOf(
      requestPem({ commonName: 'jane', organizations: ['dev'], dnsNames: ['a.example'], uris: ['x://y'] }),
    );
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(good.length),
        (changes, length) => {
          const bytes = Buffer.from(good);
          for (const [at, value] of changes) bytes[at] = value;
          for (const whole of [bytes, bytes.subarray(0, length)]) {
            const request = parseCertificateRequest(pem(whole));
            if (typeof request !== 'string') expect(typeof request.signed()).toBe('boolean');
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
