import type { AuthenticationVerdict } from '../explain/verdict.ts';
import type { AuthenticationRequest, RequestAuthenticator } from './authenticator.ts';
import { unescapeKey } from './extra-key.ts';
import type { RevocationSource } from './revocation/revocation-lists.ts';
import { ClientCertificates, type PoolSource } from './x509/client-certificates.ts';
import type { CertificateFault } from './x509/verify.ts';
import { commonName } from './x509.ts';

/** kube-apiserver's `--requestheader-*` flags; names of headers in any case. */
export interface FrontProxyOptions {
  /** `--requestheader-client-ca-file` */
  authorities: PoolSource;
  /** `--client-ca-crl-file` */
  revoked?: RevocationSource | undefined;
  /** `--requestheader-allowed-names`; none: any certificate of the authorities. */
  allowedNames: readonly string[];
  /** `--requestheader-username-headers` */
  usernameHeaders: readonly string[];
  /** `--requestheader-uid-headers` */
  uidHeaders: readonly string[];
  /** `--requestheader-group-headers` */
  groupHeaders: readonly string[];
  /** `--requestheader-extra-headers-prefix` */
  extraHeadersPrefixes: readonly string[];
}

/**
 * An authenticating proxy's word for who a caller is: headers count only with a certificate of the proxies' own
 * authorities and an allowed name (apiserver pkg/authentication/request/headerrequest/requestheader.go).
 */
export class FrontProxyAuthenticator implements RequestAuthenticator {
  readonly name = 'front-proxy';
  readonly #certificates: ClientCertificates;
  readonly #allowed: ReadonlySet<string>;
  readonly #headers: Record<'user' | 'uid' | 'group' | 'extra', readonly string[]>;

  constructor(options: FrontProxyOptions) {
    this.#certificates = new ClientCertificates(options.authorities, options.revoked);
    this.#allowed = new Set(options.allowedNames);
    this.#headers = {
      user: lower(options.usernameHeaders),
      uid: lower(options.uidHeaders),
      group: lower(options.groupHeaders),
      extra: lower(options.extraHeadersPrefixes),
    };
  }

  authenticate(request: AuthenticationRequest): AuthenticationVerdict {
    const by = this.name;
    const verified = this.#certificates.verify(request.certificates, request.now);
    if (!verified) return NO_CERTIFICATE;
    if ('fault' in verified) {
      return verified.isOwn ? badCertificate(verified.fault) : OTHER_AUTHORITY;
    }
    const proxy = commonName(verified.leaf);
    if (this.#allowed.size && !this.#allowed.has(proxy)) {
      return { verdict: 'refused', by, code: 'FRONT_PROXY_NAME', facts: { commonName: proxy } };
    }
    const name = firstValue(request, this.#headers.user);
    if (name === '') return { verdict: 'notMine', by, code: 'FRONT_PROXY_NO_USER', facts: { proxy } };
    const uid = firstValue(request, this.#headers.uid);
    const extra = readExtra(request, this.#headers.extra);
    return {
      verdict: 'authenticated',
      by,
      code: 'FRONT_PROXY_HEADERS',
      facts: { proxy },
      user: {
        name,
        ...(uid ? { uid } : {}),
        groups: this.#headers.group
          .flatMap((header) => request.headerValues(header))
          .filter((group) => group !== ''),
        ...(extra ? { extra } : {}),
      },
      audiences: request.audiences,
    };
  }
}

const NO_CERTIFICATE: AuthenticationVerdict = {
  verdict: 'notMine',
  by: 'front-proxy',
  code: 'FRONT_PROXY_NO_CERTIFICATE',
  facts: {},
};

/** Of every ordinary client. kube-apiserver keeps who shows such a certificate from being anonymous. */
const OTHER_AUTHORITY: AuthenticationVerdict = {
  verdict: 'notMine',
  by: 'front-proxy',
  code: 'FRONT_PROXY_OTHER_AUTHORITY',
  facts: {},
  unlessAnother: 'refused',
};

const badCertificate = ({ code, facts }: CertificateFault): AuthenticationVerdict => ({
  verdict: 'refused',
  by: 'front-proxy',
  code: 'FRONT_PROXY_CERTIFICATE',
  facts: { ...facts, fault: code },
});

const lower = (names: readonly string[]): string[] => names.map((name) => name.trim().toLowerCase());

/** Of the headers in order, the first whose first value is not empty. */
function firstValue(request: AuthenticationRequest, headers: readonly string[]): string {
  for (const header of headers) {
    const value = request.header(header);
    if (value) return value;
  }
  return '';
}

function readExtra(
  request: AuthenticationRequest,
  prefixes: readonly string[],
): Record<string, string[]> | undefined {
  const extra = new Map<string, string[]>();
  for (const prefix of prefixes) {
    for (const header of new Set(request.headerNames())) {
      if (!header.startsWith(prefix)) continue;
      const key = unescapeKey(header.slice(prefix.length));
      extra.set(key, [...(extra.get(key) ?? []), ...request.headerValues(header)]);
    }
  }
  return extra.size ? Object.fromEntries(extra) : undefined;
}

/**
 * Whether a header says who a caller is and therefore must not reach anything behind authentication: the standard ones
 * of a front proxy, those configured, and Authorization (apiserver pkg/endpoints/filters/authentication.go).
 */
export function credentialHeaders(
  options?: Pick<
    FrontProxyOptions,
    'usernameHeaders' | 'uidHeaders' | 'groupHeaders' | 'extraHeadersPrefixes'
  >,
): (header: string) => boolean {
  const names = new Set(['authorization', 'x-remote-user', 'x-remote-uid', 'x-remote-group']);
  const prefixes = ['x-remote-extra-'];
  if (options) {
    for (const name of lower([...options.usernameHeaders, ...options.uidHeaders, ...options.groupHeaders]))
      names.add(name);
    prefixes.push(...lower(options.extraHeadersPrefixes));
  }
  return (header) => names.has(header) || prefixes.some((prefix) => header.startsWith(prefix));
}
