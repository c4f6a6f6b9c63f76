import { expect, it } from 'vitest';
import { OpensslAuthority } from '../authentication/fixtures/openssl-authority.ts';
import { signingAuthorityOf } from './signing-authority.ts';

it('goes on signing with the pair before where certificate and key do not fit', () => {
  const one = new OpensslAuthority('one');
  const two = new OpensslAuthority('two');
  try {
    const files: Record<string, string> = { crt: one.certificate, key: one.read('ca.key') };
    const bad: string[] = [];
    const current = signingAuthorityOf('crt', 'key', (error) => bad.push(error.message), {
      read: (path) => files[path]!,
    });
    const first = current();
    files['crt'] = two.certificate;
    expect(current()).toBe(first);
    expect(current()).toBe(first);
    expect(bad).toEqual(['the key is not that of the certificate']);
    files['key'] = two.read('ca.key');
    expect(current()).not.toBe(first);
    expect(() => signingAuthorityOf('crt', 'none', undefined, { read: () => 'nonsense' })()).toThrow();
  } finally {
    one.remove();
    two.remove();
  }
});
