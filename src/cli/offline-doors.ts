import { readFileSync } from 'node:fs';
import { AnonymousAuthenticator } from '../authentication/anonymous.ts';
import { forApiAudiences } from '../authentication/audiences.ts';
import type { AuthenticationOutcome, TokenAuthenticator } from '../authentication/authenticator.ts';
import { BearerAuthenticator } from '../authentication/bearer.ts';
import { AuthenticationChain } from '../authentication/chain.ts';
import { createExternalAuthentication } from '../authentication/config/external-authentication.ts';
import { loadAuthenticationConfiguration } from '../authentication/config/load.ts';
import { apiAudiencesOf, defaultAuthenticationOptions } from '../authentication/flags.ts';
import { MadeUpIssuer } from '../authentication/oidc/made-up-issuer.ts';
import { createServiceAccountAuthenticator } from '../authentication/service-account/authenticator.ts';
import { parseJwt, unverifiedIssuer } from '../authentication/service-account/jwt.ts';
import { KeySet, parsePublicKeysPem } from '../authentication/service-account/keys.ts';
import { TokenChain } from '../authentication/token-chain.ts';
import { parseTokenFile, TokenFileAuthenticator } from '../authentication/token-file.ts';
import { CertificatePool, parseCertificatesPem } from '../authentication/x509/pool.ts';
import { ClientCertificateAuthenticator } from '../authentication/x509.ts';
import { type Authorization, createAuthorization } from '../authorization/config/create.ts';
import { DEFAULT_AUTHORIZATION_OPTIONS } from '../authorization/config/flags.ts';
import { explainRefusal } from '../authorization/near-misses.ts';
import { RbacPolicy } from '../authorization/rbac/policy.ts';
import type { RbacSource } from '../authorization/rbac/source.ts';
import { WebhookAuthorizer } from '../authorization/webhook/authorizer.ts';
import type { TracedCondition } from '../authorization/webhook/match-conditions.ts';
import { askedRight, explanationsOf, missingRight } from '../explain/explanation.ts';
import type { RequestSummary } from '../explain/request-summary.ts';
import type { ExplainedDecision } from '../explain/tree.ts';
import { type Clock, systemClock } from '../meta/clock.ts';
import type { UserInfo } from '../meta/user.ts';
import { StaticLister } from '../registry/lister.ts';

/** What the doors are made of, by kube-apiserver's flags; empty where a flag is not given. */
export interface DoorsConfiguration {
  authenticationConfig: string;
  tokenAuthFile: string;
  clientCaFile: string;
  serviceAccountKeyFiles: readonly string[];
  serviceAccountIssuers: readonly string[];
  apiAudiences: readonly string[];
  anonymousAuth: boolean;
  authorizationModes: readonly string[];
  authorizationConfig: string;
  authorizationPolicyFile: string;
}

/** Who asks: by a credential, or made up. */
export type Caller =
  | { kind: 'certificate'; pem: string }
  | { kind: 'token'; token: string }
  | { kind: 'claims'; claims: Readonly<Record<string, unknown>> }
  | { kind: 'user'; user: UserInfo }
  | { kind: 'anonymous' };

export interface Played {
  decision: ExplainedDecision;
  allowed: boolean;
  /** What matchConditions of authorization webhooks make of the request, by webhook. */
  matchConditions: readonly { webhook: string; conditions: readonly TracedCondition[] }[];
}

const DISCOVERY_LIMIT_MS = 20_000;
const BY = 'made-up';

/** The first two doors of a server that is not there. */
export class OfflineDoors {
  readonly #configuration: DoorsConfiguration;
  readonly #clock: Clock;
  readonly #policy: RbacSource;
  readonly #authorization: Authorization;
  readonly #options: ReturnType<typeof defaultAuthenticationOptions>;
  readonly #pool: CertificatePool | undefined;
  readonly #tokens: readonly TokenAuthenticator[];
  readonly #issuer: MadeUpIssuer;
  readonly #firstDoors: { real?: FirstDoor; madeUp?: FirstDoor } = {};
  readonly #presented = new Map<string, readonly Uint8Array[]>();

