import type { AuthenticationOutcome, AuthenticationRequest } from '../authentication/authenticator.ts';
import type { AuthenticationVerdict } from '../explain/verdict.ts';

/** A request that goes on, with what it was let in by. */
export interface OpenSession {
  /** The verdict of the authenticator that knew the caller. */
  verdict: AuthenticationVerdict;
  /** What authenticators were asked; its time is that of the request. */
  question: AuthenticationRequest;
  /** Ends the request, as a time-out would where it can. */
  end(): void;
}

export interface OpenSessionsParts {
  authenticate(question: AuthenticationRequest): AuthenticationOutcome | Promise<AuthenticationOutcome>;
  /** The refusal of a credential that was revoked meanwhile. */
  judge(session: OpenSession): AuthenticationVerdict | undefined;
  /** Told of each request that was ended. */
  ended(session: OpenSession, why: AuthenticationVerdict): void;
}

/** Looked at without a pause; others wait so long. */
const AT_ONCE = 64;

/**
 * The watches and other requests that run on, to be ended when what they were let in by is taken back. kube-apiserver
 * lets them run until they end by themselves.
 */
export class OpenSessions {
  readonly #parts: OpenSessionsParts;
  readonly #open = new Set<OpenSession>();
  #generation = 0;
  #judging = false;
  readonly #due = new Set<string>();
  #checking: Promise<void> | undefined;

  constructor(parts: OpenSessionsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Grows when authorities or keys change: an answer from before may not hold. */
  get generation(): number {
    return this.#generation;
  }

  /** Takes note of a request; returns the way to forget it. */
  add(session: OpenSession): () => void {
    this.#open.add(session);
    return () => this.#open.delete(session);
  }

  /** Credentials were revoked: ends what was let in by one of them. Changes that come together are looked at together. */
  revoked(): void {
    if (this.#judging) return;
    this.#judging = true;
    // By then every request with an answer from before is known here.
    setImmediate(() => {
      this.#judging = false;
      for (const session of [...this.#open]) {
        const refused = this.#parts.judge(session);
        if (refused) this.#end(session, refused);
      }
    });
  }

  /**
   * What these authenticators judge by has changed: asks them again, as of the time of each request, so that nobody is
   * ended whose credential has only run out meanwhile.
   */
  trustChanged(authenticators: readonly string[]): void {
    this.#generation++;
    for (const name of authenticators) this.#due.add(name);
    this.#checking ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#check())
      .finally(() => {
        this.#checking = undefined;
        if (this.#due.size) this.trustChanged([]);
      });
  }

  /** Resolves when no change is being looked at. */
  async settled(): Promise<void> {
    while (this.#checking) await this.#checking;
  }

  async #check(): Promise<void> {
    const due = new Set(this.#due);
    this.#due.clear();
    let looked = 0;
    for (const session of [...this.#open]) {
      if (!due.has(session.verdict.by) || !this.#open.has(session)) continue;
      const { verdict } = await this.#parts.authenticate(session.question);
      if (verdict.verdict !== 'authenticated') this.#end(session, verdict);
      if (++looked % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #end(session: OpenSession, why: AuthenticationVerdict): void {
    if (!this.#open.delete(session)) return;
    this.#parts.ended(session, why);
    session.end();
  }
}
