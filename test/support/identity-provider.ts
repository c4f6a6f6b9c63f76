import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { issue, SERVER_AUTH, x509 } from '../../src/authentication/fixtures/certificates.ts';

export interface Person {
  email: string;
  groups: string[];
}

/** A certified OIDC provider on loopback, over HTTPS, with people who may sign in by any password. */
export class IdentityProvider {
  readonly clientId = 'kubernetes';
  /** PEM of the authority that its certificate is of. */
  readonly ca: string;
  readonly #server: Server;
  readonly #people: Map<string, Person>;
  readonly #records = new Map<string, Stored>();
  readonly #cookieKeys = [randomBytes(16).toString('hex')];
  #handle: ReturnType<Provider['callback']> = async () => {};
  /** How long its ID tokens hold. */
  idTokenSeconds = 45;
  /** Requests by path. */
  readonly seen: string[] = [];

  private constructor(server: Server, ca: string, people: Record<string, Person>) {
    this.#server = server;
    this.ca = ca;
    this.#people = new Map(Object.entries(people));
  }

  static async start(people: Record<string, Person>): Promise<IdentityProvider> {
    const ca = await issue({ subject: 'CN=identity provider', ca: true });
    const extensions = [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])];
    const issued = await issue({ subject: 'CN=127.0.0.1', issuer: ca, usages: [SERVER_AUTH], extensions });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', issued.keys.privateKey));
    const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
    let provider: IdentityProvider | undefined;
    const server = createServer({ key, cert: issued.pem }, (request, response) => {
      provider!.seen.push(request.url ?? '');
      void provider!.#handle(request, response);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    provider = new IdentityProvider(server, ca.pem, people);
    provider.rotateKeys();
    return provider;
  }

  get issuer(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Signs with a new key from now on, and publishes no other. Sessions and grants go on. */
  rotateKeys(): void {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = {
      ...privateKey.export({ format: 'jwk' }),
      kid: randomBytes(8).toString('hex'),
      use: 'sig',
      alg: 'RS256',
    };
    const provider = new Provider(this.issuer, this.#configuration([key]));
    this.#handle = provider.callback();
  }

  /** The person is not known any more: nobody signs in as them, and nothing is refreshed. */
  revoke(login: string): void {
    this.#people.delete(login);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #configuration(keys: unknown[]): Record<string, unknown> {
    return {
      adapter: recordsIn(this.#records),
      clients: [
        {
          client_id: this.clientId,
          application_type: 'native',
          token_endpoint_auth_method: 'none',
          redirect_uris: ['http://127.0.0.1/callback'],
          response_types: ['code'],
          grant_types: [
            'authorization_code',
            'refresh_token',
            'urn:ietf:params:oauth:grant-type:device_code',
          ],
        },
      ],
      jwks: { keys },
      cookies: { keys: this.#cookieKeys },
      claims: { openid: ['sub', 'email', 'email_verified', 'groups'] },
      scopes: ['openid', 'offline_access'],
      conformIdTokenClaims: false,
      features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
      ttl: {
        IdToken: () => this.idTokenSeconds,
        AccessToken: 300,
        AuthorizationCode: 60,
        DeviceCode: 120,
        RefreshToken: 3600,
        Session: 3600,
        Grant: 3600,
        Interaction: 600,
      },
      findAccount: (_context: unknown, login: string) => {
        const person = this.#people.get(login);
        if (!person) return undefined;
        return { accountId: login, claims: () => ({ sub: login, email_verified: true, ...person }) };
      },
    };
  }
}

interface Stored {
  payload: Record<string, unknown>;
  ends: number;
}

/** A store that outlives the providers made over it. */
function recordsIn(records: Map<string, Stored>) {
  const find = (key: string): Record<string, unknown> | undefined => {
    const stored = records.get(key);
    return stored && stored.ends > Date.now() ? stored.payload : undefined;
  };
  const by = (kind: string, name: string, value: string): Record<string, unknown> | undefined => {
    for (const key of records.keys()) {
      const payload = key.startsWith(`${kind}:`) ? find(key) : undefined;
      if (payload?.[name] === value) return payload;
    }
    return undefined;
  };
  return class {
    readonly kind: string;
    constructor(kind: string) {
      this.kind = kind;
    }
    async upsert(id: string, payload: Record<string, unknown>, seconds?: number) {
      records.set(`${this.kind}:${id}`, { payload, ends: Date.now() + (seconds ?? 3600) * 1000 });
    }
    async find(id: string) {
      return find(`${this.kind}:${id}`);
    }
    async findByUid(uid: string) {
      return by(this.kind, 'uid', uid);
    }
    async findByUserCode(userCode: string) {
      return by(this.kind, 'userCode', userCode);
    }
    async consume(id: string) {
      const payload = find(`${this.kind}:${id}`);
      if (payload) payload['consumed'] = Math.floor(Date.now() / 1000);
    }
    async destroy(id: string) {
      records.delete(`${this.kind}:${id}`);
    }
    async revokeByGrantId(grantId: string) {
      for (const [key, { payload }] of records) if (payload['grantId'] === grantId) records.delete(key);
    }
  };
}
