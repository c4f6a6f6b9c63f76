import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answered, Apiserver, type Asked } from './support/apiserver.ts';
import { Canaries } from './support/canaries.ts';
import { goldenFolder, playGolden } from './support/golden.ts';

const issuerKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 });

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(claims: Record<string, unknown>, { privateKey } = issuerKey): string {
  const text = `${part({ alg: 'RS256', kid: 'k', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
}

/** An issuer and webhooks in one; the webhooks give what they were sent back where it does not belong. */
class Peer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(certFile: string, keyFile: string): Promise<Peer> {
    const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const peer = new Peer(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const [status, body] = peer.#answer(request.url ?? '', Buffer.concat(chunks).toString());
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
    return peer;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get issuer(): string {
    return `https://${this.address}/issuer`;
  }

  #answer(url: string, text: string): [number, unknown] {
    if (url === '/issuer/.well-known/openid-configuration')
      return [200, { issuer: this.issuer, jwks_uri: `${this.issuer}/keys` }];
    if (url === '/issuer/keys') {
      const jwk = issuerKey.publicKey.export({ format: 'jwk' });
      return [200, { keys: [{ ...jwk, kid: 'k', use: 'sig', alg: 'RS256' }] }];
    }
    const { spec } = JSON.parse(text) as { spec: { token?: string; user?: string } };
    if (url === '/tokens') {
      const { token = '' } = spec;
      if (token.startsWith('good-'))
        return [200, review({ authenticated: true, user: { username: 'hook' } })];
      // What a broken peer sends begins with the token, where a parser's complaint would show it.
      if (token.startsWith('echo-')) return [200, `${token} is not what I know`];
      return [200, review({ authenticated: false })];
    }
    return [
      200,
      { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', status: { allowed: false } },
    ];
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const review = (status: unknown) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status });

const kubeconfigOf = (server: string, user: Record<string, string>, caFile: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'c', cluster: { server, 'certificate-authority': caFile } }],
  users: [{ name: 'u', user }],
  contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'c',
});

