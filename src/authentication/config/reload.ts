import { isDeepStrictEqual } from 'node:util';
import { forbidden } from '../../meta/field-error.ts';
import type { Files, ReloadReport } from '../../meta/watched-files.ts';
import type { JwtAuthenticators, ReplaceableJwtAuthenticators } from '../oidc/authenticators.ts';
import { SIGNING_ALGORITHMS } from '../oidc/verifier.ts';
import { type JwtAuthenticatorParts, makeJwtAuthenticators } from './jwt-authenticators.ts';
import { loadAuthenticationConfiguration } from './load.ts';
import type { AnonymousConfiguration } from './types.ts';
import { faultsText, validateAuthenticationConfiguration } from './validate.ts';

/** Besides the times the file is seen to change. */
const POLL_MS = 60_000;
/** For all issuers of a new configuration to answer. */
const DISCOVERY_LIMIT_MS = 60_000;

export interface ConfigurationReloadOptions extends Omit<JwtAuthenticatorParts, 'algorithms'> {
  path: string;
  /** What the file held at the start. */
  text: string;
  /** What it said of anonymous requests, which cannot change. */
  anonymous: AnonymousConfiguration | undefined;
  disallowedIssuers: readonly string[];
  authenticators: ReplaceableJwtAuthenticators;
  files: Files;
  report: ReloadReport;
  /** Called when new authenticators have taken the place of the old ones. */
  onReplaced(): void;
}

interface Pending {
  text: string;
  authenticators: JwtAuthenticators;
  limit: NodeJS.Timeout;
}

/**
 * Follows the file of an AuthenticationConfiguration. New authenticators take the place of the old ones once each of their
 * issuers has been discovered; until then, and where the file is bad, the old ones stay (pkg/kubeapiserver/options,
 * pkg/kubeapiserver/authenticator).
 */
export class ConfigurationReload {
  readonly #options: ConfigurationReloadOptions;
  readonly #stops: (() => void)[] = [];
  /** What was read last and is settled, be it in force or bad for good. */
  #settled: string;
  #pending: Pending | undefined;

  constructor(options: ConfigurationReloadOptions) {
    this.#options = options;
    this.#settled = options.text;
  }

  start(): void {
    const { files, path } = this.#options;
    this.#stops.push(files.watch(path, () => this.look()));
    const poll = setInterval(() => this.look(), POLL_MS).unref();
    this.#stops.push(() => clearInterval(poll));
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#abandon();
  }

  /** Reads the file now, and takes what it says if that is new. */
  look(): void {
    const { path, files, report } = this.#options;
    let text: string;
    try {
      text = files.read(path);
    } catch (error) {
      report.bad?.(path, error);
      return;
    }
    if (text === this.#pending?.text) return;
    this.#abandon();
    if (text === this.#settled) return;
    try {
      this.#prepare(text);
    } catch (error) {
      this.#settled = text;
      report.bad?.(path, error);
    }
  }

  #prepare(text: string): void {
    const { anonymous, disallowedIssuers, clock, client, tried } = this.#options;
    const config = loadAuthenticationConfiguration(text);
    const { errors, compiled } = validateAuthenticationConfiguration(config, disallowedIssuers);
    if (!isDeepStrictEqual(config.anonymous, anonymous))
      errors.push(forbidden('anonymous', 'changed from initial configuration file'));
    if (errors.length) throw new Error(`invalid authentication configuration: ${faultsText(errors)}`);
    const authenticators = makeJwtAuthenticators(config.jwt, compiled, {
      algorithms: SIGNING_ALGORITHMS,
      clock,
      ...(client ? { client } : {}),
      tried: (issuer, fault) => {
        tried?.(issuer, fault);
        this.#swapWhenReady();
      },
    });
    const limit = setTimeout(() => this.#giveUp(), DISCOVERY_LIMIT_MS);
    limit.unref();
    this.#pending = { text, authenticators, limit };
    authenticators.start();
    this.#swapWhenReady();
  }

  #swapWhenReady(): void {
    const { authenticators, report, path, onReplaced } = this.#options;
    const pending = this.#pending;
    if (!pending || pending.authenticators.faults().length > 0) return;
    clearTimeout(pending.limit);
    this.#pending = undefined;
    this.#settled = pending.text;
    authenticators.replace(pending.authenticators);
    onReplaced();
    report.loaded?.(path);
  }

  /** Issuers that did not answer in time may later: the file is not settled, and is tried again at the next look. */
  #giveUp(): void {
    const faults = this.#pending?.authenticators.faults() ?? [];
    this.#abandon();
    this.#options.report.bad?.(this.#options.path, new Error(faults.join('; ')));
  }

  #abandon(): void {
    const pending = this.#pending;
    if (!pending) return;
    clearTimeout(pending.limit);
    this.#pending = undefined;
    pending.authenticators.close();
  }
}
