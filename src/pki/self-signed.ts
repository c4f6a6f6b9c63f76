import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { issueCertificate } from './authority.ts';
import { writePrivateFile } from './private-file.ts';

const DAYS = 365;

/** A serving certificate that signs itself, for a server that was given none. */
export async function writeSelfSigned(
  pair: { certFile: string; keyFile: string },
  externalHostname: string,
  address: string,
): Promise<void> {
  const host = externalHostname || hostname();
  const addresses = [
    '127.0.0.1',
    ...(isIP(address) && address !== '0.0.0.0' && address !== '::' && address !== '127.0.0.1'
      ? [address]
      : []),
  ];
  const made = await issueCertificate(
    {
      commonName: host,
      usages: ['server'],
      dnsNames: [
        ...new Set([host, 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc']),
      ],
      ipAddresses: addresses,
      days: DAYS,
    },
    Date.now(),
  );
  writePrivateFile(pair.keyFile, made.key);
  writePrivateFile(pair.certFile, made.certificate);
}
