import type { Clock } from '../../meta/clock.ts';
import type { IssuerClient } from './issuer-client.ts';
import { RemoteKeySet } from './key-set.ts';
import { discoverKeysUrl, wellKnownUrl } from './provider.ts';
import { IdTokenVerifier } from './verifier.ts';

const RETRY_MS = 10_000;

export interface IssuerVerifierOptions {
  issuer: string;
  /** Where the discovery document is, if not at the issuer's own place. */
  discoveryUrl?: string | undefined;
  audiences: readonly string[];
  algorithms: readonly string[];
  client: IssuerClient;
  clock: Clock;
  /** Told of each try that failed, and of the one that did not (no words). */
  tried?(fault?: string): void;
}

/** A verifier that comes into being once its issuer could be asked for its keys: at once, or at a later try. */
export class IssuerVerifier {
  readonly #options: IssuerVerifierOptions;
  #verifier: IdTokenVerifier | undefined;
  #fault: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #started = false;

  constructor(options: IssuerVerifierOptions) {
    this.#options = options;
    this.#fault = `oidc: authenticator for issuer "${options.issuer}" is not initialized`;
  }

  /** Undefined until the issuer has answered. */
  get current(): IdTokenVerifier | undefined {
    return this.#verifier;
  }

  /** Why it is not ready; undefined once it is. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Asks the issuer now, and every 10 s until it has answered. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#try();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #try(): Promise<void> {
    const { issuer, discoveryUrl, audiences, algorithms, client, clock } = this.#options;
    try {
      const keysUrl = await discoverKeysUrl(client, issuer, discoveryUrl || wellKnownUrl(issuer));
      const keys = new RemoteKeySet(keysUrl, client, clock);
      this.#verifier = new IdTokenVerifier({ issuer, audiences, algorithms, keys });
      this.#fault = undefined;
      if (!this.#stopped) this.#options.tried?.();
    } catch (error) {
      this.#fault = (error as Error).message;
      if (this.#stopped) return;
      this.#timer = setTimeout(() => void this.#try(), RETRY_MS);
      this.#timer.unref();
      this.#options.tried?.(this.#fault);
    }
  }
}
