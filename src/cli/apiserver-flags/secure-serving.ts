import type { FlagGroup } from '../flag-set.ts';
import { flag, idle } from './definition.ts';

export const secureServingFlags: FlagGroup = {
  title: 'Secure serving',
  flags: [
    flag('bind-address', 'string', 'Address to listen on.', '0.0.0.0'),
    flag(
      'cert-dir',
      'string',
      'Folder of apiserver.crt and apiserver.key where --tls-cert-file is not given; they are made where missing.',
      '"/var/run/kubernetes"',
    ),
    flag('disable-http2-serving', 'bool', 'Serve HTTP/1.1 alone.', 'false'),
    flag(
      'http2-max-streams-per-connection',
      'int',
      'Requests a client may have open on one HTTP/2 connection.',
      '250',
    ),
    idle('permit-address-sharing', 'bool'),
    idle('permit-port-sharing', 'bool'),
    flag('secure-port', 'int', 'Port to listen on.', '6443'),
    flag(
      'tls-cert-file',
      'string',
      'PEM serving certificate, its intermediates behind it. Reloaded when it changes.',
    ),
    flag('tls-cipher-suites', 'stringSlice', 'Cipher suites of TLS 1.2.'),
    idle('tls-curve-preferences', 'stringSlice'),
    flag('tls-min-version', 'string', 'VersionTLS12 or VersionTLS13.'),
    flag('tls-private-key-file', 'string', 'PEM key of --tls-cert-file.'),
    flag(
      'tls-sni-cert-key',
      'stringArray',
      'Certificate and key for some host names: cert.pem,key.pem:name,name.',
    ),
  ],
};
