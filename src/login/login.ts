import { readFileSync } from 'node:fs';
import type * as OpenIdClient from 'openid-client';
import type { Clock } from '../meta/clock.ts';
import { providerFetch } from './provider-fetch.ts';
import { type SignInOptions, signInByBrowser, signInByDevice } from './sign-in.ts';
import { type SignInKey, type StoredTokens, TokenFile } from './stored-tokens.ts';

/** A token that ends sooner than this is renewed: it has to reach the server and be judged there. */
const MARGIN_MS = 60_000;

export interface LoginOptions extends SignInKey, Omit<SignInOptions, 'scopes' | 'parameters'> {
  /** Of a confidential client; public ones have none. */
  clientSecret: string | undefined;
  caFile: string | undefined;
  flow: 'browser' | 'device';
  /** Where tokens are kept. */
  cacheFolder: string;
  /** Whether a new sign-in is made although a good token is there. */
  force: boolean;
  /** Whether a person may be asked to sign in. Without, only kept and refreshed tokens are handed out. */
  signIn: boolean;
  clock: Clock;
}

export interface Login {
  token: string;
  /** Milliseconds since 1970, where the provider said. */
  expires: number | undefined;
  how: 'kept' | 'refreshed' | 'signed in';
  /** Where it is kept. */
  path: string;
}

/**
 * A token of an OIDC provider: the one kept from last time, else one by its refresh token, else by a person's sign-in.
 * Rejects with an Error that says what to do; it holds no token.
 */
export async function login(options: LoginOptions): Promise<Login> {
  const file = new TokenFile(options.cacheFolder, options);
  const kept = options.force ? undefined : handedOut(file.read(), options, 'kept', file.path);
  if (kept) return kept;
  return file.locked(async () => {
    // Another process may have done it while this one waited.
    const stored = file.read();
    if (!options.force) {
      const found = handedOut(stored, options, 'kept', file.path);
      if (found) return found;
    }
    const library: typeof OpenIdClient = await import('openid-client');
    const configuration = await discovered(library, options);
    if (stored?.refreshToken && !options.force) {
      const refreshed = await refresh(library, configuration, stored, options, file);
      if (refreshed) return refreshed;
    }
    if (!options.signIn) {
      throw new Error('a person has to sign in, which --no-sign-in forbids: run the same without it');
    }
    const sign = options.flow === 'device' ? signInByDevice : signInByBrowser;
    const scopes = scopesOf(configuration, options);
    const made = await sign(library, configuration, { ...options, scopes }).catch((error: unknown) => {
      throw new Error(`the sign-in failed: ${oauthWords(error)}`);
    });
    const signedIn = keep(made, undefined, options, 'signed in', file);
    if (!signedIn) throw new Error('the provider gave no ID token: is the scope openid asked for?');
    return signedIn;
  });
}

async function discovered(
  library: typeof OpenIdClient,
  options: LoginOptions,
): Promise<OpenIdClient.Configuration> {
  const { issuer, clientId, clientSecret, caFile } = options;
  const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8');
  const authentication = clientSecret === undefined ? library.None() : library.ClientSecretPost(clientSecret);
  try {
    return await library.discovery(new URL(issuer), clientId, undefined, authentication, {
      [library.customFetch]: providerFetch(ca) as OpenIdClient.CustomFetch,
    });
  } catch (error) {
    throw new Error(`${issuer} does not say how to sign in: ${oauthWords(error)}`);
  }
}

/** Providers that know nothing of `offline_access` refuse it, and give refresh tokens in ways of their own. */
function scopesOf(configuration: OpenIdClient.Configuration, { scopes }: LoginOptions): readonly string[] {
  const known = configuration.serverMetadata().scopes_supported;
  return known && !known.includes('offline_access')
    ? scopes.filter((one) => one !== 'offline_access')
    : scopes;
}

/** Undefined where the provider does not take the refresh token any more; then it is forgotten. */
async function refresh(
  library: typeof OpenIdClient,
  configuration: OpenIdClient.Configuration,
  stored: StoredTokens,
  options: LoginOptions,
  file: TokenFile,
): Promise<Login | undefined> {
  try {
    const made = await library.refreshTokenGrant(configuration, stored.refreshToken!);
    return keep(made, stored, options, 'refreshed', file);
  } catch (error) {
    if (!(error instanceof library.ResponseBodyError)) {
      throw new Error(`the token could not be refreshed: ${oauthWords(error)}`);
    }
    file.remove();
    options.tell(`The sign-in of before does not hold any more (${oauthWords(error)}).\n`);
    return undefined;
  }
}

interface TokenAnswer {
  id_token?: string | undefined;
  access_token: string;
  refresh_token?: string | undefined;
  expires_in?: number | undefined;
}

/** Undefined for an answer without the token that is wanted: some providers give no ID token for a refresh token. */
function keep(
  answer: TokenAnswer,
  before: StoredTokens | undefined,
  options: LoginOptions,
  how: Login['how'],
  file: TokenFile,
): Login | undefined {
  const { id_token: idToken, access_token: accessToken, expires_in: seconds } = answer;
  const refreshToken = answer.refresh_token ?? before?.refreshToken;
  const now = options.clock.now();
  const ofIdToken = idToken === undefined ? undefined : expiryOf(idToken);
  const expires =
    options.token === 'id' ? ofIdToken : seconds === undefined ? expiryOf(accessToken) : now + seconds * 1000;
  const tokens: StoredTokens = {
    ...(options.token === 'id' ? (idToken === undefined ? {} : { idToken }) : { accessToken }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(expires === undefined ? {} : { expires }),
  };
  file.write(tokens);
  const token = tokens.idToken ?? tokens.accessToken;
  return token === undefined ? undefined : { token, expires, how, path: file.path };
}

function handedOut(
  stored: StoredTokens | undefined,
  options: LoginOptions,
  how: Login['how'],
  path: string,
): Login | undefined {
  const token = options.token === 'id' ? stored?.idToken : stored?.accessToken;
  const expires = stored?.expires;
  if (typeof token !== 'string' || typeof expires !== 'number') return undefined;
  return options.clock.now() + MARGIN_MS < expires ? { token, expires, how, path } : undefined;
}

/** `exp` of a JWT in milliseconds since 1970; undefined for what is none. */
function expiryOf(token: string): number | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims?.exp === 'number' ? claims.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

/** What an OAuth error says: its code and description, which hold no secret; never the request or the answer. */
function oauthWords(error: unknown): string {
  const { error: code, error_description: description, message, cause } = error as Record<string, unknown>;
  if (typeof code === 'string') return typeof description === 'string' ? `${code}: ${description}` : code;
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return `${typeof message === 'string' ? message : String(error)}${why}`;
}
