import { resourceAttributes } from '../authorization/attributes.ts';
import type { UserInfo } from '../meta/user.ts';
import type { Authorize } from './authorize.ts';

/**
 * Whether a user may `approve`, `sign` or `attest` for a signer: by its name, or for all of its domain as `domain/*`
 * (pkg/certauthorization).
 */
export async function mayActForSigner(
  authorization: Authorize,
  user: UserInfo,
  verb: 'approve' | 'sign' | 'attest',
  signer: string,
): Promise<boolean> {
  const domain = signer.split('/')[0]!;
  for (const name of [signer, `${domain}/*`]) {
    const asked = { verb, group: 'certificates.k8s.io', version: '*', resource: 'signers', name };
    const outcome = await authorization.authorize(resourceAttributes(user, asked));
    if (outcome.error === undefined && outcome.decision === 'allow') return true;
  }
  return false;
}
