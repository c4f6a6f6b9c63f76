import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OpensslAuthority } from '../fixtures/openssl-authority.ts';
import { requestOf } from '../fixtures/requests.ts';
import { defaultAuthenticationOptions } from '../flags.ts';
import { FrontProxyAuthenticator } from '../front-proxy.ts';
import { CertificatePool, parseCertificatesPem } from '../x509/pool.ts';
import { ClientCertificateAuthenticator } from '../x509.ts';
import { parseCertificateLists } from './certificate-list.ts';
import { type RevocationLists, revocationLists, type StalePolicy } from './revocation-lists.ts';

const NOW = Date.now();

describe('revocation lists made by openssl', () => {
  let ca: OpensslAuthority;
  let other: OpensslAuthority;
  let plain: string;
  let listed: string;
  let jane: string;
  let kim: string;

  beforeAll(() => {
    ca = new OpensslAuthority('ca');
    other = new OpensslAuthority('other');
    jane = ca.issue('jane', '/O=dev/CN=jane').cert;
    kim = ca.issue('kim', '/CN=kim').cert;
    plain = ca.list();
    ca.revoke('jane');
    listed = ca.list();
  });
  afterAll(() => {
    ca.remove();
    other.remove();
  });

  const pools = (...pems: string[]) => pems.map((pem) => CertificatePool.fromPem(pem));
  const made = (text: string, stale: StalePolicy = 'refuse', before?: RevocationLists) =>
    revocationLists(parseCertificateLists(text), pools(ca.certificate), stale, before?.all);
  const asked = (pem: string, lists: RevocationLists | undefined, now = NOW) => {
    const authenticator = new ClientCertificateAuthenticator(
      { current: () => pools(ca.certificate)[0]! },
      lists && { current: () => lists },
    );
    const certificates = parseCertificatesPem(pem).map(({ der }) => der);
    return authenticator.authenticate(requestOf({}, { certificates, now }));
  };

  it('refuse what they list, and nothing else', () => {
    const lists = made(listed);
    expect(lists.all).toMatchObject([{ issuer: 'CN=ca', number: 6n }]);
    expect(asked(jane, lists)).toMatchObject({
      verdict: 'refused',
      code: 'X509_REVOKED',
      facts: { reason: 'keyCompromise', role: 'leaf', issuer: 'CN=ca', crlNumber: '6', commonName: 'jane' },
    });
    expect(asked(kim, lists)).toMatchObject({ verdict: 'authenticated' });
    expect(asked(jane, made(plain))).toMatchObject({ verdict: 'authenticated' });
    expect(asked(jane, undefined)).toMatchObject({ verdict: 'authenticated' });
  });

  it('count on a connection that is open already, when they change and when they run out', () => {
    const short = made(ca.list({ seconds: 60 }));
    let lists = made(plain);
    const pool = pools(ca.certificate)[0]!;
    const authenticator = new ClientCertificateAuthenticator(
      { current: () => pool },
      { current: () => lists },
    );
    const connection = (pem: string) => parseCertificatesPem(pem).map(({ der }) => der);
    const [ofJane, ofKim] = [connection(jane), connection(kim)];
    const ask = (certificates: readonly Uint8Array[], now = Date.now()) => {
      const verdict = authenticator.authenticate(requestOf({}, { certificates, now }));
      return verdict.code;
    };
    expect([ask(ofJane), ask(ofKim)]).toEqual(['X509_VERIFIED', 'X509_VERIFIED']);
    lists = made(listed);
    expect([ask(ofJane), ask(ofKim)]).toEqual(['X509_REVOKED', 'X509_VERIFIED']);
    lists = short;
    expect(ask(ofKim)).toBe('X509_VERIFIED');
    expect(ask(ofKim, short.all[0]!.nextUpdate + 1)).toBe('X509_CRL_STALE');
  });

  it("count for front proxies' certificates", () => {
    const lists = made(listed);
    const pool = pools(ca.certificate)[0]!;
    const proxy = new FrontProxyAuthenticator({
      ...defaultAuthenticationOptions().requestHeader,
      authorities: { current: () => pool },
      revoked: { current: () => lists },
      usernameHeaders: ['x-remote-user'],
    });
    const ask = (pem: string) =>
      proxy.authenticate(
        requestOf(
          { 'x-remote-user': 'ann' },
          { certificates: parseCertificatesPem(pem).map(({ der }) => der), now: NOW },
        ),
      );
    expect(ask(jane)).toMatchObject({ code: 'FRONT_PROXY_CERTIFICATE', facts: { fault: 'X509_REVOKED' } });
    expect(ask(kim)).toMatchObject({ verdict: 'authenticated', user: { name: 'ann' } });
  });

  it('come as DER too, and several in a file', () => {
    expect(asked(jane, made(ca.list({ der: true })))).toMatchObject({ code: 'X509_REVOKED' });
    expect(made(`${plain}${listed}`).all).toMatchObject([{ number: 6n }]);
  });

  it('refuse all of their issuer when they have run out, unless told to warn', () => {
    const later = NOW + 8 * 86_400_000;
    const lists = made(plain);
    // Their own certificates end before: the list is what is judged here.
    const chain = parseCertificatesPem(`${kim}${ca.certificate}`);
    expect(lists.judge(chain, NOW)).toEqual({ until: lists.all[0]!.nextUpdate });
    expect(lists.judge(chain, later)).toMatchObject({
      fault: { code: 'X509_CRL_STALE', facts: { issuer: 'CN=ca', nextUpdate: lists.all[0]!.nextUpdate } },
    });
    expect(made(plain, 'warn').judge(chain, later)).toEqual({ until: Number.POSITIVE_INFINITY });
    const revoked = parseCertificatesPem(`${jane}${ca.certificate}`);
    expect(made(listed, 'warn').judge(revoked, later)).toMatchObject({ fault: { code: 'X509_REVOKED' } });
  });

  it('do not go back, nor away while their authority is trusted', () => {
    const now = made(listed);
    expect(() => made(plain, 'refuse', now)).toThrow('goes back from number 6 to number 5');
    expect(() => revocationLists([], pools(ca.certificate), 'refuse', now.all)).toThrow(
      'the CRL of CN=ca is missing',
    );
    expect(revocationLists([], pools(other.certificate), 'refuse', now.all).all).toEqual([]);
    const again = revocationLists(parseCertificateLists(listed), pools(other.certificate), 'refuse', now.all);
    expect(again.all).toHaveLength(1);
  });

  it('count with the signature of a trusted authority alone', () => {
    const forged = other.list();
    expect(() => made(forged)).toThrow('of an issuer that is in neither');
    const twin = new OpensslAuthority('ca');
    try {
      expect(() => made(twin.list())).toThrow(
        "the signature of the CRL of CN=ca is not by that authority's key",
      );
    } finally {
      twin.remove();
    }
    const broken = Buffer.from(ca.list({ der: true }), 'latin1');
    broken[broken.length - 3]! ^= 1;
    expect(() => made(broken.toString('latin1'))).toThrow('not by that authority');
  });

  it("take the word of kubeadm's authorities, which may not sign lists by their keyUsage", () => {
    const kubeadm = new OpensslAuthority('kubeadm', { keyUsage: 'keyCertSign,digitalSignature' });
    const leaf = new OpensslAuthority('leaf', { keyUsage: 'digitalSignature' });
    try {
      const lists = (one: OpensslAuthority) =>
        revocationLists(parseCertificateLists(one.list()), pools(one.certificate), 'refuse').all.length;
      expect(lists(kubeadm)).toBe(1);
      expect(() => lists(leaf)).toThrow('signature');
    } finally {
      kubeadm.remove();
      leaf.remove();
    }
  });

  it.each([
    ['a delta list', '2.5.29.27=critical,DER:020105', 'a delta one'],
    ['an indirect list', '2.5.29.28=critical,DER:30038401FF', 'an indirect one'],
    ['a list of authorities alone', '2.5.29.28=critical,DER:30038201FF', 'no certificates of users'],
    ['a critical extension', '1.2.3.4=critical,DER:0500', 'critical extension that is not known (1.2.3.4)'],
  ])('say clearly that they do not take %s', (_, crlExtensions, words) => {
    const one = new OpensslAuthority('odd', { crlExtensions });
    try {
      expect(() => parseCertificateLists(one.list())).toThrow(words);
    } finally {
      one.remove();
    }
  });

  it.each([
    ['', 'the file is empty'],
    ['nonsense', 'no certificate revocation list'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'no PEM block X509 CRL'],
    ['-----BEGIN X509 CRL-----\nAAAA\n', 'no PEM block X509 CRL'],
    ['-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n', 'truncated'],
  ])('are not made of %j', (text, words) => {
    expect(() => parseCertificateLists(text)).toThrow(words);
  });

  it('are not taken in part where the last one is cut short', () => {
    expect(() => parseCertificateLists(plain + listed.slice(0, 80))).toThrow('cut short');
  });
});
