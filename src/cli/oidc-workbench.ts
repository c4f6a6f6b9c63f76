import { createPublicKey } from 'node:crypto';
import { withAuthenticatedGroup } from '../authentication/authenticated-group.ts';
import {
  type JwtAuthenticatorParts,
  makeJwtAuthenticators,
} from '../authentication/config/jwt-authenticators.ts';
import { loadAuthenticationConfiguration } from '../authentication/config/load.ts';
import type { AuthenticationConfiguration } from '../authentication/config/types.ts';
import {
  disallowedIssuerFault,
  faultsText,
  validateAuthenticationConfiguration,
} from '../authentication/config/validate.ts';
import { type Check, checksOf } from '../authentication/oidc/checks.ts';
import type { IssuerAnswer, IssuerClient } from '../authentication/oidc/issuer-client.ts';
import { MadeUpIssuer } from '../authentication/oidc/made-up-issuer.ts';
import { type TracedStep, traceMapping } from '../authentication/oidc/mapping-trace.ts';
import { presentedToken } from '../authentication/oidc/presented-token.ts';
import { wellKnownUrl } from '../authentication/oidc/provider.ts';
import type { CompiledExpressions } from '../authentication/oidc/user-mapping.ts';
import { SIGNING_ALGORITHMS } from '../authentication/oidc/verifier.ts';
import { parseJwt } from '../authentication/service-account/jwt.ts';
import { fixOf } from '../explain/explanation.ts';
import type { Fix } from '../explain/fixes/fix.ts';
import { refusalWords } from '../explain/words/authentication.ts';
import { type Clock, systemClock } from '../meta/clock.ts';
import { errorText } from '../meta/field-error.ts';
import { quote } from '../meta/go-quote.ts';
import type { UserInfo } from '../meta/user.ts';
import { type Place, YamlPlaces } from './yaml-places.ts';

const DISCOVERY_LIMIT_MS = 20_000;
const KEYS_URL = 'https://keys.invalid/keys';

/** Something that a server would refuse a configuration for, in kube-apiserver's words. */
export interface ConfigurationFault {
  message: string;
  place?: Place;
}

export interface CheckedConfiguration {
  faults: ConfigurationFault[];
  /** The line with which a server would end; absent for configurations that it would take. */
  refusal?: string;
  config?: AuthenticationConfiguration;
  compiled?: readonly CompiledExpressions[];
  places: YamlPlaces;
}

/** Reads and checks an AuthenticationConfiguration as a server does at its start. Nothing of it is thrown. */
export function checkConfiguration(
  path: string,
  text: string,
  serviceAccountIssuers: readonly string[] = [],
): CheckedConfiguration {
  const places = new YamlPlaces(text);
  let config: AuthenticationConfiguration;
  try {
    config = loadAuthenticationConfiguration(text);
  } catch (error) {
    const { message } = error as Error;
    const refusal = `failed to load authentication configuration from file ${quote(path)}: ${message}`;
    return { faults: loadFaults(message, places), refusal, places };
  }
  const { errors, compiled } = validateAuthenticationConfiguration(config, serviceAccountIssuers);
  const faults = errors.map((error): ConfigurationFault => {
    const place = placeOf(error.field, error.detail, places);
    return { message: errorText(error), ...(place ? { place } : {}) };
  });
  if (faults.length) {
    const own = config.jwt
      .map((one) => disallowedIssuerFault(one, serviceAccountIssuers, 'issuer'))
      .find(Boolean);
    const all = validateAuthenticationConfiguration(config, []).errors;
    // What is wrong with the whole comes before issuers that are a server's own.
    const refusal =
      all.length || !own ? `invalid authentication configuration: ${faultsText(all)}` : errorText(own);
    return { faults, refusal, places };
  }
  try {
    makeJwtAuthenticators(config.jwt, compiled, {
      algorithms: SIGNING_ALGORITHMS,
      clock: systemClock,
      client: () => silent,
    });
  } catch (error) {
    const { message } = error as Error;
    return { faults: [{ message }], refusal: message, places };
  }
  return { faults: [], config, compiled, places };
}

/** Places that a message of the decoder names: `line 3`, or fields in quotes. */
function loadFaults(message: string, places: YamlPlaces): ConfigurationFault[] {
  const line = /\bline (\d+)/.exec(message)?.[1];
  if (line !== undefined) return [{ message, place: { line: Number(line), column: 1 } }];
  const field = /(?:unknown|duplicate) field "([^"]+)"/.exec(message)?.[1];
  const place = field === undefined ? places.syntaxFault?.place : places.nameAt(field);
  return [{ message, ...(place ? { place } : {}) }];
}

/** For an expression that does not compile, the place within it. */
function placeOf(field: string, detail: string, places: YamlPlaces): Place | undefined {
  const [, line, column] = /<input>:(\d+):(\d+)/.exec(detail) ?? [];
  const within = line && column ? places.within(field, Number(line), Number(column)) : undefined;
  return within ?? places.at(field);
}

