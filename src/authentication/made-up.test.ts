import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StaticLister } from '../registry/lister.ts';
import { BearerAuthenticator, parseBearer } from './bearer.ts';
import { BootstrapTokenAuthenticator } from './bootstrap-token.ts';
import { parseCsv } from './csv.ts';
import { unescapeKey } from './extra-key.ts';
import { authority, client, type Issued } from './fixtures/certificates.ts';
import { requestOf } from './fixtures/requests.ts';
import { createServiceAccountAuthenticator } from './service-account/authenticator.ts';
import { parseJwt } from './service-account/jwt.ts';
import { KeySet } from './service-account/keys.ts';
import { signingKey, TokenSigner } from './service-account/signer.ts';
import { TokenChain } from './token-chain.ts';
import { parseTokenFile, TokenFileAuthenticator } from './token-file.ts';
import { WebSocketBearerAuthenticator } from './websocket-bearer.ts';
import { parseCertificate } from './x509/certificate.ts';
import { DerError, DerReader, stringValue } from './x509/der.ts';
import { CertificatePool } from './x509/pool.ts';
import { ClientCertificateAuthenticator } from './x509.ts';

/** Inputs made up by the thousand: nothing may crash, and nobody be recognised whom no key, file or authority vouches for. */
const LONG = 120_000;
const NOW = Date.parse('2026-06-01T12:00:00Z');
const ISSUER = 'https://kubernetes.default.svc';
const context = { audiences: [ISSUER], now: NOW, warn: () => {} };

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = signingKey(privateKey);
const keys = new KeySet([publicKey]);
const listers = {
  serviceaccounts: new StaticLister([{ metadata: { name: 'app', namespace: 'ns', uid: 'u-1' } }]),
  secrets: new StaticLister([
    {
      metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      data: Object.fromEntries(
        Object.entries({
          'token-id': 'abcdef',
          'token-secret': '0123456789abcdef',
          'usage-bootstrap-authentication': 'true',
        }).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
      ),
    },
  ]),
  pods: new StaticLister(),
  nodes: new StaticLister(),
};
const serviceAccounts = createServiceAccountAuthenticator({
  issuers: [ISSUER],
  keys: { current: () => keys, onChange: () => () => {} },
  apiAudiences: [ISSUER],
  objects: { listers },
  lookup: true,
  noteUse: async () => {},
});
const file = parseTokenFile('tok-jane,jane,1,dev\n', 't.csv');
const tokens = new TokenChain([
  new TokenFileAuthenticator({ current: () => file }),
  serviceAccounts,
  new BootstrapTokenAuthenticator(listers.secrets),
]);
const good = new TokenSigner(ISSUER, { current: () => key }).sign({
  aud: [ISSUER],
  exp: NOW / 1000 + 3600,
  sub: 'system:serviceaccount:ns:app',
  'kubernetes.io': { namespace: 'ns', serviceaccount: { name: 'app', uid: 'u-1' } },
});

/** Who a token is, by itself: undefined for nobody. Fails on a promise, as nothing here should need one. */
function whoIs(token: string): string | undefined {
  const verdict = tokens.authenticateToken(token, context);
  if (verdict instanceof Promise) throw new Error('a promise');
  expect(typeof verdict.code).toBe('string');
  return verdict.verdict === 'authenticated' ? verdict.user.name : undefined;
}

const KNOWN = ['tok-jane', 'abcdef.0123456789abcdef', good];
/** Text near what tokens look like: known tokens and pieces of them, joined with what separates. */
const nearToken = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...KNOWN,
        ...good.split('.'),
        'abcdef',
        '.',
        '..',
        ' ',
        '\t',
        ',',
        '=',
        '{',
        '{}',
        'e30',
      ),
      fc.string(),
    ),
    {
      maxLength: 5,
    },
  )
  .map((parts) => parts.join(''));