describe.each([
  ['the text log', 'text', false],
  ['the JSON log, audited', 'json', true],
] as const)('no secret is seen again: %s', (_name, format, audited) => {
  const canaries = new Canaries();
  /** Bodies and headers of answers that are failures. */
  const refusals: string[] = [];
  let server: Apiserver;
  let peer: Peer;
  let flags: string[];
  let tokenFile: string;
  const file = (name: string, content: unknown): string => {
    const path = join(server.folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const ask = async (path: string, asked: Asked = {}): Promise<Answered> => {
    const answer = await server.ask(path, asked);
    if (answer.status >= 400) refusals.push(`${JSON.stringify(answer.headers)}\n${answer.body}`);
    return answer;
  };
  const whoami = (asked: Asked) =>
    ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', { method: 'POST', body: {}, ...asked });

  beforeAll(async () => {
    server = await Apiserver.prepare();
    const { ca, apiserver, serviceAccounts } = server.paths;
    canaries.pem('key of the CA', readFileSync(ca.keyFile, 'utf8'));
    canaries.pem('serving key', readFileSync(apiserver.keyFile, 'utf8'));
    canaries.pem('signing key', readFileSync(serviceAccounts.keyFile, 'utf8'));
    peer = await Peer.start(apiserver.certFile, apiserver.keyFile);
    const userinfo = canaries.make('password in a URL');
    tokenFile = file('tokens.csv', `${canaries.make('token of the file')},filed,1\n`);
    flags = [
      `--logging-format=${format}`,
      `--token-auth-file=${tokenFile}`,
      `--authentication-config=${file('authentication.yaml', {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AuthenticationConfiguration',
        jwt: [
          {
            issuer: {
              url: peer.issuer,
              audiences: ['us'],
              certificateAuthority: readFileSync(ca.certFile, 'utf8'),
            },
            claimMappings: { username: { claim: 'sub', prefix: '' } },
            claimValidationRules: [
              { expression: "claims.kind != 'bad'", message: 'the kind is bad' },
              { expression: "claims.deep.er != 'bad'", message: 'too deep' },
            ],
          },
        ],
      })}`,
      `--authentication-token-webhook-config-file=${file(
        'token-webhook.yaml',
        kubeconfigOf(
          `https://joe:${userinfo}@${peer.address}/tokens`,
          { token: canaries.make('token of the token webhook') },
          ca.certFile,
        ),
      )}`,
      '--authentication-token-webhook-version=v1',
      '--authorization-mode=Node,RBAC,Webhook',
      `--authorization-webhook-config-file=${file(
        'authorization-webhook.yaml',
        kubeconfigOf(
          `https://joe:${userinfo}@${peer.address}/authorize`,
          { username: 'joe', password: canaries.make('password of the authorization webhook') },
          ca.certFile,
        ),
      )}`,
      '--authorization-webhook-version=v1',
      ...(audited
        ? [
            `--audit-policy-file=${file('audit.yaml', {
              apiVersion: 'audit.k8s.io/v1',
              kind: 'Policy',
              rules: [{ level: 'Metadata' }],
            })}`,
            `--audit-log-path=${join(server.folder, 'audit.jsonl')}`,
          ]
        : []),
    ];
    await server.run(flags);
  });
  afterAll(async () => {
    peer?.stop();
    await server?.remove();
  });

  it('bearer tokens, known, unknown and mutilated', async () => {
    const known = readFileSync(tokenFile, 'utf8').split(',')[0]!;
    expect((await whoami({ token: known })).status).toBe(201);
    for (const token of [
      `${known}0`,
      known.slice(1),
      canaries.make('unknown token'),
      `good-${canaries.make('token the webhook knows')}`,
      `echo-${canaries.make('token the webhook gives back')}`,
      `${canaries.make('head that is no JSON')}.${canaries.make('claims that are no JSON')}.x`,
    ])
      await whoami({ token });
    await ask('/api/v1/namespaces/default/pods', { token: known });
    await ask(`/api/v1/pods?access_token=${canaries.make('token in a query')}`, { token: known });
    await ask(`/nowhere?a=b&access_token=${canaries.make('other token in a query')}`, { anonymous: true });
    const socket = Buffer.from(canaries.make('token in a subprotocol')).toString('base64url');
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    for (const protocol of [
      `base64url.bearer.authorization.k8s.io.${socket}, v1`,
      `base64url.bearer.authorization.k8s.io.${socket}`,
    ])
      await ask('/api/v1/pods?watch=true', {
        anonymous: true,
        headers: {
          ...upgrade,
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-protocol': protocol,
        },
      });
    const review = (token: string) =>
      ask('/apis/authentication.k8s.io/v1/tokenreviews', { method: 'POST', body: { spec: { token } } });
    for (const token of [
      known,
      canaries.make('reviewed token'),
      `echo-${canaries.make('reviewed and given back')}`,
    ]) {
      const { status, body } = await review(token);
      expect(status).toBe(201);
      // The spec is what was sent; the status must not repeat it.
      refusals.push(JSON.stringify(JSON.parse(body).status));
    }
  });

  it('basic passwords and cookies', async () => {
    const password = canaries.make('basic password');
    const basic = canaries.keep('basic credentials', Buffer.from(`joe:${password}`).toString('base64'));
    for (const path of ['/api/v1/pods', '/nowhere'])
      await ask(path, { anonymous: true, headers: { authorization: `Basic ${basic}` } });
    await ask('/api/v1/pods', { anonymous: true, headers: { cookie: `session=${canaries.make('cookie')}` } });
    await ask('/api/v1/pods', {
      anonymous: true,
      headers: { authorization: `Digest username="joe", response="${canaries.make('digest')}"` },
    });
  });

  it('tokens of ServiceAccounts, good, forged and dead', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await ask(accounts, { method: 'POST', body: { metadata: { name: 'canary' } } });
    const request = async (name: string, spec: unknown): Promise<string> => {
      const { status, body } = await ask(`${accounts}/canary/token`, { method: 'POST', body: { spec } });
      expect(status).toBe(201);
      return canaries.jwt(name, JSON.parse(body).status.token);
    };
    const good = await request('ServiceAccount token', {});
    const elsewhere = await request('ServiceAccount token for others', { audiences: ['vault'] });
    await ask('/api/v1/namespaces/default/secrets', {
      method: 'POST',
      body: {
        metadata: { name: 'legacy', annotations: { 'kubernetes.io/service-account.name': 'canary' } },
        type: 'kubernetes.io/service-account-token',
      },
    });
    let legacy: string | undefined;
    for (let tries = 0; legacy === undefined && tries < 200; tries++) {
      const { body } = await ask('/api/v1/namespaces/default/secrets/legacy');
      legacy = JSON.parse(body).data?.token;
      if (legacy === undefined) await new Promise((done) => setTimeout(done, 50));
    }
    const longLived = canaries.jwt('legacy token', Buffer.from(legacy!, 'base64').toString());
    const [head, claims, signature] = good.split('.') as [string, string, string];
    const tokens = [
      good,
      elsewhere,
      longLived,
      `${head}.${claims}.${[...signature].reverse().join('')}`,
      `${head}.${claims}`,
      `${head}.${claims.slice(0, -6)}.${signature}`,
      `${part({ alg: 'none' })}.${claims}.`,
    ];
    for (const token of tokens) {
      await whoami({ token });
      await ask('/api/v1/namespaces/kube-system/secrets', { token });
    }
    await ask(`${accounts}/canary`, { method: 'DELETE' });
    for (const token of tokens) await whoami({ token });
  });

  it('bootstrap tokens', async () => {
    const made = canaries.keep('bootstrap secret', randomBytes(8).toString('hex'));
    await ask('/api/v1/namespaces/kube-system/secrets', {
      method: 'POST',
      body: {
        metadata: { name: 'bootstrap-token-abcdef' },
        type: 'bootstrap.kubernetes.io/token',
        stringData: { 'token-id': 'abcdef', 'token-secret': made, 'usage-bootstrap-authentication': 'true' },
      },
    });
    const other = canaries.keep('other bootstrap secret', randomBytes(8).toString('hex'));
    expect((await whoami({ token: `abcdef.${made}` })).status).toBe(201);
    for (const token of [`abcdef.${other}`, `fedcba.${made}`, `abcdef.${made}0`]) await whoami({ token });
  });

  it('ID tokens, good and refused for every reason', async () => {
    const now = Math.floor(Date.now() / 1000);
    const good = { iss: peer.issuer, aud: 'us', exp: now + 600, iat: now, kind: 'good', deep: { er: 1 } };
    const variants: [Record<string, unknown>, typeof issuerKey?][] = [
      [{}],
      [{ exp: now - 600 }],
      [{ nbf: now + 600 }],
      [{ aud: 'them' }],
      [{ kind: 'bad' }],
      [{ deep: 'shallow' }],
      [{ sub: undefined }],
      [{ sub: { not: 'a text' } }],
      [{}, otherKey],
    ];
    let statuses = '';
    for (const [i, [claims, key]] of variants.entries()) {
      const sub = typeof claims['sub'] === 'object' || 'sub' in claims ? {} : { sub: 'dora' };
      const secret = canaries.make(`claim of ID token ${i}`);
      const token = signed({ ...good, ...sub, ...claims, secret }, key);
      statuses += ` ${(await whoami({ token: canaries.jwt(`ID token ${i}`, token) })).status}`;
    }
    expect(statuses).toBe(` 201${' 401'.repeat(variants.length - 1)}`);
  });

  it('data of Secrets, in bodies that are taken and in bodies that are refused', async () => {
    const secrets = '/api/v1/namespaces/default/secrets';
    const text = canaries.make('data of a Secret');
    const data = { key: Buffer.from(text).toString('base64') };
    const secret = (name: string, more: unknown) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      ...(more as object),
    });
    const post = (body: unknown, path = secrets) => ask(path, { method: 'POST', body });
    expect((await post(secret('plain', { data }))).status).toBe(201);
    expect((await post(secret('fixed', { data, immutable: true }))).status).toBe(201);
    const refused: unknown[] = [
      secret('plain', { data }),
      secret('Not_A_Name', { data }),
      secret('bad-key', { data: { 'no key': data.key } }),
      secret('no-base64', { data: { key: `!${text}` } }),
      secret('wrong-type', { data: { key: { [text]: 1 } } }),
      secret('docker', { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': data.key } }),
      secret('docker-text', {
        type: 'kubernetes.io/dockercfg',
        stringData: { '.dockercfg': `{"a": ${text}` },
      }),
      secret('tls', { type: 'kubernetes.io/tls', data }),
      secret('ssh', { type: 'kubernetes.io/ssh-auth', data }),
      secret('account', { type: 'kubernetes.io/service-account-token', data }),
      // A parser's complaint would show what stands around the fault.
      `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"torn"},"stringData":{"key":"${text}"`,
      `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"torn"},"stringData":{"key":${text}}}`,
      `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"twice"},"stringData":{"key":"${text}" "key":1}}`,
    ];
    for (const body of refused)
      expect((await post(body)).status, JSON.stringify(body)).toBeGreaterThanOrEqual(400);
    const yaml = (body: string) =>
      ask(secrets, { method: 'POST', body, headers: { 'content-type': 'application/yaml' } });
    const head = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: yaml\nstringData:\n';
    for (const rest of [
      `  key: "${text}\n`,
      `  key: ${text}: ${text}\n`,
      `  key: [${text}\n`,
      `\tkey: ${text}\n`,
    ])
      expect((await yaml(head + rest)).status).toBeGreaterThanOrEqual(400);
    const patch = (type: string, body: unknown, name = 'plain') =>
      ask(`${secrets}/${name}`, {
        method: 'PATCH',
        body,
        headers: { 'content-type': `application/${type}-patch+json` },
      });
    await patch('merge', { stringData: { key: canaries.make('data of a patch') } });
    await patch('merge', { data: { key: `!${canaries.make('no base64 in a patch')}` } });
    await patch('merge', { stringData: { key: canaries.make('data for what does not change') } }, 'fixed');
    await patch('merge', `{"data": {"key": ${canaries.make('torn patch')}`);
    await patch('json', [{ op: 'replace', path: '/data/none/deeper', value: canaries.make('JSON patch') }]);
    await patch('json', [{ op: 'test', path: '/data/key', value: canaries.make('test of a JSON patch') }]);
    await patch('strategic-merge', { data: [canaries.make('list in place of data')] });
    await ask(`${secrets}/plain?fieldManager=a`, {
      method: 'PATCH',
      body: JSON.stringify(secret('plain', { stringData: { key: canaries.make('applied data') } })),
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
    await ask(`${secrets}/fixed`, {
      method: 'PUT',
      body: secret('fixed', { data: {}, stringData: { key: canaries.make('data of an update') } }),
    });
    await ask(`${secrets}/plain`, {
      method: 'PUT',
      body: secret('plain', { metadata: { name: 'plain', resourceVersion: '1' }, data }),
    });
    await ask(`${secrets}?fieldValidation=Strict`, {
      method: 'POST',
      body: secret('strict', { stringdata: { key: text }, data }),
    });
    await ask('/api/v1/namespaces/nowhere/secrets', { method: 'POST', body: secret('plain', { data }) });
  });

  it('URLs with a password in them', async () => {
    const { status } = await ask('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
      method: 'POST',
      body: {
        metadata: { name: 'hook' },
        webhooks: [
          {
            name: 'a.example.com',
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
            clientConfig: {
              url: `https://joe:${canaries.make('password in the URL of a webhook')}@example.com/x`,
            },
          },
        ],
      },
    });
    expect(status).toBe(422);
    const password = canaries.make('password in a target');
    await ask(`https://joe:${password}@127.0.0.1:${server.port}/api/v1/pods`, { anonymous: true });
  });

  it('files that change for the worse, and peers that go away', async () => {
    const told = (name: string) => server.says(name);
    writeFileSync(tokenFile, `${canaries.make('token on a bad line')},nobody\n`);
    await told('tokens.csv');
    const { keyFile } = server.paths.apiserver;
    const key = readFileSync(keyFile, 'utf8').split('\n');
    writeFileSync(keyFile, [key[0], canaries.make('mutilated key'), ...key.slice(2)].join('\n'));
    await told('apiserver.');
    writeFileSync(
      join(server.folder, 'authentication.yaml'),
      `apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt: "${canaries.make('authentication configuration')}\n`,
    );
    await told('authentication.yaml');
    peer.stop();
    await whoami({ token: canaries.make('token nobody is there to know') });
    await ask('/api/v1/namespaces/default/pods', { token: readFileSync(tokenFile, 'utf8').split(',')[0]! });
    await ask('/api/v1/pods', { anonymous: true });
  });

  it('is in no log, decision record, refusal or metric', async () => {
    const records = await server.ask('/sallyport/v1/decisions?limit=100000&whyNot=true');
    expect(records.status).toBe(200);
    const { items } = JSON.parse(records.body) as { items: unknown[] };
    expect(items.length).toBeGreaterThan(90);
    const metrics = await server.ask('/metrics');
    expect(metrics.status).toBe(200);
    await server.end();
    expect(server.output).toContain('Unable to authenticate the request');
    expect(canaries.size).toBeGreaterThan(50);
    expect(canaries.leaks(server.output)).toEqual([]);
    expect(items.flatMap((item) => canaries.leaks(JSON.stringify(item)))).toEqual([]);
    expect(refusals.flatMap((text) => canaries.leaks(text))).toEqual([]);
    expect(canaries.leaks(metrics.body)).toEqual([]);
    if (!audited) return;
    const events = readFileSync(join(server.folder, 'audit.jsonl'), 'utf8');
    expect(events.split('\n').length).toBeGreaterThan(100);
    expect(canaries.leaks(events)).toEqual([]);
  });
});