/** Who shows a token: with claims that nobody has signed, or a token as it is. */
export type Presented =
  | { kind: 'claims'; claims: Readonly<Record<string, unknown>> }
  | { kind: 'token'; token: string };

export interface WorkbenchOptions {
  /** Milliseconds since 1970. */
  now: number;
  /** A JWKS or PEM public keys that the token's signature is checked with, instead of asking the issuer. */
  keys?: string;
  /** Ask nobody. */
  offline?: boolean;
  /** For made-up claims that name no issuer: this one instead of each. */
  issuer?: string;
  clock?: Clock;
  /** Makes what asks an issuer; the machine's network by default. */
  client?: JwtAuthenticatorParts['client'];
}

/** What became of a token or claims at one issuer of the configuration. */
export interface WorkbenchResult {
  issuer: string;
  /** Where it stands in the configuration; -1 for an issuer that is not there. */
  index: number;
  taken: boolean;
  code: string;
  /** Why it is refused, in kube-apiserver's words. */
  reason?: string;
  explanation?: Fix;
  signature: { checked: boolean; how: string };
  checks: readonly Check[];
  steps: readonly (TracedStep & { place?: Place })[];
  user?: UserInfo;
}

/** Plays claims or a token through every issuer that it may be of. */
export async function playPresented(
  { config, compiled, places }: CheckedConfiguration,
  presented: Presented,
  options: WorkbenchOptions,
): Promise<WorkbenchResult[]> {
  const { jwt } = config!;
  if (presented.kind === 'token') {
    const issuer = presentedToken(presented.token)?.issuer;
    const index = jwt.findIndex((one) => one.issuer.url === issuer);
    return [await playAt(index, issuer ?? '')];
  }
  const named = presented.claims['iss'] ?? options.issuer;
  if (typeof named === 'string')
    return [
      await playAt(
        jwt.findIndex((one) => one.issuer.url === named),
        named,
      ),
    ];
  return await Promise.all(jwt.map((one, index) => playAt(index, one.issuer.url)));

  async function playAt(index: number, issuer: string): Promise<WorkbenchResult> {
    const own = jwt[index];
    if (!own) return unknownIssuer(issuer, presented);
    const { token, claims, signature, client } = await signed(presented, own.issuer.url, options, jwt);
    const verdict = await judged({ config: own, compiled: compiled![index]!, token, client, options });
    const { steps } = claims ? traceMapping(own, compiled![index]!, claims) : { steps: [] };
    const settled = withAuthenticatedGroup(verdict);
    const isTaken = settled.verdict === 'authenticated';
    const request = NO_REQUEST;
    const explanation = isTaken ? undefined : fixOf('authentication', verdict, { request, now: options.now });
    return {
      issuer,
      index,
      taken: isTaken,
      code: verdict.code,
      ...(isTaken ? { user: settled.user } : { reason: refusalWords(verdict) }),
      ...(explanation ? { explanation } : {}),
      signature,
      checks: checksShown(checksOf(verdict.code, verdict.facts), signature.checked),
      steps: steps.map((step) => {
        const place = places.at(`jwt[${index}].${step.field}`);
        return { ...step, ...(place ? { place } : {}) };
      }),
    };
  }
}

/** Checks that mean nothing where a signature was not checked. */
const OF_SIGNATURE: ReadonlySet<string> = new Set([
  'the issuer has said where its keys are',
  'header and signature can be read',
  'signing algorithm',
  'signature by a key of the issuer',
]);

const checksShown = (checks: readonly Check[] = [], isChecked = false): Check[] =>
  checks.filter(({ name }) => isChecked || !OF_SIGNATURE.has(name));

const NO_REQUEST = {
  method: '',
  path: '',
  verb: '',
  apiGroup: '',
  apiVersion: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  remoteAddress: '',
  userAgent: '',
};

function unknownIssuer(issuer: string, presented: Presented): WorkbenchResult {
  const isJwt = presented.kind === 'claims' || presentedToken(presented.token) !== undefined;
  const code = isJwt ? 'OIDC_OTHER_ISSUER' : 'OIDC_NOT_A_JWT';
  const explanation = fixOf('authentication', { code, facts: {} }, { request: NO_REQUEST, now: 0 });
  return {
    issuer,
    index: -1,
    taken: false,
    code,
    reason: isJwt ? 'no issuer of the configuration is spelled like that' : 'it is no JWT',
    ...(explanation ? { explanation } : {}),
    signature: { checked: false, how: 'there is nobody to check it' },
    checks: checksOf(code, {}) ?? [],
    steps: [],
  };
}

type Claims = Readonly<Record<string, unknown>>;

/** The token to be judged, and who vouches for its signature. */
interface Signed {
  token: string;
  claims?: Claims;
  signature: WorkbenchResult['signature'];
  client?: () => IssuerClient;
}

