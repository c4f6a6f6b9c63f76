import { Agent, request } from 'node:https';
import { readKubeconfig, targetOf } from '../../src/webhook/kubeconfig.ts';
import type { WebhookTarget } from '../../src/webhook/target.ts';

/** Asks an API server through a kubeconfig: what a measurement needs before and after it. */
export class ApiClient {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #target: WebhookTarget;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(kubeconfig: string) {
    this.#target = targetOf(readKubeconfig(kubeconfig));
    this.url = this.#target.url.replace(/\/$/, '');
  }

  /** Whom to trust, in PEM; undefined: anybody. */
  get ca(): string | undefined {
    return this.#target.insecure ? undefined : (this.#target.ca as string | undefined);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The answer's bytes as text. Rejects where its status is neither 2xx nor in `also`. */
  async text(method: string, path: string, object?: object, also: readonly number[] = []): Promise<string> {
    const { certificate, authorization, headers } = this.#target.credentials?.() ?? {};
    const body = object && JSON.stringify(object);
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.url}${path}`,
        {
          method,
          agent: this.#agent,
          rejectUnauthorized: !this.#target.insecure,
          ...(this.#target.ca ? { ca: this.#target.ca } : {}),
          ...(this.#target.serverName ? { servername: this.#target.serverName } : {}),
          ...(certificate ? { cert: certificate.certificate, key: certificate.key } : {}),
          headers: {
            ...(body ? { 'content-type': 'application/json' } : {}),
            ...(authorization ? { authorization } : {}),
            ...headers,
          },
        },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => {
            text += chunk;
          });
          answer.on('end', () => {
            const status = answer.statusCode ?? 0;
            if ((status >= 200 && status < 300) || also.includes(status)) resolve(text);
            else reject(new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`));
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async json(method: string, path: string, object?: object): Promise<any> {
    return JSON.parse(await this.text(method, path, object));
  }

  /** Creates what may be there already. */
  async ensure(path: string, object: object): Promise<void> {
    await this.text('POST', path, object, [409]);
  }
}
