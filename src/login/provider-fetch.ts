import { request } from 'node:https';
import { trusting } from '../authentication/oidc/issuer-client.ts';
import { ProxyAwareAgent } from '../authentication/oidc/proxy.ts';
import { systemRoots } from '../pki/system-roots.ts';

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

interface FetchOptions {
  method: string;
  headers: Record<string, string>;
  body?: unknown;
  signal?: AbortSignal | null | undefined;
}

/** `fetch` for openid-client that trusts the authorities of a PEM file; the machine's own where `ca` is undefined. */
export function providerFetch(
  ca: string | undefined,
): (url: string, options: FetchOptions) => Promise<Response> {
  const agent = new ProxyAwareAgent({ keepAlive: false, secureContext: trusting(ca ?? systemRoots()) });
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const asked = request(url, {
        agent,
        method,
        headers: { ...headers, 'user-agent': 'sallyport' },
        signal: signal ?? AbortSignal.timeout(TIMEOUT_MS),
      });
      asked.on('error', reject);
      asked.on('response', (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > MAX_ANSWER_BYTES) asked.destroy(new Error('the answer is too large'));
          else chunks.push(chunk);
        });
        response.on('end', () => {
          const status = response.statusCode ?? 500;
          const empty = status === 204 || status === 304;
          resolve(
            new Response(empty ? null : Buffer.concat(chunks), {
              status,
              headers: Object.entries(response.headers).flatMap(([name, value]) =>
                [value ?? []].flat().map((one): [string, string] => [name, one]),
              ),
            }),
          );
        });
      });
      asked.end(body === undefined || body === null ? undefined : String(body));
    });
}
