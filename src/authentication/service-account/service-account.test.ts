import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryClient } from '../../controllers/fixtures/memory-client.ts';
import type { AuthenticationVerdict } from '../../explain/verdict.ts';
import { refusalWords } from '../../explain/words/authentication.ts';
import type { KubeObject } from '../../meta/object.ts';
import { StatusError } from '../../meta/status.ts';
import type { VirtualContext } from '../../registry/virtual.ts';
import { createServiceAccountAuthenticator } from './authenticator.ts';
import { IssuerDiscovery } from './issuer-discovery.ts';
import { parseJwt, signJwt } from './jwt.ts';
import { KeySet, keyId, parsePrivateKeyPem, parsePublicKeysPem } from './keys.ts';
import { legacyTokenMaker } from './legacy-token.ts';
import { signingKey, TokenSigner } from './signer.ts';
import { TokenRequestResource } from './token-request.ts';

const ISSUER = 'https://kubernetes.default.svc';
const NOW = Date.parse('2026-06-01T12:00:00Z');
const SECONDS = NOW / 1000;

const pair = (type: 'rsa' | 'P-256' | 'P-384' | 'P-521') =>
  type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: type });
const rsa = pair('rsa');
const stranger = pair('rsa');
const ec = { 'P-256': pair('P-256'), 'P-384': pair('P-384'), 'P-521': pair('P-521') };
const keySet = new KeySet([
  rsa.publicKey,
  ec['P-256'].publicKey,
  ec['P-384'].publicKey,
  ec['P-521'].publicKey,
]);
const keys = { current: () => keySet, onChange: () => () => {} };
const rsaKey = signingKey(rsa.privateKey);
const kid = rsaKey.kid;

let client: MemoryClient;
let account: KubeObject;
let warnings: string[];
let annotations: Record<string, string>;

beforeEach(() => {
  client = new MemoryClient();
  account = client.put('serviceaccounts', { metadata: { name: 'app', namespace: 'ns' } });
  warnings = [];
  annotations = {};
});

const objects = () => ({
  listers: {
    serviceaccounts: client.lister({ group: '', resource: 'serviceaccounts' }),
    secrets: client.lister({ group: '', resource: 'secrets' }),
    pods: client.lister({ group: '', resource: 'pods' }),
    nodes: client.lister({ group: '', resource: 'nodes' }),
  },
});

function judge(
  token: string,
  more: { audiences?: string[]; now?: number; lookup?: boolean; issuers?: string[]; live?: any } = {},
) {
  const noted: string[] = [];
  const authenticator = createServiceAccountAuthenticator({
    issuers: more.issuers ?? [ISSUER],
    keys,
    apiAudiences: [ISSUER],
    objects: { ...objects(), ...(more.live ? { live: more.live } : {}) },
    lookup: more.lookup ?? true,
    noteUse: async (secret) => void noted.push(secret.metadata.name!),
  });
  const context = {
    audiences: more.audiences ?? [ISSUER],
    now: more.now ?? NOW,
    warn: (text: string) => warnings.push(text),
    annotate: (key: string, value: string) => {
      annotations[key] = value;
    },
  };
  return { verdict: authenticator.authenticateToken(token, context), noted };
}

/** The words of a refusal, the code of what is not ours, the name of who is recognised. */
function outcome(verdict: AuthenticationVerdict | Promise<AuthenticationVerdict>): string {
  if (verdict instanceof Promise) throw new Error('a promise where none is needed');
  if (verdict.verdict === 'authenticated') return verdict.user.name;
  return verdict.verdict === 'notMine' ? verdict.code : refusalWords(verdict);
}

const claims = (
  more: Record<string, unknown> = {},
  own: Record<string, unknown> = {},
): Record<string, unknown> => ({
  iss: ISSUER,
  aud: [ISSUER],
  sub: 'system:serviceaccount:ns:app',
  iat: SECONDS,
  nbf: SECONDS,
  exp: SECONDS + 3600,
  jti: 'id-1',
  'kubernetes.io': { namespace: 'ns', serviceaccount: { name: 'app', uid: account.metadata.uid }, ...own },
  ...more,
});
const signed = (payload: object, header = { alg: 'RS256', kid }, key: KeyObject = rsa.privateKey): string =>
  signJwt(payload, header, key);
