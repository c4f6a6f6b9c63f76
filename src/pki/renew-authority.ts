import type { AuthoritySlot, CertificateLayout } from './certificate-layout.ts';
import { readAuthority } from './folder-certificates.ts';
import { expiryOf, readPrivateKey } from './issued-certificate.ts';
import { authorityOf, setAuthority } from './kubeconfig-credentials.ts';
import { type FileChange, KubeconfigFile } from './kubeconfig-file.ts';

const BACKDATE_MS = 5 * 60_000;

/**
 * A CA's certificate once more, with the same name and key: what it issued goes on to count. Who keeps the old certificate
 * does not trust the new one's end, and needs it too. Throws an Error where it is external or broken.
 */
export async function renewAuthority(
  slot: AuthoritySlot,
  { now, validityMs }: { now: number; validityMs: number },
): Promise<{ changes: FileChange[]; before: number; notAfter: number }> {
  const authority = readAuthority(slot);
  if (authority.state === 'missing') throw new Error(`${slot.certFile} is not there`);
  if (authority.problem !== undefined) throw new Error(authority.problem);
  if (authority.key === undefined || !authority.signing)
    throw new Error(
      `it is external: ${slot.keyFile} is not here. Whoever keeps that key has to issue its certificate anew`,
    );
  const { signing } = authority;
  const notAfter = now + validityMs;
  const { reissueCertificate } = await import('./reissue-certificate.ts');
  const pem = await reissueCertificate({
    certificate: signing.toString(),
    key: readPrivateKey(authority.key),
    notBefore: now - BACKDATE_MS,
    notAfter,
  });
  const others = authority.certificates.filter((one) => one !== signing && expiryOf(one) > now);
  return {
    changes: [
      { path: slot.certFile, content: [pem, ...others.map((one) => one.toString())].join(''), mode: 0o644 },
    ],
    before: expiryOf(signing),
    notAfter,
  };
}

/** The kubeconfigs of a folder with another authority in them, where they embed the folder's `ca`. */
export function withAuthority(
  layout: CertificateLayout,
  pem: string,
  further: readonly string[] = [],
): FileChange[] {
  const paths = [
    ...layout.certificates.filter(({ kind }) => kind === 'kubeconfig').map(({ certFile }) => certFile),
    ...further,
  ];
  return [...new Set(paths)].flatMap((path) => {
    let file: KubeconfigFile;
    try {
      file = KubeconfigFile.read(path);
    } catch {
      // One that is not there, or is broken, is told of elsewhere.
      return [];
    }
    const clusters = further.includes(path)
      ? file.entries('clusters').map(({ name }) => name)
      : [file.context(file.currentContext)?.cluster ?? ''];
    const before = file.text;
    for (const cluster of clusters)
      if (!further.includes(path) || sharesCertificate(authorityOf(file, cluster), pem))
        setAuthority(file, cluster, pem);
    return file.text === before ? [] : [{ path, content: file.text, mode: 0o600 }];
  });
}

/** Whether two bundles have a certificate in common: a kubeconfig may name clusters of other authorities, too. */
export function sharesCertificate(one: string | undefined, other: string): boolean {
  const blocks = (pem: string): string[] =>
    (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map((block) =>
      block.replace(/\s+/g, ''),
    );
  const known = new Set(blocks(other));
  return one !== undefined && blocks(one).some((block) => known.has(block));
}