describe('a start that is refused says what is wrong and shows no secret', () => {
  const canaries = new Canaries();
  let server: Apiserver;
  beforeAll(async () => {
    server = await Apiserver.prepare();
  });
  afterAll(() => server?.remove());

  const secret = canaries.make('secret of a bad file');
  const key = Buffer.from(secret).toString('base64');
  const encryption = (provider: string, value: string): string =>
    `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n  - ${provider}:\n      keys:\n      - name: a\n        secret: ${value}\n`;
  const kubeconfig = (rest: string): string =>
    `apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {server: "https://127.0.0.1:1/"}\nusers:\n- name: u\n  user:\n${rest}\ncontexts:\n- name: c\n  context: {cluster: c, user: u}\ncurrent-context: c\n`;
  const pem = (body: string): string => `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
  const webhook = 'authentication-token-webhook-config-file';
  const cases: [string, string, string][] = [
    ['a token without a user', 'token-auth-file', `${secret},joe\n`],
    ['a token in an open quote', 'token-auth-file', `"${secret},joe,1\n`],
    ['a quote in a token', 'token-auth-file', `${secret}",joe,1\n`],
    ['a webhook token that is torn', webhook, kubeconfig(`    token: "${secret}`)],
    ['a webhook token that is a mapping', webhook, kubeconfig(`    token: ${secret}: ${secret}`)],
    [
      'a webhook token beside a password',
      webhook,
      kubeconfig(`    token: ${secret}\n    username: u\n    password: ${secret}`),
    ],
    [
      'an authorizer token that is torn',
      'authorization-webhook-config-file',
      kubeconfig(`    token: "${secret}`),
    ],
    ['an audit token that is torn', 'audit-webhook-config-file', kubeconfig(`    token: "${secret}`)],
    ['a key of the wrong length', 'encryption-provider-config', encryption('aescbc', key.slice(0, 20))],
    ['a key that is no base64', 'encryption-provider-config', encryption('secretbox', `!${secret}`)],
    ['a key that is torn', 'encryption-provider-config', encryption('secretbox', `"${secret}`)],
    [
      'a key that is a mapping',
      'encryption-provider-config',
      encryption('aesgcm', `${secret}: ${secret}: ${secret}`),
    ],
    [
      'a field that nobody knows',
      'encryption-provider-config',
      encryption('aesgcm', `x\n        bogus: ${secret}`),
    ],
    ['a serving key that is none', 'tls-private-key-file', pem(secret)],
    ['a signing key that is none', 'service-account-signing-key-file', pem(secret)],
    ['a verification key that is none', 'service-account-key-file', pem(secret)],
  ];

  it.each(cases)('%s', async (_name, flag, content) => {
    const path = join(server.folder, 'bad.yaml');
    writeFileSync(path, content);
    const policy = join(server.folder, 'policy.yaml');
    writeFileSync(policy, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n');
    server.output = '';
    const more = flag.startsWith('authorization')
      ? ['--authorization-mode=Webhook']
      : flag.startsWith('audit')
        ? [`--audit-policy-file=${policy}`]
        : [];
    expect(await server.refuse([`--${flag}=${path}`, ...more])).toBe(1);
    expect(server.output).toMatch(/^Error: .+\n$/);
    expect(canaries.leaks(server.output)).toEqual([]);
  });
});

