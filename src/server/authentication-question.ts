import type { AuthenticationRequest, CertificateDer, ShownToken } from '../authentication/authenticator.ts';
import type { ApiRequest } from './api-request.ts';
import type { Exchange } from './exchange.ts';

/** What authenticators are asked about a request. */
export class AuthenticationQuestion implements AuthenticationRequest {
  readonly audiences: readonly string[];
  shown: ShownToken | undefined = undefined;
  readonly #request: ApiRequest;
  readonly #exchange: Exchange;

  constructor(request: ApiRequest, audiences: readonly string[]) {
    this.audiences = audiences;
    this.#request = request;
    this.#exchange = request.exchange;
  }

  get method(): string {
    return this.#exchange.method;
  }

  get path(): string {
    return this.#request.info.path;
  }

  get certificates(): readonly CertificateDer[] {
    return this.#exchange.certificates;
  }

  get connection(): object {
    return this.#exchange.certificates;
  }

  get now(): number {
    return this.#request.now;
  }

  header(name: string): string | undefined {
    return this.#exchange.header(name);
  }

  headerValues(name: string): readonly string[] {
    return this.#exchange.headerValues(name);
  }

  headerNames(): readonly string[] {
    return this.#exchange.headerNames();
  }

  warn(text: string): void {
    this.#request.warn(text);
  }

  annotate(key: string, value: string): void {
    this.#request.annotate(key, value);
  }
}
