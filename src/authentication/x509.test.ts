import { beforeAll, describe, expect, it } from 'vitest';
import { authority, client, type Issued, issue, SERVER_AUTH, x509 } from './fixtures/certificates.ts';
import { requestOf } from './fixtures/requests.ts';
import { CertificatePool } from './x509/pool.ts';
import { ClientCertificateAuthenticator } from './x509.ts';

let root: Issued;
let other: Issued;

beforeAll(async () => {
  root = await authority('kubernetes');
  other = await authority('other');
});

const DAY = 86_400_000;

function authenticate(presented: readonly Issued[], roots: readonly Issued[] = [root], now = Date.now()) {
  const pool = CertificatePool.fromPem(roots.map((r) => r.pem).join('\n'));
  const authenticator = new ClientCertificateAuthenticator({ current: () => pool });
  return authenticator.authenticate(requestOf({}, { certificates: presented.map((p) => p.der), now }));
}

async function verdictOf(presented: Issued[], roots?: Issued[]) {
  const verdict = authenticate(presented, roots);
  return verdict.verdict === 'authenticated' ? verdict.user.name : verdict.code;
}

describe('the identity in a client certificate', () => {
  it('is its CN, its O in order and with repeats, and its fingerprint', async () => {
    const jane = await client(root, [
      { '2.5.4.10': ['ops'] },
      { '2.5.4.10': ['dev'] },
      { '2.5.4.10': ['ops'] },
      { '2.5.4.3': ['jane'] },
      { '2.5.4.11': ['unit'] },
    ]);
    const verdict = authenticate([jane]);
    expect(verdict).toMatchObject({
      verdict: 'authenticated',
      code: 'X509_VERIFIED',
      user: { name: 'jane', groups: ['ops', 'dev', 'ops'] },
    });
    const extra = verdict.verdict === 'authenticated' ? verdict.user.extra : {};
    expect(extra).toEqual({
      'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)],
    });
  });

  it('is the last of several CN', async () => {
    const many = await client(root, [{ '2.5.4.3': ['first'] }, { '2.5.4.3': ['last'] }]);
    expect(await verdictOf([many])).toBe('last');
  });

  it('has a uid from the attribute of Kubernetes, but not from two of them', async () => {
    const uid = '1.3.6.1.4.1.57683.2';
    const one = await client(root, [{ '2.5.4.3': ['jane'] }, { [uid]: ['u-1'] }]);
    expect(authenticate([one])).toMatchObject({ user: { name: 'jane', uid: 'u-1' } });
    const two = await client(root, [{ '2.5.4.3': ['jane'] }, { [uid]: ['u-1'] }, { [uid]: ['u-1'] }]);
    expect(authenticate([two]).code).toBe('X509_SEVERAL_UIDS');
    const userid = await client(root, [{ '2.5.4.3': ['jane'] }, { '0.9.2342.19200300.100.1.1': ['jdoe'] }]);
    expect(authenticate([userid])).toMatchObject({ user: { name: 'jane' } });
  });

  it('is nobody without a CN', async () => {
    const verdict = authenticate([await client(root, [{ '2.5.4.10': ['system:masters'] }])]);
    expect(verdict).toMatchObject({ verdict: 'notMine', code: 'X509_NO_COMMON_NAME' });
  });

  it('is read beyond ASCII', async () => {
    expect(await verdictOf([await client(root, [{ '2.5.4.3': ['Jürgen 日本'] }])])).toBe('Jürgen 日本');
  });
});

