import type { AuthenticationVerdict } from '../explain/verdict.ts';
import type { AuthenticationRequest, RequestAuthenticator, TokenAuthenticator } from './authenticator.ts';
import { orUnknown } from './bearer.ts';

const PREFIX = 'base64url.bearer.authorization.k8s.io.';
const RAW_BASE64URL = /^[A-Za-z0-9_-]*$/;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const notMine = (code: string): AuthenticationVerdict => ({
  verdict: 'notMine',
  by: 'websocket',
  code,
  facts: {},
});
const refused = (code: string): AuthenticationVerdict => ({
  verdict: 'refused',
  by: 'websocket',
  code,
  facts: {},
});

const NO_WEBSOCKET = notMine('WEBSOCKET_NONE');

/** The subprotocols that are left when a token among them has been taken out; what a server may echo. */
export function protocolsWithoutToken(values: readonly string[]): string[] {
  return split(values).filter((protocol) => !protocol.startsWith(PREFIX));
}

/**
 * Bearer tokens that a browser, which can set no headers on a WebSocket, offers as a subprotocol
 * (apiserver pkg/authentication/request/websocket/protocol.go).
 */
export class WebSocketBearerAuthenticator implements RequestAuthenticator {
  readonly name = 'websocket';
  readonly #tokens: TokenAuthenticator;

  constructor(tokens: TokenAuthenticator) {
    this.#tokens = tokens;
  }

  authenticate(
    request: AuthenticationRequest,
    asked?: AuthenticationVerdict[],
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    if (!isWebSocket(request)) return NO_WEBSOCKET;
    let encoded: string | undefined;
    let others = 0;
    let token = '';
    for (const protocol of split(request.headerValues('sec-websocket-protocol'))) {
      if (!protocol.startsWith(PREFIX)) {
        others++;
        continue;
      }
      if (encoded !== undefined) return refused('WEBSOCKET_SEVERAL_TOKENS');
      encoded = protocol.slice(PREFIX.length);
      if (!RAW_BASE64URL.test(encoded) || encoded.length % 4 === 1) return refused('WEBSOCKET_BAD_ENCODING');
      try {
        token = strictUtf8.decode(Buffer.from(encoded, 'base64url'));
      } catch {
        return refused('WEBSOCKET_NOT_UTF8');
      }
    }
    if (token === '') return notMine('WEBSOCKET_NO_TOKEN');
    if (others === 0) return refused('WEBSOCKET_TOKEN_ALONE');
    const verdict = this.#tokens.authenticateToken(token, request, asked);
    return verdict instanceof Promise
      ? verdict.then((v) => orUnknown(v, this.name))
      : orUnknown(verdict, this.name);
  }
}

function isWebSocket(request: AuthenticationRequest): boolean {
  if (request.header('upgrade')?.toLowerCase() !== 'websocket') return false;
  return request.headerValues('connection').some((value) => value.toLowerCase().includes('upgrade'));
}

function split(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((protocol) => protocol.trim());
}
