import { type SigningAuthority, signingAuthority } from '../pki/sign-request.ts';
import { diskFiles } from '../webhook/files.ts';

/** The CA of `--cluster-signing-cert-file` and `--cluster-signing-key-file`, read anew whenever either has changed. */
export function signingAuthorityOf(certFile: string, keyFile: string): () => SigningAuthority {
  let last: { certificate: string; key: string; authority: SigningAuthority } | undefined;
  return () => {
    const certificate = diskFiles.read(certFile);
    const key = diskFiles.read(keyFile);
    if (last?.certificate !== certificate || last.key !== key)
      last = { certificate, key, authority: signingAuthority(certificate, key) };
    return last.authority;
  };
}