const APP = 'system:serviceaccount:ns:app';

describe('a bound token', () => {
  it('is its account, with the id of the credential', () => {
    expect(judge(signed(claims())).verdict).toMatchObject({
      verdict: 'authenticated',
      audiences: [ISSUER],
      user: {
        name: APP,
        uid: account.metadata.uid,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=id-1'] },
      },
    });
    expect(judge(signed(claims({ jti: undefined, sub: 'alice' }))).verdict).not.toHaveProperty('user.extra');
  });

  it('may be signed by any asymmetric algorithm that its key can do', () => {
    for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) {
      expect(outcome(judge(signed(claims(), { alg, kid })).verdict)).toBe(APP);
    }
    for (const [curve, alg] of [
      ['P-256', 'ES256'],
      ['P-384', 'ES384'],
      ['P-521', 'ES512'],
    ] as const) {
      const key = ec[curve];
      expect(
        outcome(judge(signed(claims(), { alg, kid: keyId(key.publicKey) }, key.privateKey)).verdict),
      ).toBe(APP);
      expect(outcome(judge(signed(claims(), { alg, kid: '' }, key.privateKey)).verdict)).toBe(APP);
    }
  });

  it('is not taken with a signature that is none of ours', () => {
    const crypto = 'go-jose/go-jose: error in cryptographic primitive';
    const good = signed(claims());
    const [header, payload] = good.split('.') as [string, string];
    const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(outcome(judge(signed(claims(), { alg: 'RS256', kid }, stranger.privateKey)).verdict)).toBe(crypto);
    expect(outcome(judge(`${good}AAAA`).verdict)).toBe(crypto);
    expect(outcome(judge(`${header}.${payload}.`).verdict)).toBe(crypto);
    expect(outcome(judge(`${b64({ alg: 'none', kid })}.${payload}.`).verdict)).toBe(crypto);
    expect(outcome(judge(`${b64({ alg: 'HS256', kid })}.${payload}.AAAA`).verdict)).toBe(crypto);
    expect(outcome(judge(`${b64({ alg: 'constructor', kid })}.${payload}.AAAA`).verdict)).toBe(crypto);
    expect(outcome(judge(signed(claims(), { alg: 'RS256', kid: 'nope' })).verdict)).toBe(
      'invalid signature, no keys found',
    );
    const critical = signed(claims(), { alg: 'RS256', kid, crit: ['exp'], exp: 1 } as never);
    expect(outcome(judge(critical).verdict)).toBe(crypto);
    const ofEc = signed(claims(), { alg: 'RS256', kid: keyId(ec['P-256'].publicKey) });
    expect(outcome(judge(ofEc).verdict)).toBe(crypto);
  });

  it.each([
    ['not ours', () => claims({ iss: `${ISSUER}/` }), 'SA_OTHER_ISSUER'],
    ['without issuer', () => claims({ iss: undefined }), 'SA_OTHER_ISSUER'],
    ['issuer a list', () => claims({ iss: [ISSUER] }), 'SA_OTHER_ISSUER'],
    ['expired', () => claims({ exp: SECONDS - 61 }), 'service account token has expired'],
    ['expired within the leeway', () => claims({ exp: SECONDS - 59 }), APP],
    ['of 1970', () => claims({ exp: 0 }), 'service account token has expired'],
    ['not yet valid', () => claims({ nbf: SECONDS + 61 }), 'service account token is not valid yet'],
    ['from the future', () => claims({ iat: SECONDS + 61 }), 'service account token is issued in the future'],
    ['without times', () => claims({ exp: undefined, nbf: undefined, iat: undefined }), APP],
    ['without audience', () => claims({ aud: undefined }), APP],
    ['with one audience', () => claims({ aud: ISSUER }), APP],
    [
      'for others',
      () => claims({ aud: ['a', 'b'] }),
      `token audiences ["a" "b"] is invalid for the target audiences ["${ISSUER}"]`,
    ],
    [
      'with a number for an id',
      () => claims({ jti: 5 }),
      'json: cannot unmarshal number into Go value of type string',
    ],
    [
      'with a text for a time',
      () => claims({ exp: '5' }),
      'go-jose/go-jose/jwt: expected number value to unmarshal NumericDate',
    ],
    [
      'with an audience of numbers',
      () => claims({ aud: [1] }),
      'go-jose/go-jose/jwt: expected string or array value to unmarshal to Audience',
    ],
    [
      'of a missing account',
      () => claims({ 'kubernetes.io': { namespace: 'ns', serviceaccount: { name: 'x', uid: 'u' } } }),
      'serviceaccounts "x" not found',
    ],
    ['of nobody', () => claims({ 'kubernetes.io': {} }), 'resource name may not be empty'],
  ])('%s', (_, made, words) => {
    expect(outcome(judge(signed(made())).verdict)).toBe(words);
  });

  it('needs the very account it was made for', () => {
    const token = signed(claims());
    const { uid } = client.put('serviceaccounts', { metadata: { name: 'app', namespace: 'ns' } }).metadata;
    expect(outcome(judge(token).verdict)).toBe(
      `service account UID (${uid}) does not match claim (${account.metadata.uid})`,
    );
  });

  it('counts for a minute after the deletion of what holds a finalizer', () => {
    const deleted = (secondsAgo: number) =>
      new Date(NOW - secondsAgo * 1000).toISOString().replace('.000', '');
    const { uid } = account.metadata;
    client.put('serviceaccounts', {
      metadata: { name: 'app', namespace: 'ns', uid: uid!, deletionTimestamp: deleted(59) },
    });
    expect(outcome(judge(signed(claims())).verdict)).toBe(APP);
    client.put('serviceaccounts', {
      metadata: { name: 'app', namespace: 'ns', uid: uid!, deletionTimestamp: deleted(61) },
    });
    expect(outcome(judge(signed(claims())).verdict)).toBe('service account ns/app has been deleted');
  });

  it('rests on the Secret, Pod or Node it is bound to', () => {
    const pod = client.put('pods', { metadata: { name: 'p', namespace: 'ns' } }).metadata.uid!;
    const secret = client.put('secrets', { metadata: { name: 's', namespace: 'ns' } }).metadata.uid!;
    const node = client.put('nodes', { metadata: { name: 'n' } }).metadata.uid!;
    const said = (own: object) => outcome(judge(signed(claims({}, own as never))).verdict);
    expect(said({ pod: { name: 'p', uid: pod } })).toBe(APP);
    expect(said({ pod: { name: 'p', uid: 'x' } })).toBe(
      `pod UID (${pod}) does not match service account pod ref claim (x)`,
    );
    expect(said({ secret: { name: 's', uid: secret } })).toBe(APP);
    expect(said({ secret: { name: 's', uid: 'x' } })).toBe(
      `secret UID (${secret}) does not match service account secret ref claim (x)`,
    );
    expect(said({ node: { name: 'n', uid: node } })).toBe(APP);
    expect(said({ node: { name: 'n', uid: 'x' } })).toBe(
      `node UID (${node}) does not match service account node ref claim (x)`,
    );
    for (const kind of ['pod', 'secret', 'node']) {
      expect(said({ [kind]: { name: 'gone', uid: 'x' } })).toBe('service account token has been invalidated');
    }
    const placed = judge(
      signed(claims({}, { pod: { name: 'p', uid: pod }, node: { name: 'anything', uid: 'x' } })),
    ).verdict;
    expect(placed).toMatchObject({
      user: {
        extra: {
          'authentication.kubernetes.io/node-name': ['anything'],
          'authentication.kubernetes.io/node-uid': ['x'],
          'authentication.kubernetes.io/pod-name': ['p'],
          'authentication.kubernetes.io/pod-uid': [pod],
        },
      },
    });
  });

  it('leaves a trace when it is used for longer than it was asked for', () => {
    judge(signed(claims({}, { warnafter: SECONDS - 10 })));
    expect(annotations['authentication.k8s.io/stale-token']).toBe(
      `subject: ${APP}, seconds after warning threshold: 10`,
    );
  });

  it('answers the wanted audiences it has, in the order wanted', () => {
    const token = signed(claims({ aud: ['vault', ISSUER, 'third'] }));
    expect(judge(token, { audiences: ['third', 'vault', 'none'] }).verdict).toMatchObject({
      audiences: ['third', 'vault'],
    });
  });

  it('asks the store for what the watch cache does not have yet', async () => {
    const token = signed(
      claims({ 'kubernetes.io': { namespace: 'ns', serviceaccount: { name: 'new', uid: 'u-9' } } }),
    );
    const asked: string[] = [];
    const live = async (resource: string, namespace: string, name: string) => {
      asked.push(`${resource}/${namespace}/${name}`);
      return { metadata: { name, namespace, uid: 'u-9' } };
    };
    expect(await judge(token, { live }).verdict).toMatchObject({
      user: { name: 'system:serviceaccount:ns:new' },
    });
    expect(asked).toEqual(['serviceaccounts/ns/new']);
    expect(judge(signed(claims()), { live }).verdict).not.toBeInstanceOf(Promise);
  });
});

