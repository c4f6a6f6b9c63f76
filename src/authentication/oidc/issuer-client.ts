import { request } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { quote } from '../../meta/go-quote.ts';
import { withoutPassword } from '../../meta/url-password.ts';
import { systemRoots } from '../../pki/system-roots.ts';
import { failedRequest } from '../../webhook/failure.ts';
import type { Headers } from './freshness.ts';
import { ProxyAwareAgent } from './proxy.ts';

export interface IssuerAnswer {
  status: number;
  /** `503 Service Unavailable` */
  statusLine: string;
  headers: Headers;
  body: string;
}

/** Asks an issuer; tests put their own in its place. */
export interface IssuerClient {
  /** Rejects with an Error in Go's words where there is no answer. */
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<IssuerAnswer>;
  close(): void;
}

const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 10;
/** Discovery documents, key sets and claims are a few kilobytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** HTTPS to one issuer, over connections that are kept. */
export class HttpsIssuerClient implements IssuerClient {
  readonly #agent: ProxyAwareAgent;

  /** @param ca whom to trust, in PEM, be it a root or not; the machine's own roots where it is empty */
  constructor(ca: string) {
    this.#agent = new ProxyAwareAgent({
      keepAlive: true,
      maxFreeSockets: 4,
      // Made once: a system's roots take a while to read.
      secureContext: trusting(ca === '' ? systemRoots() : ca),
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  async get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<IssuerAnswer> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    let target = url;
    let sent = headers;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#once(target, sent, signal);
      const next = redirection(answer, target);
      if (next === undefined) return answer;
      if (redirects === MAX_REDIRECTS - 1)
        throw new Error(`Get ${quote(next)}: stopped after ${MAX_REDIRECTS} redirects`);
      // Credentials are for the host they were given for.
      if (new URL(next).host !== new URL(target).host) sent = {};
      target = next;
    }
  }

  #once(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IssuerAnswer> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        if (signal.aborted) {
          const words = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
          reject(new Error(`Get ${quote(withoutPassword(url))}: ${words}`));
        } else reject(new Error(failedRequest(url, error, 'Get').message));
      };
      let parsed: URL;
      try {
        parsed = new URL(url);
      } catch {
        return reject(new Error(`Get ${quote(withoutPassword(url))}: invalid URL`));
      }
      // What says whose keys are good has to come from where it claims to come from.
      if (parsed.protocol !== 'https:')
        return reject(
          new Error(
            `Get ${quote(withoutPassword(url))}: unsupported protocol scheme ${quote(parsed.protocol.slice(0, -1))}`,
          ),
        );
      const asked = request(parsed, {
        agent: this.#agent,
        signal,
        headers: { 'user-agent': 'sallyport', accept: '*/*', ...headers },
      });
      let answered = false;
      asked.on('error', (error: NodeJS.ErrnoException) => {
        // A connection that was kept may have been closed at the other end just now.
        const wasClosed = error.code === 'ECONNRESET' || error.code === 'EPIPE';
        if (asked.reusedSocket && wasClosed && !answered && !signal.aborted)
          resolve(this.#once(url, headers, signal));
        else fail(error);
      });
      asked.on('response', (response) => {
        answered = true;
        const chunks: Buffer[] = [];
        let length = 0;
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > MAX_ANSWER_BYTES) asked.destroy(new Error('the answer is too large'));
          else chunks.push(chunk);
        });
        response.on('error', fail);
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          resolve({
            status,
            statusLine: `${status} ${response.statusMessage ?? ''}`.trim(),
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      asked.end();
    });
  }
}

/** What trusts these authorities, be they roots or not; Node's own where there are none. */
export function trusting(ca: string | undefined): SecureContext {
  return createSecureContext({
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca, allowPartialTrustChain: true }),
  });
}

function redirection({ status, headers }: IssuerAnswer, from: string): string | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const { location } = headers;
  if (typeof location !== 'string' || !URL.canParse(location, from)) return undefined;
  return new URL(location, from).href;
}

/** As much of a body as an error message may hold. */
export const shownBody = (body: string): string => (body.length > 2048 ? `${body.slice(0, 2048)}…` : body);
