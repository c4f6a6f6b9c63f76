import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { formatDuration } from '../meta/duration.ts';
import { failedAnswer, failedRequest, timedOutRequest, type WebhookFailure } from './failure.ts';
import type { WebhookTarget } from './target.ts';

/** An answer larger than this is refused; reviews are a few hundred bytes. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** client-go tries a request again this often while answers carry Retry-After. */
const MAX_RETRY_AFTER = 10;

export type WebhookReply =
  | { ok: true; status: number; contentType: string; body: string }
  | { ok: false; failure: WebhookFailure };

export interface PostOptions {
  /** For one try, with reading the answer; also told to the server as `?timeout=`. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** What is said when the time is up. */
  timeoutWords?: string;
}

/** Pauses; tests put their own in its place. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export const sleep: Sleep = (ms, signal) =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
  });

/** Posts JSON to one webhook over connections that are kept. Never rejects: what goes wrong is in the reply. */
export class WebhookClient {
  readonly #target: WebhookTarget;
  readonly #url: URL;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #sleep: Sleep;

  constructor(target: WebhookTarget, pause: Sleep = sleep) {
    this.#target = target;
    this.#url = new URL(target.url);
    this.#sleep = pause;
    const options = { keepAlive: true, maxFreeSockets: 16, timeout: 90_000 };
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** Closes its connections. */
  close(): void {
    this.#agent.destroy();
  }

  /** One request; again where the server asks for that by Retry-After. */
  async post(body: string, options: PostOptions): Promise<WebhookReply> {
    for (let tries = 0; ; tries++) {
      const { reply, waitSeconds } = await this.#once(body, options);
      if (waitSeconds === undefined || tries === MAX_RETRY_AFTER || options.signal?.aborted) return reply;
      await this.#sleep(waitSeconds * 1000, options.signal);
    }
  }

  #once(body: string, options: PostOptions): Promise<{ reply: WebhookReply; waitSeconds?: number }> {
    const url = new URL(this.#url);
    url.searchParams.set('timeout', formatDuration(BigInt(options.timeoutMs) * 1_000_000n));
    const shown = url.toString();
    return new Promise((resolve) => {
      const fail = (failure: WebhookFailure): void => resolve({ reply: { ok: false, failure } });
      let request: ReturnType<typeof httpsRequest>;
      try {
        request = this.#request(url, Buffer.byteLength(body));
      } catch (error) {
        return fail(failedRequest(shown, error as NodeJS.ErrnoException));
      }
      let settled = false;
      const giveUp = (words: string): void => {
        settled = true;
        fail(timedOutRequest(shown, words));
        request.destroy();
      };
      const words =
        options.timeoutWords ?? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
      const timer = setTimeout(() => giveUp(words), options.timeoutMs);
      const onAbort = (): void => giveUp('context canceled');
      options.signal?.addEventListener('abort', onAbort, { once: true });
      if (options.signal?.aborted) onAbort();
      request.on('close', () => {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        // A connection that was kept may have been closed at the other end just now: that says nothing of the webhook.
        const wasClosed = error.code === 'ECONNRESET' || error.code === 'EPIPE';
        if (request.reusedSocket && wasClosed && !settled) resolve(this.#once(body, options));
        else fail(failedRequest(shown, error));
      });
      request.on('response', (response) => {
        settled = true;
        response.on('error', (error) => fail(failedRequest(shown, error)));
        void readAll(response).then((text) => {
          if (text !== undefined) return resolve(replyOf(response, text));
          fail(failedRequest(shown, new Error('the answer is too large')));
          request.destroy();
        });
      });
      request.end(body);
    });
  }

  #request(url: URL, length: number): ReturnType<typeof httpsRequest> {
    const { ca, serverName, insecure, connectTo } = this.#target;
    const { certificate, authorization, headers } = this.#target.credentials?.() ?? {};
    const options: RequestOptions = {
      method: 'POST',
      agent: this.#agent,
      headers: {
        accept: 'application/json, */*',
        'content-type': 'application/json',
        'content-length': length,
        'user-agent': 'sallyport',
        host: url.host,
        ...(authorization ? { authorization } : {}),
        ...headers,
      },
      path: `${url.pathname}${url.search}`,
      hostname: connectTo?.host ?? url.hostname.replace(/^\[|\]$/g, ''),
      port: connectTo?.port ?? (url.port || (url.protocol === 'https:' ? 443 : 80)),
    };
    if (url.protocol !== 'https:') return httpRequest(options);
    return httpsRequest({
      ...options,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: !insecure,
      ...(ca === undefined ? {} : { ca }),
      ...(certificate ? { cert: certificate.certificate, key: certificate.key } : {}),
      ...(serverName ? { servername: serverName } : connectTo ? { servername: url.hostname } : {}),
    });
  }
}

async function readAll(response: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    // Reported by the error event.
    return '';
  }
  return Buffer.concat(chunks).toString('utf8');
}

function replyOf(response: IncomingMessage, body: string): { reply: WebhookReply; waitSeconds?: number } {
  const status = response.statusCode ?? 0;
  const contentType = response.headers['content-type'] ?? '';
  if (status >= 200 && status <= 206) return { reply: { ok: true, status, contentType, body } };
  const asked = /^\d+$/.exec(response.headers['retry-after'] ?? '')?.[0];
  const seconds = asked === undefined ? 0 : Number(asked);
  const reply: WebhookReply = { ok: false, failure: failedAnswer(status, contentType, body, seconds) };
  const waits = asked !== undefined && (status === 429 || status >= 500);
  return waits ? { reply, waitSeconds: seconds } : { reply };
}
