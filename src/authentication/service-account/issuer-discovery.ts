import type { KeyObject } from 'node:crypto';
import { methodNotAllowedError, resourceNotFoundError, StatusError } from '../../meta/status.ts';
import type { KeySet, KeySource } from './keys.ts';

const CONFIGURATION = '/.well-known/openid-configuration';
const JWKS = '/openid/v1/jwks';
const CACHE_CONTROL = 'public, max-age=3600';

/** The OpenID provider document of the issuer, in the order kube-apiserver writes it (pkg/serviceaccount/openidmetadata.go). */
export function openIdConfiguration(issuer: string, jwksUri: string, keys: KeySet): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.all.map((key) => key.algorithm))].sort(),
  };
}

/** All keys that tokens may be signed with, in the order of the flags (RFC 7517 section 5). */
export function jwks(keys: KeySet): Record<string, unknown> {
  return {
    keys: keys.all.map(({ key, kid, algorithm }) => {
      const { kty, crv, x, y, n, e } = exported(key);
      return { use: 'sig', kty, kid, ...(crv ? { crv } : {}), alg: algorithm, ...(x ? { x, y } : { n, e }) };
    }),
  };
}

const exported = (key: KeyObject): Record<string, string | undefined> =>
  key.export({ format: 'jwk' }) as Record<string, string | undefined>;

export interface IssuerDiscoveryOptions {
  /** The first `--service-account-issuer`. */
  issuer: string;
  keys: KeySource;
  /** `--service-account-jwks-uri`; empty: made of the address. */
  jwksUri: string;
  /** Host and port under which the server is reached from outside (`--external-hostname`, `--advertise-address`). */
  externalAddress: string;
}

export interface DiscoveryAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The issuer's discovery documents as paths. Only issuers that are https URLs without query and fragment have them. */
export class IssuerDiscovery {
  readonly #documents = new Map<string, { type: string; body: string }>();

  constructor(options: IssuerDiscoveryOptions) {
    if (!isOpenIdIssuer(options.issuer)) return;
    const jwksUri = options.jwksUri || `https://${options.externalAddress}${JWKS}`;
    const render = (keys: KeySet): void => {
      const configuration = JSON.stringify(openIdConfiguration(options.issuer, jwksUri, keys));
      this.#documents.set(CONFIGURATION, { type: 'application/json', body: configuration });
      this.#documents.set(JWKS, { type: 'application/jwk-set+json', body: JSON.stringify(jwks(keys)) });
    };
    render(options.keys.current());
    options.keys.onChange(render);
  }

  /** The paths served, for the list that `/` answers with; none where the issuer has no documents. */
  paths(): string[] {
    return [...this.#documents.keys()];
  }

  /**
   * Answers a request that may read the path. Undefined: not one of these paths. Failures are given back, not thrown,
   * to be written in the format that the caller accepts.
   */
  handle(
    method: string,
    path: string,
    accept: string | undefined,
  ): DiscoveryAnswer | StatusError | undefined {
    for (const [root, document] of this.#documents) {
      if (path !== root && !path.startsWith(`${root}/`)) continue;
      if (path !== root && path !== `${root}/`) return resourceNotFoundError();
      if (method !== 'GET') return methodNotAllowedError();
      if (!accepts(accept, document.type)) return notAcceptable(document.type);
      return {
        status: 200,
        headers: { 'content-type': document.type, 'cache-control': CACHE_CONTROL },
        body: document.body,
      };
    }
    return undefined;
  }
}

/** Whether OpenID Discovery allows the issuer; for others kube-apiserver serves no documents. */
export function isOpenIdIssuer(issuer: string): boolean {
  try {
    const url = new URL(issuer);
    return url.protocol === 'https:' && !issuer.includes('?') && !issuer.includes('#');
  } catch {
    return false;
  }
}

/** Types are compared as they stand, as go-restful does: no quality, no `application/*`. */
function accepts(accept: string | undefined, type: string): boolean {
  const wanted = accept ? accept.split(',') : ['*/*'];
  return wanted.map((one) => one.split(';')[0]!.trim()).some((one) => one === '*/*' || one === type);
}

function notAcceptable(type: string): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    details: {},
    message: `406: Not Acceptable\n\nAvailable representations: ${type}`,
  });
}