describe('made-up tokens', () => {
  it('are nobody unless they are the very tokens', { timeout: LONG }, () => {
    expect(KNOWN.map(whoIs)).toEqual(['jane', 'system:bootstrap:abcdef', 'system:serviceaccount:ns:app']);
    const made = fc.oneof(nearToken, fc.string({ unit: 'binary' }), fc.base64String());
    fc.assert(
      fc.property(made, (token) => {
        if (!KNOWN.includes(token)) expect(whoIs(token)).toBeUndefined();
      }),
      { numRuns: 25_000 },
    );
  });

  it('changed in one place no longer pass, but where base64 has bits to spare', { timeout: LONG }, () => {
    const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é'];
    const bytesOf = (token: string): string =>
      token
        .split('.')
        .map((part) => Buffer.from(part, 'base64url').toString('hex'))
        .join('.');
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.constantFrom(...alphabet),
        fc.constantFrom(0, 1),
        (at, char, cut) => {
          const changed = good.slice(0, at) + char + good.slice(at + cut);
          const who = whoIs(changed);
          if (who !== undefined) expect(bytesOf(changed)).toBe(bytesOf(good));
        },
      ),
      { numRuns: 15_000 },
    );
  });

  it('with any header and claims of their own do not pass without the key', { timeout: LONG }, () => {
    const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');
    const header = fc.record(
      {
        alg: fc.oneof(fc.constantFrom('none', 'ES256', 'HS256', 'RS256', '', '__proto__'), fc.anything()),
        kid: fc.oneof(fc.constant(key.kid), fc.anything()),
        jwk: fc.anything(),
        crit: fc.anything(),
      },
      { requiredKeys: [] },
    );
    const payload = fc.record(
      {
        iss: fc.oneof(fc.constantFrom(ISSUER, 'kubernetes/serviceaccount'), fc.anything()),
        aud: fc.anything(),
        exp: fc.anything(),
        'kubernetes.io': fc.anything(),
      },
      { requiredKeys: [] },
    );
    const signature = fc.oneof(fc.constant(good.split('.')[2]!), fc.base64String(), fc.constant(''));
    fc.assert(
      fc.property(header, payload, signature, (h, p, s) => {
        expect(whoIs(`${safely(() => b64(h))}.${safely(() => b64(p))}.${s}`)).toBeUndefined();
      }),
      { numRuns: 15_000 },
    );
  });

  it('with the key, but claims of any type, give the account named or nobody', { timeout: LONG }, () => {
    const signer = new TokenSigner(ISSUER, { current: () => key });
    const any = fc.oneof(
      fc.constantFrom('ns', 'app', 'u-1', '', null, 0, -1, Number.POSITIVE_INFINITY, [], {}),
      fc.jsonValue(),
    );
    const own = fc.record(
      {
        namespace: any,
        serviceaccount: fc.oneof(any, fc.record({ name: any, uid: any })),
        pod: any,
        node: any,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.record(
          { aud: any, exp: any, nbf: any, sub: any, jti: any, 'kubernetes.io': fc.oneof(any, own) },
          { requiredKeys: [] },
        ),
        (made) => {
          const who = whoIs(signer.sign(made));
          if (who !== undefined) expect(who).toBe('system:serviceaccount:ns:app');
        },
      ),
      { numRuns: 6000 },
    );
  });

  it('are taken apart without a crash', { timeout: LONG }, () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.jsonValue().map((v) => Buffer.from(JSON.stringify(v)).toString('base64url')),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const jwt = parseJwt(parts.join('.'));
        if (jwt) expect(typeof jwt.algorithm + typeof jwt.kid).toBe('stringstring');
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('made-up headers', () => {
  const blank = fc.constantFrom(' ', '  ', '\t', '\u00a0', '');
  const word = fc.oneof(
    fc.constantFrom('Bearer', 'bearer', 'BEARER', 'Bearer:', 'Basic', 'Token', 'tok-jane'),
    fc.string(),
  );
  const header = fc.array(fc.oneof(word, blank), { maxLength: 7 }).map((parts) => parts.join(''));

  it('of Authorization hold a token only where a plain reading finds it', { timeout: LONG }, () => {
    const bearer = new BearerAuthenticator(tokens);
    fc.assert(
      fc.property(header, (value) => {
        const trimmed = value.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '');
        const plain = /^bearer ([^ ]+)/i.exec(trimmed)?.[1] ?? '';
        expect(parseBearer(value).token).toBe(plain);
        const verdict = bearer.authenticate(requestOf({ authorization: value }));
        const known = KNOWN.includes(plain) ? 'authenticated' : plain === '' ? 'notMine' : 'refused';
        expect(verdict).toMatchObject({ verdict: known });
      }),
      { numRuns: 20_000 },
    );
  });

  it('of WebSocket protocols let nobody in by chance', { timeout: LONG }, () => {
    const websocket = new WebSocketBearerAuthenticator(tokens);
    const prefix = 'base64url.bearer.authorization.k8s.io.';
    const protocol = fc.oneof(
      fc.base64String().map((text) => prefix + text),
      fc.string(),
      fc.constantFrom(prefix, `${prefix}_w`, 'v4.channel.k8s.io'),
    );
    fc.assert(
      fc.property(
        fc.array(
          fc.array(protocol).map((list) => list.join(',')),
          { maxLength: 3 },
        ),
        (values) => {
          const headers = { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-protocol': values };
          expect(websocket.authenticate(requestOf(headers))).not.toMatchObject({ verdict: 'authenticated' });
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('of extras are decoded as Go does, or left as they are', { timeout: LONG }, () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(unescapeKey(encodeURIComponent(text))).toBe(text);
        const odd = `${text}%`;
        expect(unescapeKey(odd)).toBe(odd);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('made-up token files', () => {
  it('are read or refused, and come back as they were written', { timeout: LONG }, () => {
    const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
    const field = fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\n', '#', 'é') });
    fc.assert(
      fc.property(fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 4 }), (records) => {
        expect(parseCsv(records.map((record) => record.map(quoted).join(',')).join('\r\n'))).toEqual(records);
      }),
      { numRuns: 4000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\n', '\r') }), (text) => {
        try {
          parseCsv(text);
        } catch (error) {
          expect((error as Error).message).toContain('parse error on line');
        }
      }),
      { numRuns: 6000 },
    );
  });
});

describe('made-up certificates', () => {
  let root: Issued;
  let jane: Issued;
  const made = async (): Promise<void> => {
    root ??= await authority('kubernetes');
    jane ??= await client(root, [{ '2.5.4.10': ['dev'] }, { '2.5.4.3': ['jane'] }]);
  };
  const present = (certificates: Uint8Array[]) => {
    const pool = CertificatePool.fromPem(root.pem);
    return new ClientCertificateAuthenticator({ current: () => pool }).authenticate(
      requestOf({}, { certificates }),
    );
  };

  it('with bytes changed are jane or nobody', { timeout: LONG }, async () => {
    await made();
    expect(present([jane.der])).toMatchObject({ user: { name: 'jane', groups: ['dev'] } });
    fc.assert(
      fc.property(fc.nat(jane.der.length - 1), fc.nat(255), fc.nat(2), (at, byte, more) => {
        const changed = Uint8Array.from(jane.der);
        for (let i = 0; i <= more; i++) changed[(at + i * 7) % changed.length] = (byte + i) & 255;
        const verdict = present([changed]);
        if (verdict.verdict === 'authenticated')
          expect(verdict.user).toMatchObject({ name: 'jane', groups: ['dev'] });
      }),
      { numRuns: 8000 },
    );
  });

  it('of any bytes are refused', { timeout: LONG }, async () => {
    await made();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 120 }).map((rest) => Uint8Array.from([0x30, rest.length, ...rest])),
      fc.nat(jane.der.length).map((length) => jane.der.slice(0, length)),
    );
    fc.assert(
      fc.property(bytes, (der) => {
        if (der.length !== jane.der.length) expect(() => parseCertificate(der)).toThrow();
      }),
      { numRuns: 8000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (der) => {
        const reader = new DerReader(der);
        try {
          while (!reader.done) stringValue(reader.next());
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
        }
      }),
      { numRuns: 8000 },
    );
  });

  it('with any names give just these names', { timeout: LONG }, async () => {
    await made();
    const text = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(text, fc.array(text, { maxLength: 3 }), async (cn, groups) => {
        const subject = [
          ...groups.map((o) => ({ '2.5.4.10': [{ utf8String: o }] })),
          { '2.5.4.3': [{ utf8String: cn }] },
        ];
        expect(present([(await client(root, subject)).der])).toMatchObject({ user: { name: cn, groups } });
      }),
      { numRuns: 300 },
    );
  });
});

function safely(make: () => string): string {
  try {
    return make();
  } catch {
    return '';
  }
}
