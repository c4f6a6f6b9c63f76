import { isIP } from 'node:net';

/**
 * Where a request says it comes from, and where it does come from, last (apimachinery pkg/util/net, SourceIPs). All but
 * the last is what the client wrote.
 */
export function sourceIps(header: (name: string) => string | undefined, remoteAddress: string): string[] {
  const addresses: string[] = [];
  for (const part of (header('x-forwarded-for') ?? '').split(',')) {
    const address = part.trim();
    if (isIP(address)) addresses.push(address);
  }
  const real = header('x-real-ip') ?? '';
  if (isIP(real) && !addresses.includes(real)) addresses.push(real);
  const remote = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
  if (isIP(remote) && addresses[addresses.length - 1] !== remote) addresses.push(remote);
  return addresses;
}
