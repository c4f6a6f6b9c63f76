import { type SigningAuthority, signingAuthority } from '../pki/sign-request.ts';
import { diskFiles, type Files } from '../webhook/files.ts';

/**
 * The CA of `--cluster-signing-cert-file` and `--cluster-signing-key-file`, read anew whenever either has changed. A pair
 * that does not fit is told of once, and the one before goes on signing.
 *
 * @param bad told what is wrong with new files
 */
export function signingAuthorityOf(
  certFile: string,
  keyFile: string,
  bad: (error: Error) => void = () => {},
  files: Pick<Files, 'read'> = diskFiles,
): () => SigningAuthority {
  let last: { certificate: string; key: string; authority: SigningAuthority } | undefined;
  let told = '';
  const look = (): SigningAuthority => {
    const certificate = files.read(certFile);
    const key = files.read(keyFile);
    if (last?.certificate !== certificate || last.key !== key)
      last = { certificate, key, authority: signingAuthority(certificate, key) };
    told = '';
    return last.authority;
  };
  const current = (): SigningAuthority => {
    try {
      return look();
    } catch (error) {
      if (!last) throw error;
      const { message } = error as Error;
      if (message !== told) bad(error as Error);
      told = message;
      return last.authority;
    }
  };
  try {
    // A pair that is good now is there to fall back on.
    current();
  } catch {
    // Told of by whoever asks first.
  }
  return current;
}
