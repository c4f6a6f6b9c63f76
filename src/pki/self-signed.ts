/** A serving certificate for a server that was given none. */
export async function writeSelfSigned(_pair: { certFile: string; keyFile: string }, _hostname: string, _address: string): Promise<void> {
  throw new Error('--tls-cert-file and --tls-private-key-file must be specified');
}
