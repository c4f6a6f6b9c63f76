import { createHash, randomBytes } from 'node:crypto';
import type { AuthenticationOutcome, AuthenticationRequest } from '../authentication/authenticator.ts';
import { parseBearer } from '../authentication/bearer.ts';
import type { Credential } from '../explain/credential.ts';
import type { AuthenticationVerdict, Facts } from '../explain/verdict.ts';
import type { Clock } from '../meta/clock.ts';
import type { UserInfo } from '../meta/user.ts';

/** Of both kinds of secrets. */
const PREFIX = 'sallyport-';
const LINK_PREFIX = `${PREFIX}link-`;
const SESSION_PREFIX = `${PREFIX}console-`;
const SECRET_BYTES = 32;
/** A link is good for so long, and once. */
export const LINK_MS = 10 * 60_000;
/** A working day; less where the credential that the link was asked with ends before. */
export const SESSION_MS = 8 * 3_600_000;
/** Beyond so many of either the oldest goes: memory is bounded, whoever asks. */
const MAX_KEPT = 1000;

/** What the console asks; a session is good for nothing else, whoever it stands for. */
export const SESSIONS_PATH = '/sallyport/v1/console/sessions';
const READABLE = '/sallyport/v1/';
const SELF_REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

interface Kept {
  user: UserInfo;
  /** Milliseconds since 1970. */
  expires: number;
  /** What this was asked with. */
  credential: Pick<Credential, 'by' | 'expires' | 'issuedAt'>;
}

type Question = Pick<AuthenticationRequest, 'header' | 'method' | 'path' | 'now' | 'certificates'>;

export interface ConsoleSessionsParts {
  clock: Clock;
  /** The refusal of somebody whose credential was taken back meanwhile, or who is there no more. */
  judge(verdict: AuthenticationVerdict, request: Question): AuthenticationVerdict | undefined;
  random?: (bytes: number) => Buffer;
}

/** A secret that is told once, and when it ends (milliseconds since 1970). */
export interface Issued {
  secret: string;
  expires: number;
}

/**
 * Links that open the console and the sessions they are exchanged for. Kept in memory as hashes: neither outlives the
 * server, and nobody can read one out of it. Nothing runs here while nobody looks.
 */
export class ConsoleSessions {
  readonly #parts: ConsoleSessionsParts;
  readonly #links = new Map<string, Kept>();
  readonly #sessions = new Map<string, Kept>();
  /** By whom a link was turned in, until its session is made. */
  readonly #turnedIn = new WeakMap<UserInfo, Kept>();

  constructor(parts: ConsoleSessionsParts) {
    this.#parts = parts;
  }

  /** @param credential what the caller has shown: neither link nor session outlives it */
  makeLink(user: UserInfo, credential: Kept['credential']): Issued {
    const expires = Math.min(
      this.#parts.clock.now() + LINK_MS,
      credential.expires ?? Number.POSITIVE_INFINITY,
    );
    return this.#issue(this.#links, LINK_PREFIX, { user, credential, expires });
  }

  /** The session for a link that this very request has turned in; undefined where it has not. */
  makeSession(user: UserInfo): Issued | undefined {
    const link = this.#turnedIn.get(user);
    if (!link) return undefined;
    this.#turnedIn.delete(user);
    const { credential } = link;
    const expires = Math.min(
      this.#parts.clock.now() + SESSION_MS,
      credential.expires ?? Number.POSITIVE_INFINITY,
    );
    return this.#issue(this.#sessions, SESSION_PREFIX, { user: link.user, credential, expires });
  }

  /** Ends the session of a request's bearer token. False: it has none. */
  end(authorization: string | undefined): boolean {
    return this.#sessions.delete(hash(parseBearer(authorization ?? '').token));
  }

