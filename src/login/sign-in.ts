import type * as OpenIdClient from 'openid-client';
import { openBrowser } from './open-browser.ts';
import { RedirectListener } from './redirect-listener.ts';

type Library = typeof OpenIdClient;
type Tokens = Awaited<ReturnType<Library['refreshTokenGrant']>>;

export interface SignInOptions {
  scopes: readonly string[];
  parameters: Readonly<Record<string, string>>;
  /** Port of the loopback page that the browser comes back to; 0: any that is free. */
  redirectPort: number;
  /** Whether to have the desktop open the address, besides printing it. */
  openBrowser: boolean;
  timeoutMs: number;
  /** Says something to the person at the terminal. */
  tell(text: string): void;
}

/** Authorization code with PKCE, by a browser on this machine (RFC 8252, RFC 7636). */
export async function signInByBrowser(
  library: Library,
  configuration: OpenIdClient.Configuration,
  options: SignInOptions,
): Promise<Tokens> {
  const listener = await RedirectListener.listen(options.redirectPort);
  try {
    const pkceCodeVerifier = library.randomPKCECodeVerifier();
    const expectedState = library.randomState();
    const expectedNonce = library.randomNonce();
    const url = library.buildAuthorizationUrl(configuration, {
      redirect_uri: listener.redirectUri,
      scope: options.scopes.join(' '),
      code_challenge: await library.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
      // A refresh token is given only where the person is asked.
      ...(options.scopes.includes('offline_access') ? { prompt: 'consent' } : {}),
      ...options.parameters,
    });
    options.tell(`Sign in at ${url.href}\n`);
    if (options.openBrowser) openBrowser(url.href);
    const returned = await withTimeout(listener.returned(expectedState), options.timeoutMs);
    return await library.authorizationCodeGrant(configuration, returned, {
      pkceCodeVerifier,
      expectedState,
      expectedNonce,
      idTokenExpected: options.scopes.includes('openid'),
    });
  } finally {
    listener.close();
  }
}

/** By any device with a browser, for machines without one (RFC 8628). */
export async function signInByDevice(
  library: Library,
  configuration: OpenIdClient.Configuration,
  options: SignInOptions,
): Promise<Tokens> {
  const answer = await library.initiateDeviceAuthorization(configuration, {
    scope: options.scopes.join(' '),
    ...options.parameters,
  });
  options.tell(`Sign in at ${answer.verification_uri} with the code ${answer.user_code}\n`);
  if (answer.verification_uri_complete) options.tell(`or at ${answer.verification_uri_complete}\n`);
  const signal = AbortSignal.timeout(options.timeoutMs);
  return library.pollDeviceAuthorizationGrant(configuration, answer, undefined, { signal });
}

async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nobody signed in within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
