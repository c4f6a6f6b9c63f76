/** TLS 1.2 cipher suites by the names that flags know them by (RFC 5246, crypto/tls), and OpenSSL's. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
};

/** In TLS 1.3 there is no choice: these may be named, and are in use anyway. */
const TLS_1_3 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** kube-apiserver knows these; they are broken, and OpenSSL 3 comes without them. */
const BROKEN = /_WITH_(RC4_128|3DES_EDE_CBC)_SHA$/;

/**
 * `--tls-cipher-suites` as OpenSSL's list; undefined where none is named, which leaves the choice to Node.js. Throws an
 * Error for a name that is none (component-base cli/flag, ciphersuites_flag.go).
 */
export function cipherList(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const found = names.flatMap((name) => {
    const suite = SUITES[name];
    if (suite) return [suite];
    if (TLS_1_3.includes(name)) return [];
    if (BROKEN.test(name))
      throw new Error(`Cipher suite ${name} is broken and not built in: leave it out of --tls-cipher-suites`);
    throw new Error(`Cipher suite ${name} not supported or doesn't exist`);
  });
  return [...TLS_1_3, ...new Set(found)].join(':');
}

/** `--tls-min-version`. Versions before 1.2 may be asked for, and are not spoken. Throws an Error for an unknown one. */
export function minTlsVersion(name: string): 'TLSv1.2' | 'TLSv1.3' {
  if (name === 'VersionTLS13') return 'TLSv1.3';
  if (name === '' || ['VersionTLS10', 'VersionTLS11', 'VersionTLS12'].includes(name)) return 'TLSv1.2';
  throw new Error(`unknown tls version ${JSON.stringify(name)}`);
}