  /** What these authenticators judge by has changed: whom they let in has to show himself again. */
  trustChanged(authenticators: readonly string[]): void {
    for (const kept of [this.#links, this.#sessions])
      for (const [key, { credential }] of kept) if (authenticators.includes(credential.by)) kept.delete(key);
  }

  /** Undefined for requests that show neither a link nor a session: the authenticators are asked about them. */
  authenticate(request: Question): AuthenticationOutcome | undefined {
    const authorization = request.header('authorization');
    if (authorization === undefined) return undefined;
    // Most headers begin like this, and go on with somebody else's token.
    if (authorization.startsWith('Bearer ') && !authorization.startsWith(PREFIX, 7)) return undefined;
    const { token } = parseBearer(authorization);
    if (token.startsWith(SESSION_PREFIX)) return this.#judged(this.#session(token, request), request);
    if (token.startsWith(LINK_PREFIX)) return this.#judged(this.#link(token, request), request);
    return undefined;
  }

  #judged(verdict: AuthenticationVerdict, request: Question): AuthenticationOutcome {
    const refusal = this.#parts.judge(verdict, request);
    return refusal ? { verdict: refusal, asked: [verdict, refusal] } : { verdict, asked: [verdict] };
  }

  #session(token: string, { method, path, now }: Question): AuthenticationVerdict {
    const key = hash(token);
    const kept = this.#sessions.get(key);
    if (!kept) return refused('CONSOLE_SESSION_UNKNOWN');
    if (kept.expires <= now) {
      this.#sessions.delete(key);
      return refused('CONSOLE_SESSION_EXPIRED', { notAfter: kept.expires });
    }
    if (!mayAsk(method, path)) return refused('CONSOLE_SESSION_SCOPE', { method, path });
    return {
      verdict: 'authenticated',
      by: 'console',
      code: 'CONSOLE_SESSION',
      facts: { notAfter: kept.expires },
      user: kept.user,
      ...issued(kept),
    };
  }

  #link(token: string, { method, path, now }: Question): AuthenticationVerdict {
    if (method !== 'POST' || path !== SESSIONS_PATH)
      return refused('CONSOLE_SESSION_SCOPE', { method, path });
    const key = hash(token);
    const kept = this.#links.get(key);
    if (!kept) return refused('CONSOLE_LINK_UNKNOWN');
    this.#links.delete(key);
    if (kept.expires <= now) return refused('CONSOLE_LINK_EXPIRED', { notAfter: kept.expires });
    // The same user may turn in two links at once: each request has a user object of its own.
    const user = { ...kept.user };
    this.#turnedIn.set(user, kept);
    const facts = { notAfter: kept.expires };
    return { verdict: 'authenticated', by: 'console', code: 'CONSOLE_LINK', facts, user, ...issued(kept) };
  }

  #issue(into: Map<string, Kept>, prefix: string, kept: Kept): Issued {
    const now = this.#parts.clock.now();
    for (const [key, { expires }] of into) if (expires <= now) into.delete(key);
    while (into.size >= MAX_KEPT) into.delete(into.keys().next().value!);
    const secret = `${prefix}${(this.#parts.random ?? randomBytes)(SECRET_BYTES).toString('base64url')}`;
    into.set(hash(secret), kept);
    return { secret, expires: kept.expires };
  }
}

function mayAsk(method: string, path: string): boolean {
  if (method === 'GET') return path.startsWith(READABLE);
  if (method === 'DELETE') return path === SESSIONS_PATH;
  return method === 'POST' && path === SELF_REVIEW;
}

const refused = (code: string, facts: Facts = {}): AuthenticationVerdict => ({
  verdict: 'refused',
  by: 'console',
  code,
  facts,
});

const issued = ({ credential: { issuedAt } }: Kept): { issuedAt?: number } =>
  issuedAt === undefined ? {} : { issuedAt };

/** Looked up by hash, so that how long it takes says nothing of the secret. */
const hash = (secret: string): string => createHash('sha256').update(secret).digest('base64');
