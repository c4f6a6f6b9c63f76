import type { AuthenticationVerdict } from '../explain/verdict.ts';
import type {
  AuthenticationRequest,
  RequestAuthenticator,
  ShownToken,
  TokenAuthenticator,
} from './authenticator.ts';

const EXTRA_SPACE =
  'the provided Authorization header contains extra space before the bearer token, and is ignored';

/** What an Authorization header holds: a bearer token, or none, and whether a blank too many is to blame for that. */
export interface BearerHeader {
  token: string;
  extraSpace: boolean;
}

const NOTHING: BearerHeader = { token: '', extraSpace: false };

/**
 * Reads a bearer token as kube-apiserver does: outer blanks off, scheme in any case, one blank, then the token up to
 * the next blank (apiserver pkg/authentication/request/bearertoken/bearertoken.go).
 */
export function parseBearer(header: string): BearerHeader {
  const trimmed = trimBlanks(header);
  const space = trimmed.indexOf(' ');
  if (space !== 6 || trimmed.slice(0, 6).toLowerCase() !== 'bearer') return NOTHING;
  const end = trimmed.indexOf(' ', 7);
  if (end === 7) return { token: '', extraSpace: true };
  return { token: end < 0 ? trimmed.slice(7) : trimmed.slice(7, end), extraSpace: false };
}

/** Takes ASCII blanks off both ends; String.trim would take no-break spaces and byte order marks too. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Whether a header of the scheme and this text holds the text as its token, and nothing of it is left out. */
export function isWholeToken(text: string): boolean {
  if (text === '' || text.includes(' ')) return false;
  return !isBlank(text.charCodeAt(text.length - 1));
}

const isBlank = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** Bearer tokens of the Authorization header. A token that nobody knows is refused, not passed on. */
export class BearerAuthenticator implements RequestAuthenticator {
  readonly name = 'bearer';
  readonly #tokens: TokenAuthenticator;
  /** What each connection showed last. */
  readonly #shown = new WeakMap<object, ShownToken>();

  constructor(tokens: TokenAuthenticator) {
    this.#tokens = tokens;
  }

  authenticate(
    request: AuthenticationRequest,
    asked?: AuthenticationVerdict[],
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    if (request.token !== undefined) return this.#judge(request.token, request, asked);
    const header = request.header('authorization');
    if (header === undefined) return NO_HEADER;
    const { connection } = request;
    const before = connection && this.#shown.get(connection);
    if (before?.header === header) {
      request.shown = before;
      return this.#judge(before.token, request, asked);
    }
    const { token, extraSpace } = parseBearer(header);
    if (token === '') {
      if (extraSpace) {
        request.warn(EXTRA_SPACE);
        return { verdict: 'notMine', by: this.name, code: 'BEARER_EXTRA_SPACE', facts: {} };
      }
      return { verdict: 'notMine', by: this.name, code: 'BEARER_NO_TOKEN', facts: {} };
    }
    if (connection) {
      request.shown = { header, token, key: undefined };
      this.#shown.set(connection, request.shown);
    }
    return this.#judge(token, request, asked);
  }

  #judge(
    token: string,
    request: AuthenticationRequest,
    asked: AuthenticationVerdict[] | undefined,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    const verdict = this.#tokens.authenticateToken(token, request, asked);
    return verdict instanceof Promise
      ? verdict.then((v) => orUnknown(v, this.name))
      : orUnknown(verdict, this.name);
  }
}

const NO_HEADER: AuthenticationVerdict = {
  verdict: 'notMine',
  by: 'bearer',
  code: 'BEARER_NO_HEADER',
  facts: {},
};

/** A token was there: where nobody called it theirs, the request is refused. */
export function orUnknown(verdict: AuthenticationVerdict, by: string): AuthenticationVerdict {
  return verdict.verdict === 'notMine'
    ? { verdict: 'refused', by, code: 'TOKEN_UNKNOWN', facts: {} }
    : verdict;
}
