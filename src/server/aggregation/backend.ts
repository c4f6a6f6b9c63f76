import { Agent, type RequestOptions, request } from 'node:https';
import { isIPv6 } from 'node:net';
import type { UserInfo } from '../../meta/user.ts';
import { failedRequest } from '../../webhook/failure.ts';
import { resolveService, type ServiceListers, type ServiceReference } from './service-endpoint.ts';

/** The part of an APIService that says how to reach its server. */
export interface Backend {
  service: ServiceReference;
  /** PEM; absent: the system's authorities. */
  ca?: string;
  insecure: boolean;
}

/** PEM of --proxy-client-cert-file and --proxy-client-key-file; read at each connection, so that renewed files count. */
export type ProxyCertificate = () => { cert: string; key: string } | undefined;

export type Prepared = { ok: true; url: string; options: RequestOptions } | { ok: false; why: string };

export type Fetched = { ok: true; status: number; type: string; body: string } | { ok: false; why: string };

/** Bodies of discovery are read whole, but not without end. */
const MAX_BODY = 16 * 1024 * 1024;

/** The way to the servers behind APIServices: connections are kept, one identity vouches for all callers. */
export class Backends {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 25 });
  readonly #listers: ServiceListers;
  readonly #certificate: ProxyCertificate;

  constructor(listers: ServiceListers, certificate: ProxyCertificate) {
    this.#listers = listers;
    this.#certificate = certificate;
  }

  get listers(): ServiceListers {
    return this.#listers;
  }

  /** Where a path of the backend is and how to connect to it. `target` is path and query. */
  prepare(backend: Backend, target: string): Prepared {
    const { service, ca, insecure } = backend;
    const resolved = resolveService(service, this.#listers);
    if (!resolved.ok) return resolved;
    const { host, port } = resolved;
    const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    return {
      ok: true,
      url: `https://${authority}${target}`,
      options: {
        host,
        port,
        path: target,
        agent: this.#agent,
        servername: `${service.name}.${service.namespace}.svc`,
        minVersion: 'TLSv1.2',
        rejectUnauthorized: !insecure,
        headers: { host: authority },
        ...(ca === undefined ? {} : { ca }),
        ...this.#certificate(),
      },
    };
  }

  /** GET as a user; whatever goes wrong is told in Go's words. */
  fetch(
    backend: Backend,
    path: string,
    user: UserInfo,
    accept: string,
    timeoutMs: number,
  ): Promise<Fetched & { url: string }> {
    const prepared = this.prepare(backend, path);
    if (!prepared.ok) return Promise.resolve({ ...prepared, url: '' });
    const { url, options } = prepared;
    const headers = { ...options.headers, accept, ...identityHeaders(user) };
    return new Promise((resolve) => {
      const fail = (why: string): void => resolve({ ok: false, why, url });
      const outgoing = request({ ...options, method: 'GET', headers } as RequestOptions, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_BODY) outgoing.destroy(new Error('the answer is too large'));
          else chunks.push(chunk);
        });
        response.on('error', (error) => fail(failedRequest(url, error, 'Get').message));
        response.on('end', () => {
          clearTimeout(timer);
          const type = response.headers['content-type'] ?? '';
          resolve({
            ok: true,
            status: response.statusCode!,
            type,
            body: Buffer.concat(chunks).toString(),
            url,
          });
        });
      });
      const timer = setTimeout(() => {
        fail(
          `Get ${JSON.stringify(url)}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
        );
        outgoing.destroy();
      }, timeoutMs);
      outgoing.on('error', (error) => {
        clearTimeout(timer);
        fail(failedRequest(url, error, 'Get').message);
      });
      outgoing.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A caller as a front proxy tells it (client-go transport/round_trippers.go, SetAuthProxyHeaders). */
export function identityHeaders(user: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'X-Remote-User': headerText(user.name) };
  if (user.uid) headers['X-Remote-Uid'] = headerText(user.uid);
  if (user.groups.length > 0) headers['X-Remote-Group'] = user.groups.map(headerText);
  for (const [key, values] of Object.entries(user.extra ?? {}))
    headers[`X-Remote-Extra-${escapeKey(key)}`] = values.map(headerText);
  return headers;
}

/** Header values are bytes: UTF-8 goes out as it is. What would end the line cannot stand in one. */
function headerText(value: string): string {
  if (/[\r\n\0]/.test(value)) throw new TypeError('an identity with a line break cannot be passed on');
  return Buffer.from(value).toString('latin1');
}

/** Everything that may not stand in a header's name is percent-encoded, and the percent sign itself. */
function escapeKey(key: string): string {
  let out = '';
  for (const byte of Buffer.from(key)) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9!#$&'*+\-.^_`|~]/.test(char)
      ? char
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