async function signed(
  presented: Presented,
  issuer: string,
  options: WorkbenchOptions,
  configs: AuthenticationConfiguration['jwt'],
): Promise<Signed> {
  const madeUp = new MadeUpIssuer(configs);
  if (presented.kind === 'claims') {
    const { token } = madeUp.token({ iss: issuer, ...presented.claims }, options.now);
    const signature = { checked: false, how: 'the claims are made up' };
    return { token, claims: parseJwt(token)!.claims, signature, client: madeUp.client };
  }
  const { token } = presented;
  const jwt = presentedToken(token)?.jwt;
  if (!jwt)
    return { token, signature: { checked: false, how: 'the token cannot be read' }, client: madeUp.client };
  const { claims } = jwt;
  if (options.keys !== undefined) {
    const client = keysClient(configs, issuer, jwksOf(options.keys, jwt.kid));
    return { token, claims, signature: { checked: true, how: 'by the keys given' }, client: () => client };
  }
  const unchecked = (why: string): Signed => ({
    token: madeUp.sign(claims),
    claims,
    signature: { checked: false, how: `${why}; the algorithm was not looked at either` },
    client: madeUp.client,
  });
  if (options.offline) return unchecked('nobody was asked for keys');
  const fault = await reach(configs.find((one) => one.issuer.url === issuer)!, options);
  if (fault !== undefined) return unchecked(`the issuer cannot be asked for its keys: ${fault}`);
  return { token, claims, signature: { checked: true, how: `by the keys of ${issuer}` } };
}

/** Why an issuer cannot be asked for its keys; undefined where it can. */
async function reach(
  config: AuthenticationConfiguration['jwt'][number],
  options: WorkbenchOptions,
): Promise<string | undefined> {
  return await started(
    config,
    { extra: [], claimRules: [], userRules: [] },
    options.client,
    options,
    (_, fault) => Promise.resolve(fault),
  );
}

type Authenticators = ReturnType<typeof makeJwtAuthenticators>;

/** Makes an authenticator, waits until it has its keys or has failed to get them, and closes it when it was used. */
async function started<T>(
  config: AuthenticationConfiguration['jwt'][number],
  compiled: CompiledExpressions,
  client: JwtAuthenticatorParts['client'],
  { clock = systemClock }: WorkbenchOptions,
  use: (authenticators: Authenticators, fault: string | undefined) => Promise<T>,
): Promise<T> {
  let tried = (_fault?: string): void => {};
  const answer = new Promise<string | undefined>((resolve) => {
    tried = resolve;
    setTimeout(() => resolve('it did not answer in time'), DISCOVERY_LIMIT_MS).unref();
  });
  const authenticators = makeJwtAuthenticators([config], [compiled], {
    algorithms: SIGNING_ALGORITHMS,
    clock,
    tried: (_, fault) => tried(fault),
    ...(client ? { client } : {}),
  });
  try {
    authenticators.start();
    return await use(authenticators, await answer);
  } finally {
    authenticators.close();
  }
}

async function judged({
  config,
  compiled,
  token,
  client,
  options,
}: {
  config: AuthenticationConfiguration['jwt'][number];
  compiled: CompiledExpressions;
  token: string;
  client: (() => IssuerClient) | undefined;
  options: WorkbenchOptions;
}) {
  return await started(config, compiled, client ?? options.client, options, async (authenticators) =>
    authenticators.authenticateToken(token, { audiences: [], now: options.now, warn: () => {} }),
  );
}

const silent: IssuerClient = {
  get: async () => {
    throw new Error('nobody is asked');
  },
  close: () => {},
};

function keysClient(configs: AuthenticationConfiguration['jwt'], issuer: string, keys: string): IssuerClient {
  const { discoveryUrl } = configs.find((one) => one.issuer.url === issuer)!.issuer;
  const answers: Readonly<Record<string, string>> = {
    [discoveryUrl || wellKnownUrl(issuer)]: JSON.stringify({ issuer, jwks_uri: KEYS_URL }),
    [KEYS_URL]: keys,
  };
  return {
    get: async (url): Promise<IssuerAnswer> => {
      const body = answers[url];
      if (body === undefined) throw new Error(`Get "${url}": nobody is asked beside the keys given`);
      return { status: 200, statusLine: '200 OK', headers: { 'content-type': 'application/json' }, body };
    },
    close: () => {},
  };
}

/** A JWKS as it is; of PEM public keys or certificates one that fits whatever key the token names. Throws an Error. */
function jwksOf(text: string, kid: string): string {
  if (text.trimStart().startsWith('{')) {
    try {
      const { keys } = JSON.parse(text) as { keys?: unknown };
      if (Array.isArray(keys)) return text;
    } catch {
      // Said below.
    }
    throw new Error('the keys are no JWKS: a JSON object with a list of keys');
  }
  const blocks = text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
  if (blocks.length === 0) throw new Error('the keys are neither a JWKS nor PEM public keys');
  const keys = blocks.map((block) => {
    try {
      return { ...createPublicKey(block).export({ format: 'jwk' }), kid };
    } catch (error) {
      throw new Error(`a key cannot be read: ${(error as Error).message}`);
    }
  });
  return JSON.stringify({ keys });
}