describe('a legacy token', () => {
  const make = (): string =>
    legacyTokenMaker({ current: () => rsaKey })({
      namespace: 'ns',
      name: 'app',
      uid: account.metadata.uid!,
      secret: 's',
    });
  const keep = (token: string, labels: Record<string, string> = {}) =>
    client.put('secrets', {
      metadata: { name: 's', namespace: 'ns', labels },
      data: { token: Buffer.from(token).toString('base64') },
    });

  it('is its account while its Secret holds it, and its use is noted before the answer', async () => {
    const token = make();
    keep(token);
    const { verdict, noted } = judge(token);
    expect(await verdict).toMatchObject({
      verdict: 'authenticated',
      user: { name: APP },
      audiences: [ISSUER],
    });
    expect(await verdict).not.toHaveProperty('user.extra');
    expect(noted).toEqual(['s']);
    keep(token, { 'kubernetes.io/legacy-token-last-used': '2026-06-01' });
    expect(judge(token).verdict).not.toBeInstanceOf(Promise);
  });

  it('warns where the account lists its Secret', async () => {
    const token = make();
    keep(token);
    client.put('serviceaccounts', { metadata: { ...account.metadata }, secrets: [{ name: 's' }] });
    await judge(token).verdict;
    expect(warnings).toEqual([
      'Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.',
    ]);
    expect(annotations).toHaveProperty(['authentication.k8s.io/legacy-token-autogenerated-secret'], 's');
  });

  it('is refused, each time with its words', async () => {
    const token = make();
    const words = async () => {
      const verdict = await judge(token).verdict;
      return outcome(verdict);
    };
    expect(await words()).toBe('Token has been invalidated');
    keep('another');
    expect(await words()).toBe("Token does not match server's copy");
    keep(token, { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' });
    expect(await words()).toContain(
      'the token in secret ns/s for service account ns/app has been marked invalid.',
    );
    keep(token);
    client.put('serviceaccounts', { metadata: { name: 'app', namespace: 'ns', uid: 'other' } });
    expect(await words()).toBe(`ServiceAccount UID (other) does not match claim (${account.metadata.uid})`);
    client.lister({ group: '', resource: 'serviceaccounts' }).remove('ns', 'app');
    expect(await words()).toBe('serviceaccounts "app" not found');
  });

  it('needs every claim', () => {
    const all: Record<string, unknown> = {
      iss: 'kubernetes/serviceaccount',
      sub: APP,
      'kubernetes.io/serviceaccount/namespace': 'ns',
      'kubernetes.io/serviceaccount/secret.name': 's',
      'kubernetes.io/serviceaccount/service-account.name': 'app',
      'kubernetes.io/serviceaccount/service-account.uid': 'u',
    };
    const without = (claim: string) => outcome(judge(signed({ ...all, [claim]: undefined })).verdict);
    expect(without('sub')).toBe('sub claim is missing');
    expect(without('kubernetes.io/serviceaccount/namespace')).toBe('namespace claim is missing');
    expect(without('kubernetes.io/serviceaccount/secret.name')).toBe('secretName claim is missing');
    expect(without('kubernetes.io/serviceaccount/service-account.name')).toBe(
      'serviceAccountName claim is missing',
    );
    expect(without('kubernetes.io/serviceaccount/service-account.uid')).toBe(
      'serviceAccountUID claim is missing',
    );
    expect(outcome(judge(signed({ ...all, sub: 'alice' })).verdict)).toBe('sub claim is invalid');
    expect(outcome(judge(signed({ ...all, exp: 1 }), { lookup: false }).verdict)).toBe(APP);
  });

  it('may bear the issuer of bound tokens where somebody gave it as one', async () => {
    const token = signed(claims({ iss: 'kubernetes/serviceaccount' }));
    expect(outcome(await judge(token).verdict)).toBe('namespace claim is missing');
    expect(outcome(await judge(token, { issuers: ['kubernetes/serviceaccount'] }).verdict)).toBe(APP);
  });
});

describe('key files', () => {
  const pem = (key: KeyObject, type: string): string =>
    key.export({ type: type as 'spki', format: 'pem' }) as string;

  it('give every public key, the public half of private keys, and pass over the rest', () => {
    const file = [
      pem(rsa.publicKey, 'spki'),
      '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n',
      pem(ec['P-256'].privateKey, 'sec1'),
      pem(stranger.privateKey, 'pkcs1'),
      pem(ec['P-384'].privateKey, 'pkcs8'),
    ].join('some words\n');
    expect(parsePublicKeysPem(file).map(keyId)).toEqual(
      [rsa, ec['P-256'], stranger, ec['P-384']].map((key) => keyId(key.publicKey)),
    );
    expect(keyId(createPublicKey(parsePrivateKeyPem(file)))).toBe(keyId(ec['P-256'].publicKey));
  });

  it('without a key are refused', () => {
    expect(() => parsePublicKeysPem('')).toThrow('data does not contain any valid RSA or ECDSA public keys');
    expect(() => parsePrivateKeyPem(pem(rsa.publicKey, 'spki'))).toThrow(
      'data does not contain a valid RSA or ECDSA private key',
    );
    const ed = generateKeyPairSync('ed25519');
    expect(() => parsePublicKeysPem(pem(ed.publicKey, 'spki'))).toThrow('data does not contain any valid');
  });
});

describe('TokenRequest', () => {
  const signer = new TokenSigner(ISSUER, { current: () => rsaKey });
  const ask = async (
    spec: Record<string, unknown> = {},
    more: { metadata?: object; max?: number; extend?: boolean; name?: string; audiences?: string[] } = {},
  ) => {
    const resource = new TokenRequestResource({
      client,
      signer,
      apiAudiences: more.audiences ?? [ISSUER],
      maxExpirationSeconds: more.max ?? 0,
      extendExpiration: more.extend ?? true,
      newId: () => 'id-1',
    });
    const context: VirtualContext = {
      user: { name: 'admin', groups: [] },
      namespace: 'ns',
      name: more.name ?? 'app',
      now: NOW,
      dryRun: false,
      warn: (text) => warnings.push(text),
      annotate: (key, value) => {
        annotations[key] = value;
      },
      admit: async () => {},
    };
    const answer = await resource.create({ metadata: { ...more.metadata }, spec } as KubeObject, context);
    return { answer, payload: parseJwt(answer.status.token)!.claims as Record<string, any> };
  };
  const failure = async (asked: Promise<unknown>) => {
    const error = await asked.then(
      () => undefined,
      (e: unknown) => e,
    );
    return error instanceof StatusError ? `${error.code} ${error.status.message}` : error;
  };

  it('answers a token of the account for the API', async () => {
    const { answer, payload } = await ask();
    expect(payload).toEqual({
      aud: [ISSUER],
      exp: SECONDS + 3600,
      iat: SECONDS,
      iss: ISSUER,
      jti: 'id-1',
      'kubernetes.io': { namespace: 'ns', serviceaccount: { name: 'app', uid: account.metadata.uid } },
      nbf: SECONDS,
      sub: APP,
    });
    expect(answer).toMatchObject({
      metadata: {
        name: 'app',
        namespace: 'ns',
        uid: account.metadata.uid,
        creationTimestamp: '2026-06-01T12:00:00Z',
      },
      spec: { audiences: [ISSUER], expirationSeconds: 3600, boundObjectRef: null },
      status: { expirationTimestamp: '2026-06-01T13:00:00Z' },
    });
    expect(annotations['authentication.kubernetes.io/issued-credential-id']).toBe('JTI=id-1');
    expect(outcome(judge(answer.status.token).verdict)).toBe(APP);
    expect(Buffer.from(answer.status.token.split('.')[0], 'base64url').toString()).toBe(
      `{"alg":"RS256","kid":"${kid}"}`,
    );
  });

  it('checks in the order of kube-apiserver', async () => {
    expect(await failure(ask({}, { metadata: { name: 'x' }, name: 'ghost' }))).toMatch(
      /^422 .*"ghost" is invalid: metadata.name/,
    );
    expect(await failure(ask({}, { name: 'ghost', metadata: { uid: 'x' } }))).toBe(
      '404 serviceaccounts "ghost" not found',
    );
    expect(await failure(ask({ expirationSeconds: 1 }, { metadata: { uid: 'x' } }))).toMatch(
      /^409 Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "app": the UID in the token request \(x\)/,
    );
    const pod = { kind: 'Pod', name: 'nope' };
    expect(await failure(ask({ expirationSeconds: 0, boundObjectRef: pod }))).toBe(
      '422 TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 0: may not specify a duration less than 10 minutes',
    );
    expect(await failure(ask({ expirationSeconds: 2 ** 32 + 1 }))).toMatch(
      /may not specify a duration larger than 2\^32 seconds$/,
    );
    expect(await failure(ask({ boundObjectRef: pod }))).toBe('404 pods "nope" not found');
    expect(await failure(ask({ boundObjectRef: { kind: 'Pod' } }))).toBe('400 Name parameter required.');
    expect(await failure(ask({ boundObjectRef: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' } }))).toBe(
      '400 cannot bind token to object of type /v1, Kind=ConfigMap',
    );
    expect(await failure(ask({ boundObjectRef: { apiVersion: 'apps/v1', kind: 'Pod', name: 'x' } }))).toBe(
      '400 cannot bind token to object of type apps/v1, Kind=Pod',
    );
  });

  it('binds to Pods of the account with their node, to Secrets and to Nodes', async () => {
    const uid = client.put('pods', {
      metadata: { name: 'p', namespace: 'ns' },
      spec: { serviceAccountName: 'app', nodeName: 'n' },
    }).metadata.uid;
    client.put('pods', { metadata: { name: 'q', namespace: 'ns' }, spec: { serviceAccountName: 'db' } });
    const secret = client.put('secrets', { metadata: { name: 's', namespace: 'ns' } }).metadata.uid;
    const bound = async (ref: object) => (await ask({ boundObjectRef: ref })).payload['kubernetes.io'];
    expect(await bound({ kind: 'Pod', name: 'p' })).toMatchObject({
      pod: { name: 'p', uid },
      node: { name: 'n' },
    });
    const node = client.put('nodes', { metadata: { name: 'n' } }).metadata.uid;
    expect(await bound({ kind: 'Pod', name: 'p', uid })).toMatchObject({
      pod: { name: 'p', uid },
      node: { name: 'n', uid: node },
    });
    expect(await bound({ kind: 'Secret', name: 's' })).toMatchObject({ secret: { name: 's', uid: secret } });
    expect(await bound({ kind: 'Node', name: 'n' })).toMatchObject({ node: { name: 'n', uid: node } });
    expect(await failure(ask({ boundObjectRef: { kind: 'Pod', name: 'q' } }))).toBe(
      '400 cannot bind token for serviceaccount "app" to pod running with different serviceaccount name.',
    );
    expect(await failure(ask({ boundObjectRef: { kind: 'Node', name: 'n', uid: 'x' } }))).toMatch(
      /^409 Operation cannot be fulfilled on Node "n": the UID in the bound object reference \(x\) does not match/,
    );
  });

  it('lets the token of a Pod live for a year where it was asked for as kubelets do', async () => {
    client.put('pods', { metadata: { name: 'p', namespace: 'ns' }, spec: { serviceAccountName: 'app' } });
    const boundObjectRef = { kind: 'Pod', name: 'p' };
    const long = await ask({ boundObjectRef, expirationSeconds: 3607 });
    expect(long.payload.exp).toBe(SECONDS + 31_536_000);
    expect(long.payload['kubernetes.io'].warnafter).toBe(SECONDS + 3607);
    expect(long.answer.status.expirationTimestamp).toBe('2026-06-01T13:00:07Z');
    const cases: [object, object][] = [
      [{ expirationSeconds: 3607 }, {}],
      [{ boundObjectRef, expirationSeconds: 3608 }, {}],
      [{ boundObjectRef, expirationSeconds: 3607, audiences: [ISSUER, 'vault'] }, {}],
      [{ boundObjectRef, expirationSeconds: 3607 }, { extend: false }],
    ];
    for (const [spec, more] of cases) {
      expect((await ask(spec as Record<string, unknown>, more)).payload['kubernetes.io']).not.toHaveProperty(
        'warnafter',
      );
    }
  });

  it('shortens what is asked for to the limit, and says so', async () => {
    const { answer, payload } = await ask({ expirationSeconds: 10_000 }, { max: 7200 });
    expect([payload.exp, answer.spec.expirationSeconds]).toEqual([SECONDS + 7200, 7200]);
    expect(warnings).toEqual(['requested expiration of 10000 seconds shortened to 7200 seconds']);
  });
});

describe("the issuer's documents", () => {
  const discovery = (issuer = ISSUER, jwksUri = '') =>
    new IssuerDiscovery({ issuer, jwksUri, keys, externalAddress: '10.0.0.1:6443' });
  const answer = (path: string, accept?: string, method = 'GET') => {
    const got = discovery().handle(method, path, accept);
    return got instanceof StatusError ? `${got.code} ${got.status.message}` : got;
  };

  it('name the issuer, its keys and their algorithms', () => {
    const got = answer('/.well-known/openid-configuration', 'application/json');
    expect(got).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=3600' },
    });
    expect((got as { body: string }).body).toBe(
      `{"issuer":"${ISSUER}","jwks_uri":"https://10.0.0.1:6443/openid/v1/jwks","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["ES256","ES384","ES512","RS256"]}`,
    );
    const { keys: list } = JSON.parse((answer('/openid/v1/jwks/', '*/*') as { body: string }).body);
    expect(list.map((key: any) => [key.kty, key.alg, key.use])).toEqual([
      ['RSA', 'RS256', 'sig'],
      ['EC', 'ES256', 'sig'],
      ['EC', 'ES384', 'sig'],
      ['EC', 'ES512', 'sig'],
    ]);
    expect(list[0].kid).toBe(kid);
  });

  it('are given only in their own type, by GET, on their own path', () => {
    expect(answer('/openid/v1/jwks', 'application/json')).toBe(
      '406 406: Not Acceptable\n\nAvailable representations: application/jwk-set+json',
    );
    expect(answer('/openid/v1/jwks', 'application/json, */*;q=0.5')).toMatchObject({ status: 200 });
    expect(answer('/openid/v1/jwks', undefined)).toMatchObject({ status: 200 });
    expect(answer('/openid/v1/jwks', '*/*', 'DELETE')).toMatch(/^405 /);
    expect(answer('/openid/v1/jwks/x')).toMatch(/^404 /);
    expect(answer('/openid/v1/other')).toBeUndefined();
  });

  it('are not there for an issuer that OpenID would not take', () => {
    for (const issuer of ['http://a', 'plain-name', 'https://a?x', 'https://a#x']) {
      expect(discovery(issuer).paths()).toEqual([]);
      expect(discovery(issuer).handle('GET', '/openid/v1/jwks', '*/*')).toBeUndefined();
    }
  });
});
