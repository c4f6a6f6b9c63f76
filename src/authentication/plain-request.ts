import type { AuthenticationRequest } from './authenticator.ts';

/** A request as most programs have one; names of headers in any case, as Node's and fetch's are. */
export interface PlainRequest {
  method: string;
  /** With or without a query. */
  url: string;
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** What the client showed over TLS, leaf first, in DER: `[socket.getPeerCertificate().raw]`. */
  certificates?: readonly Uint8Array[];
}

/** What an authenticator is asked about a request of any server. */
export function authenticationRequest(
  { method, url, headers, certificates = [] }: PlainRequest,
  { audiences, now = Date.now() }: { audiences: readonly string[]; now?: number },
): AuthenticationRequest {
  const byName = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) byName.set(name.toLowerCase(), typeof value === 'string' ? [value] : value);
  return {
    method,
    path: new URL(url, 'https://server.invalid').pathname,
    header: (name) => byName.get(name)?.[0],
    headerValues: (name) => byName.get(name) ?? [],
    headerNames: () => [...byName.keys()],
    certificates,
    audiences,
    now,
    warn: () => {},
  };
}