describe('verification', () => {
  it('refuses strangers, and takes any of several authorities', async () => {
    const jane = await client(other, 'CN=jane');
    expect(await verdictOf([jane])).toBe('X509_UNKNOWN_AUTHORITY');
    expect(await verdictOf([jane], [root, other])).toBe('jane');
  });

  it('refuses a certificate that an authority of the same name signed', async () => {
    const namesake = await authority('kubernetes');
    expect(await verdictOf([await client(namesake, 'CN=jane')])).toBe('X509_UNKNOWN_AUTHORITY');
  });

  it('looks at the times on every request of a connection', async () => {
    const start = Date.now();
    const jane = await client(root, 'CN=jane', {
      notBefore: new Date(start),
      notAfter: new Date(start + DAY),
    });
    const pool = CertificatePool.fromPem(root.pem);
    const authenticator = new ClientCertificateAuthenticator({ current: () => pool });
    const certificates = [jane.der];
    const at = (now: number) => authenticator.authenticate(requestOf({}, { certificates, now }));
    expect(at(start + 1000).verdict).toBe('authenticated');
    expect(at(start + 1000)).toBe(at(start + 2000));
    expect(at(start - DAY / 2).code).toBe('X509_NOT_YET_VALID');
    expect(at(start + 2 * DAY).code).toBe('X509_EXPIRED');
    expect(at(start + 1000).verdict).toBe('authenticated');
  });

  it('asks for client authentication where the certificate or its issuer limits its use', async () => {
    expect(await verdictOf([await client(root, 'CN=jane', { usages: [SERVER_AUTH] })])).toBe(
      'X509_WRONG_USAGE',
    );
    expect(await verdictOf([await issue({ subject: 'CN=jane', issuer: root })])).toBe('jane');
    expect(await verdictOf([await client(root, 'CN=jane', { usages: ['2.5.29.37.0'] })])).toBe('jane');
    const serverOnly = await authority('servers', { issuer: root, usages: [SERVER_AUTH] });
    expect(await verdictOf([await client(serverOnly, 'CN=jane'), serverOnly])).toBe('X509_WRONG_USAGE');
  });

  it('builds chains with the intermediates that the client sent', async () => {
    const middle = await authority('middle', { issuer: root });
    const inner = await authority('inner', { issuer: middle });
    const jane = await client(inner, 'CN=jane');
    expect(await verdictOf([jane])).toBe('X509_UNKNOWN_AUTHORITY');
    expect(await verdictOf([jane, inner, middle])).toBe('jane');
    expect(await verdictOf([jane, middle, inner])).toBe('jane');
  });

  it('keeps to path lengths', async () => {
    const short = await authority('short', { ca: { pathLength: 0 } });
    const middle = await authority('middle', { issuer: short });
    expect(await verdictOf([await client(short, 'CN=direct')], [short])).toBe('direct');
    expect(await verdictOf([await client(middle, 'CN=jane'), middle], [short])).toBe('X509_PATH_TOO_LONG');
  });

  it('lets nobody sign who is not an authority', async () => {
    const leaf = await client(root, 'CN=leaf');
    expect(await verdictOf([await client(leaf, 'CN=jane'), leaf])).toBe('X509_NOT_A_CA');
    const noSign = await authority('nosign', { keyUsages: x509.KeyUsageFlags.digitalSignature });
    expect(await verdictOf([await client(noSign, 'CN=jane')], [noSign])).toBe('X509_NOT_A_CA');
    const bare = await authority('bare', { noBasicConstraints: true });
    expect(await verdictOf([await client(bare, 'CN=jane')], [bare])).toBe('X509_NOT_A_CA');
  });

  it('takes a client certificate that is itself in the file', async () => {
    const self = await issue({ subject: 'CN=self' });
    expect(await verdictOf([self], [root, self])).toBe('self');
  });

  it('refuses critical extensions that it does not know, and passes over others', async () => {
    const odd = (critical: boolean) => new x509.Extension('1.2.3.4', critical, new Uint8Array([5, 0]));
    expect(await verdictOf([await client(root, 'CN=jane', { extensions: [odd(true)] })])).toBe(
      'X509_CRITICAL_EXTENSION',
    );
    expect(await verdictOf([await client(root, 'CN=jane', { extensions: [odd(false)] })])).toBe('jane');
  });

  it('keeps to name constraints', async () => {
    // permitted: dNSName example.com
    const base = Buffer.from('example.com');
    const value = Buffer.concat([
      Buffer.from([0x30, base.length + 6, 0xa0, base.length + 4, 0x30, base.length + 2, 0x82, base.length]),
      base,
    ]);
    const limited = await authority('limited', {
      extensions: [new x509.Extension('2.5.29.30', true, value)],
    });
    const named = (name: string) => new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]);
    expect(
      await verdictOf([await client(limited, 'CN=a', { extensions: [named('x.example.com')] })], [limited]),
    ).toBe('a');
    expect(
      await verdictOf([await client(limited, 'CN=b', { extensions: [named('evil.com')] })], [limited]),
    ).toBe('X509_NAME_CONSTRAINT');
    expect(await verdictOf([await client(limited, 'CN=c')], [limited])).toBe('c');
  });

  it('refuses signatures by SHA-1, and takes RSA, RSASSA-PSS and Ed25519', async () => {
    const weak = await authority('weak', { algorithm: 'rsa-sha1' });
    expect(await verdictOf([await client(weak, 'CN=jane')], [weak])).toBe('X509_WEAK_SIGNATURE');
    for (const algorithm of ['rsa', 'rsa-pss', 'ed25519'] as const) {
      const ca = await authority(algorithm, { algorithm });
      expect(await verdictOf([await client(ca, 'CN=jane')], [ca])).toBe('jane');
    }
  });

  it('refuses what is no certificate', () => {
    const pool = CertificatePool.fromPem(root.pem);
    const authenticator = new ClientCertificateAuthenticator({ current: () => pool });
    const request = requestOf({}, { certificates: [new Uint8Array([0x30, 0x03, 1, 2, 3])] });
    expect(authenticator.authenticate(request).code).toBe('X509_MALFORMED');
  });

  it('checks anew against a pool that was replaced', async () => {
    const jane = await client(root, 'CN=jane');
    let pool = CertificatePool.fromPem(root.pem);
    const authenticator = new ClientCertificateAuthenticator({ current: () => pool });
    const request = requestOf({}, { certificates: [jane.der] });
    expect(authenticator.authenticate(request).verdict).toBe('authenticated');
    pool = CertificatePool.fromPem(other.pem);
    expect(authenticator.authenticate(request).code).toBe('X509_UNKNOWN_AUTHORITY');
  });
});