const golden = goldenFolder();
if (!golden)
  process.stderr.write('skipped: canaries in the recorded suites, as ../shared/golden is not there\n');

describe.skipIf(!golden)(
  'no token of the recorded suites stands in the log of the server that was asked',
  () => {
    const suites = ['authn', 'serviceaccounts', 'jwt-and-webhook'].flatMap((area) =>
      golden
        ? readdirSync(join(golden, 'suites', area)).map((name) => join(golden, 'suites', area, name))
        : [],
    );

    it.each(suites.map((path) => [path.replace(/^.*\/suites\//, ''), path] as const))(
      '%s',
      async (_name, path) => {
        const canaries = new Canaries();
        const JWT = /eyJ[\w-]*\.[\w-]+\.[\w-]+/g;
        const log = await playGolden(path, {
          answered: ({ token = '', answer }) => {
            for (const jwt of `${token} ${answer}`.match(JWT) ?? []) canaries.jwt('a JWT', jwt);
            if (/^[\w.-]{12,}$/.test(token)) canaries.keep('a token', token);
          },
        });
        for (const secret of readFileSync(path, 'utf8').match(/(?<="token-secret": ")[a-z0-9]{16}(?=")/g) ??
          [])
          canaries.keep('a bootstrap secret', secret);
        expect(log).not.toBe('');
        expect(canaries.leaks(log)).toEqual([]);
      },
    );
  },
);