  /** Throws an Error in kube-apiserver's words for files that cannot be used. */
  constructor(configuration: DoorsConfiguration, policy: RbacSource, clock: Clock = systemClock) {
    const { authenticationConfig, clientCaFile, tokenAuthFile } = configuration;
    this.#configuration = configuration;
    this.#clock = clock;
    this.#policy = policy;
    this.#options = {
      ...defaultAuthenticationOptions(),
      apiAudiences: configuration.apiAudiences,
      authenticationConfig,
      serviceAccounts: {
        ...defaultAuthenticationOptions().serviceAccounts,
        issuers: configuration.serviceAccountIssuers,
      },
    };
    this.#authorization = authorizationOf(configuration, policy);
    this.#pool = clientCaFile ? CertificatePool.fromPem(readFileSync(clientCaFile, 'utf8')) : undefined;
    const audiences = apiAudiencesOf(this.#options);
    this.#tokens = [
      ...(tokenAuthFile ? [forApiAudiences(audiences, tokenFile(tokenAuthFile))] : []),
      ...(configuration.serviceAccountKeyFiles.length ? [accountTokens(configuration, audiences)] : []),
    ];
    this.#issuer = new MadeUpIssuer(
      authenticationConfig
        ? loadAuthenticationConfiguration(readFileSync(authenticationConfig, 'utf8')).jwt
        : [],
    );
  }

  close(): void {
    this.#authorization.close();
    this.#firstDoors.real?.close();
    this.#firstDoors.madeUp?.close();
  }

  /** Plays a request up to authorization; admission needs objects, and so a server. Rejects with an Error where it cannot. */
  async play(caller: Caller, request: RequestSummary, now = this.#clock.now()): Promise<Played> {
    const decision: ExplainedDecision = { id: '', at: now, request };
    const started = this.#clock.monotonic();
    const { verdict, asked } = await this.#authenticate(caller, request, now);
    const user = verdict.verdict === 'authenticated' ? verdict.user : undefined;
    decision.authentication = {
      micros: this.#since(started),
      asked: asked.includes(verdict) || user ? asked : [...asked, verdict],
      ...(user ? { user } : {}),
    };
    let allowed = false;
    let matchConditions: Played['matchConditions'] = [];
    const right = askedRight(decision);
    if (right) {
      const before = this.#clock.monotonic();
      const outcome = await this.#authorization.chain.authorize(right);
      allowed = outcome.decision === 'allow';
      matchConditions = this.#authorization.chain.authorizers
        .filter((one) => one instanceof WebhookAuthorizer)
        .map((webhook) => ({ webhook: webhook.name, conditions: webhook.traceConditions(right) }))
        .filter(({ conditions }) => conditions.length > 0);
      decision.authorization = {
        micros: this.#since(before),
        decision: outcome.decision,
        asked: outcome.asked,
      };
    }
    const lacking = missingRight(decision);
    if (lacking) decision.whyNot = explainRefusal(this.#policy, lacking);
    decision.explanations = explanationsOf(decision, decision.whyNot, now);
    return { decision, allowed, matchConditions };
  }

  #since(started: number): number {
    return Math.round((this.#clock.monotonic() - started) * 1000);
  }

  async #authenticate(caller: Caller, request: RequestSummary, now: number): Promise<AuthenticationOutcome> {
    if (caller.kind === 'user') {
      const verdict = {
        verdict: 'authenticated',
        by: BY,
        code: 'MADE_UP',
        facts: {},
        user: caller.user,
      } as const;
      return { verdict, asked: [verdict] };
    }
    const { token, issuer } = this.#tokenOf(caller, now);
    const { chain, ready } = this.#door(caller.kind === 'claims');
    if (issuer !== undefined && this.#issuer.knows(issuer)) await ready(issuer);
    const header = (name: string): string | undefined =>
      name === 'authorization' && token !== undefined ? `Bearer ${token}` : undefined;
    return await chain.authenticate({
      method: request.method,
      path: request.path,
      header,
      headerValues: (name) => [header(name)].filter((value) => value !== undefined),
      headerNames: () => (token === undefined ? [] : ['authorization']),
      certificates: caller.kind === 'certificate' ? this.#certificates(caller.pem) : [],
      audiences: apiAudiencesOf(this.#options),
      now,
      warn: () => {},
    });
  }

  #tokenOf(caller: Caller, now: number): { token?: string; issuer?: string | undefined } {
    if (caller.kind === 'token') return { token: caller.token, issuer: unverifiedIssuer(caller.token) };
    return caller.kind === 'claims' ? this.#issuer.token(caller.claims, now) : {};
  }

  /** The same array for the same file: what was parsed of it is remembered by that. */
  #certificates(pem: string): readonly Uint8Array[] {
    let certificates = this.#presented.get(pem);
    if (!certificates) {
      certificates = parseCertificatesPem(pem).map(({ der }) => der);
      this.#presented.set(pem, certificates);
    }
    return certificates;
  }

  /** The first door: with the issuers themselves behind it, or with one that stands in for them. Made when it is needed. */
  #door(madeUp: boolean): FirstDoor {
    const kind = madeUp ? 'madeUp' : 'real';
    this.#firstDoors[kind] ??= this.#makeDoor(madeUp);
    return this.#firstDoors[kind];
  }

  #makeDoor(madeUp: boolean): FirstDoor {
    const answers = new Map<string, { promise: Promise<void>; resolve: () => void }>();
    const answerOf = (issuer: string) => {
      let answer = answers.get(issuer);
      if (!answer) {
        let resolve = (): void => {};
        const promise = new Promise<void>((done) => {
          resolve = done;
          setTimeout(done, DISCOVERY_LIMIT_MS).unref();
        });
        answer = { promise, resolve };
        answers.set(issuer, answer);
      }
      return answer;
    };
    const external = createExternalAuthentication(this.#options, {
      clock: this.#clock,
      tried: (issuer) => answerOf(issuer).resolve(),
      ...(madeUp ? { issuerClient: this.#issuer.client } : {}),
    });
    const { jwt, anonymous } = external.authenticators;
    const { anonymousAuth } = this.#configuration;
    const { enabled, paths } = anonymous ?? { enabled: anonymousAuth, paths: [] };
    let isStarted = false;
    return {
      chain: new AuthenticationChain(
        [
          ...(this.#pool ? [new ClientCertificateAuthenticator({ current: () => this.#pool })] : []),
          new BearerAuthenticator(new TokenChain([...this.#tokens, ...(jwt ? [jwt] : [])])),
        ],
        enabled ? new AnonymousAuthenticator(paths) : undefined,
      ),
      ready: async (issuer) => {
        if (!isStarted) external.start();
        isStarted = true;
        await answerOf(issuer).promise;
      },
      close: () => external.stop(),
    };
  }
}

interface FirstDoor {
  chain: AuthenticationChain;
  /** Resolves once a configured issuer has been asked for its keys, be it in vain. */
  ready(issuer: string): Promise<void>;
  close(): void;
}

function authorizationOf(configuration: DoorsConfiguration, source: RbacSource): Authorization {
  const { authorizationConfig, authorizationModes, authorizationPolicyFile } = configuration;
  const empty = { pods: new StaticLister([]), persistentvolumes: new StaticLister([]) };
  return createAuthorization(
    {
      ...DEFAULT_AUTHORIZATION_OPTIONS,
      modes: authorizationConfig ? [] : authorizationModes.length ? authorizationModes : ['RBAC'],
      configFile: authorizationConfig,
      policyFile: authorizationPolicyFile,
    },
    { policy: new RbacPolicy(source), graphSource: () => empty },
  );
}

function tokenFile(path: string): TokenAuthenticator {
  const table = parseTokenFile(readFileSync(path, 'utf8'), path);
  return new TokenFileAuthenticator({ current: () => table });
}

/** Signature, audience and times; what a token is bound to is taken to be there as the token says. */
function accountTokens(
  configuration: DoorsConfiguration,
  apiAudiences: readonly string[],
): TokenAuthenticator {
  const keys = new KeySet(
    configuration.serviceAccountKeyFiles.flatMap((path) => parsePublicKeysPem(readFileSync(path, 'utf8'))),
  );
  return {
    name: 'service-account',
    authenticateToken: (token, context, asked) =>
      createServiceAccountAuthenticator({
        issuers: configuration.serviceAccountIssuers,
        keys: { current: () => keys, onChange: () => () => {} },
        apiAudiences,
        lookup: false,
        objects: { listers: claimedObjects(token) },
        noteUse: async () => {},
      }).authenticateToken(token, context, asked),
  };
}

/** The objects that a bound token names. */
function claimedObjects(token: string) {
  const claims = (parseJwt(token)?.claims['kubernetes.io'] ?? {}) as Record<string, any>;
  const { namespace = '' } = claims;
  const lister = (kind: string, isLocal = true): StaticLister => {
    const { name, uid } = claims[kind] ?? {};
    if (typeof name !== 'string') return new StaticLister([]);
    return new StaticLister([{ metadata: { name, uid, ...(isLocal ? { namespace } : {}) } }]);
  };
  return {
    serviceaccounts: lister('serviceaccount'),
    secrets: lister('secret'),
    pods: lister('pod'),
    nodes: lister('node', false),
  };
}
