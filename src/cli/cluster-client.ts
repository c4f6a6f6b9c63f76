import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { KubeObject } from '../meta/object.ts';
import { type KubeconfigContext, readKubeconfig, targetOf } from '../webhook/kubeconfig.ts';
import type { WebhookTarget } from '../webhook/target.ts';

const PAGE = 500;
const MAX_PAGES = 10_000;
const TIMEOUT_MS = 30_000;

/** Reads a cluster through a kubeconfig, as little as commands need: paths as JSON, and lists page by page. */
export class ClusterClient {
  readonly context: KubeconfigContext;
  readonly #target: WebhookTarget;
  readonly #base: URL;
  readonly #agent: HttpAgent | HttpsAgent;

  /** Throws an Error in client-go's words where the kubeconfig cannot be used. */
  constructor(kubeconfig: string, contextName?: string) {
    this.context = readKubeconfig(kubeconfig, undefined, contextName);
    this.#target = targetOf(this.context);
    this.#base = new URL(this.#target.url);
    this.#agent =
      this.#base.protocol === 'https:'
        ? new HttpsAgent({ keepAlive: true })
        : new HttpAgent({ keepAlive: true });
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Every object of a resource, or those that a field selector selects; `path` is `/apis/GROUP/VERSION/RESOURCE`. Items
   * get the kind of their list.
   */
  async list(path: string, fieldSelector?: string): Promise<KubeObject[]> {
    const selected = fieldSelector === undefined ? '' : `&fieldSelector=${encodeURIComponent(fieldSelector)}`;
    const items: KubeObject[] = [];
    let next = '';
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = `limit=${PAGE}${selected}${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`;
      const list = await this.get(`${path}?${query}`);
      const kind = String(list.kind ?? '').replace(/List$/, '');
      for (const item of (list['items'] ?? []) as KubeObject[])
        items.push({ ...item, kind, apiVersion: list.apiVersion ?? '' });
      next = (list.metadata as { continue?: string } | undefined)?.continue ?? '';
      if (next === '') break;
    }
    return items;
  }

  /** One GET. Rejects with the server's own message, or with what hindered the connection. */
  get(path: string): Promise<KubeObject> {
    return this.#send('GET', path);
  }

  /**
   * One POST of an object. Rejects with a ClusterError, the server's own message, or with what hindered the connection.
   * @param token asks as its bearer, in place of the kubeconfig's user
   */
  post(path: string, object: object, token?: string): Promise<KubeObject> {
    return this.#send('POST', path, JSON.stringify(object), token);
  }

  /** One PUT of an object. Rejects as `post` does. */
  put(path: string, object: object): Promise<KubeObject> {
    return this.#send('PUT', path, JSON.stringify(object));
  }

  /** One DELETE. Rejects as `get` does. */
  delete(path: string): Promise<KubeObject> {
    return this.#send('DELETE', path);
  }

  /**
   * The lines of an answer that goes on until the server or `signal` ends it. Rejects as `get` does.
   */
  async follow(path: string, line: (text: string) => void, signal?: AbortSignal): Promise<void> {
    const response = await this.#respond('GET', path, { timeout: 0, ...(signal ? { signal } : {}) });
    if (response.statusCode !== 200) {
      await answerOf(response, path);
      return;
    }
    let rest = '';
    response.setEncoding('utf8');
    for await (const chunk of response) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const text of lines) if (text !== '') line(text);
    }
  }

  async #send(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: string,
    token?: string,
  ): Promise<KubeObject> {
    const more = { ...(body === undefined ? {} : { body }), ...(token === undefined ? {} : { token }) };
    return answerOf(await this.#respond(method, path, { timeout: TIMEOUT_MS, ...more }), path);
  }

  #respond(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    {
      body,
      token,
      timeout,
      signal,
    }: { body?: string; token?: string; timeout: number; signal?: AbortSignal },
  ): Promise<IncomingMessage> {
    const url = new URL(`${this.#base.pathname.replace(/\/$/, '')}${path}`, this.#base);
    const own = token === undefined ? this.#target.credentials?.() : { authorization: `Bearer ${token}` };
    const { certificate, authorization, headers } = own ?? {};
    const options = {
      method,
      // A connection that is kept would go on showing the kubeconfig's certificate.
      agent: token === undefined ? this.#agent : false,
      timeout,
      ...(signal ? { signal } : {}),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(authorization ? { authorization } : {}),
        ...headers,
      },
    };
    return new Promise((resolve, reject) => {
      const request =
        url.protocol === 'https:'
          ? httpsRequest(url, {
              ...options,
              rejectUnauthorized: !this.#target.insecure,
              ...(this.#target.ca === undefined ? {} : { ca: this.#target.ca }),
              ...(this.#target.serverName ? { servername: this.#target.serverName } : {}),
              ...(certificate ? { cert: certificate.certificate, key: certificate.key } : {}),
            })
          : httpRequest(url, options);
      request.on('timeout', () =>
        request.destroy(new Error(`no answer from ${url.host} within ${timeout / 1000} s`)),
      );
      request.on('error', reject);
      request.on('response', resolve);
      request.end(body);
    });
  }
}

/** The object in an answer; rejects where the server tells of a failure. */
async function answerOf(response: IncomingMessage, path: string): Promise<KubeObject> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const status = response.statusCode ?? 0;
  const place = path.split('?')[0];
  let object: KubeObject;
  try {
    object = JSON.parse(Buffer.concat(chunks).toString('utf8')) as KubeObject;
  } catch {
    throw new ClusterError(status, `${place}: HTTP ${status}, and no JSON`);
  }
  if (status === 200 || status === 201) return object;
  throw new ClusterError(status, String(object['message'] ?? `${place}: HTTP ${status}`));
}

/** A request that the server answered with a failure. */
export class ClusterError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
