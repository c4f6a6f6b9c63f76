import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { backUp } from './backup.ts';
import type { CertificateLayout, CertificateSlot } from './certificate-layout.ts';
import {
  type FoundAuthority,
  type FoundCertificate,
  readAuthority,
  readCertificate,
} from './folder-certificates.ts';
import { commonName, expiryOf, readCertificates, readPrivateKey } from './issued-certificate.ts';
import { setAuthority, withClientCertificate } from './kubeconfig-credentials.ts';
import { type FileChange, KubeconfigFile } from './kubeconfig-file.ts';
import { replaceFile } from './replace-file.ts';

export interface RenewalOptions {
  /** How long new certificates live. */
  validityMs: number;
  now: number;
  rotateKeys: boolean;
  /** Whether a certificate may end early because its CA does. */
  allowShorter: boolean;
  /** Asks somebody else than the folder's CA: PEM in, PEM out. Rejects with an Error that says why not. */
  sign?: (certificate: string, key: string, slot: CertificateSlot) => Promise<string>;
}

/** What renewing one certificate comes to, before anything is written. */
export type RenewalPlan =
  | {
      slot: CertificateSlot;
      kind: 'renew';
      before: number;
      notAfter: number;
      /** It ends before the time asked for, with its CA. */
      shortened: boolean;
      changes: FileChange[];
    }
  | { slot: CertificateSlot; kind: 'refused'; reason: string }
  | { slot: CertificateSlot; kind: 'missing' };

/** Clocks of those who check may be behind by this much. */
const BACKDATE_MS = 5 * 60_000;

/** Issues a certificate anew, in memory. Never throws: what is in the way is the plan's reason. */
export async function planRenewal(
  layout: CertificateLayout,
  slot: CertificateSlot,
  options: RenewalOptions,
): Promise<RenewalPlan> {
  const authoritySlot = layout.authorities.find(({ name }) => name === slot.authority);
  const authority = authoritySlot && readAuthority(authoritySlot);
  const found = readCertificate(slot, authority);
  if (found.state === 'missing') return { slot, kind: 'missing' };
  const refused = (reason: string): RenewalPlan => ({ slot, kind: 'refused', reason });
  if (!found.certificate || found.pem === undefined)
    return refused(found.problem ?? `${slot.certFile} cannot be read`);
  try {
    const key = await keyFor(found, options.rotateKeys);
    const pem = options.sign
      ? await options.sign(found.pem, key.pem, slot)
      : await issue(found, key.pem, authority, slot, options);
    const notAfter = expiryOf(readCertificates(pem)[0]!);
    return {
      slot,
      kind: 'renew',
      before: expiryOf(found.certificate),
      notAfter,
      shortened: !options.sign && notAfter < options.now + options.validityMs - 1000,
      changes: changesFor(found, pem, key, authority),
    };
  } catch (error) {
    return refused((error as Error).message);
  }
}

async function keyFor(found: FoundCertificate, rotate: boolean): Promise<{ pem: string; isNew: boolean }> {
  const { newKeyLike } = await import('./reissue-certificate.ts');
  if (found.key !== undefined && !rotate) {
    readPrivateKey(found.key);
    return { pem: found.key, isNew: false };
  }
  return {
    pem: newKeyLike(found.key === undefined ? found.certificate!.publicKey : readPrivateKey(found.key)),
    isNew: true,
  };
}

async function issue(
  found: FoundCertificate,
  key: string,
  authority: FoundAuthority | undefined,
  slot: CertificateSlot,
  { now, validityMs, allowShorter }: RenewalOptions,
): Promise<string> {
  const signing = signingOf(authority, slot, now);
  const wanted = now + validityMs;
  const ends = expiryOf(signing.certificate);
  if (wanted > ends && !allowShorter)
    throw new Error(
      `its CA ${slot.authority} expires first, on ${day(ends)}: renew the CA (sallyport certs recover or rotate-ca), ask for less (--validity), or take less (--allow-shorter)`,
    );
  const { reissueCertificate } = await import('./reissue-certificate.ts');
  return reissueCertificate({
    certificate: found.pem!,
    key: readPrivateKey(key),
    authority: { certificate: signing.certificate.toString(), key: signing.key },
    notBefore: now - BACKDATE_MS,
    notAfter: Math.min(wanted, ends),
  });
}

/** The CA's certificate and key. Throws an Error that says why it can't issue. */
export function signingOf(
  authority: FoundAuthority | undefined,
  slot: Pick<CertificateSlot, 'authority'>,
  now: number,
): { certificate: NonNullable<FoundAuthority['signing']>; key: string } {
  if (!authority || authority.state === 'missing')
    throw new Error(`its CA ${slot.authority} is not there (${authority?.slot.certFile ?? 'no such CA'})`);
  if (authority.problem !== undefined) throw new Error(`its CA: ${authority.problem}`);
  if (authority.key === undefined || !authority.signing)
    throw new Error(
      `its CA ${slot.authority} is external: ${authority.slot.keyFile} is not here. Have whoever keeps that key issue the certificate, put the key there for the while of the renewal, or ask the API (--use-api)`,
    );
  if (expiryOf(authority.signing) <= now)
    throw new Error(
      `its CA ${slot.authority} has itself expired, on ${day(expiryOf(authority.signing))}: sallyport certs recover renews it first`,
    );
  return { certificate: authority.signing, key: authority.key };
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The key goes before its certificate: whoever reads in between finds no pair, and takes neither. */
function changesFor(
  found: FoundCertificate,
  pem: string,
  key: { pem: string; isNew: boolean },
  authority: FoundAuthority | undefined,
): FileChange[] {
  const { slot } = found;
  if (slot.kind === 'certificate')
    return [
      ...(key.isNew ? [{ path: slot.keyFile, content: key.pem, mode: 0o600 }] : []),
      { path: slot.certFile, content: pem, mode: 0o644 },
    ];
  const file = KubeconfigFile.read(slot.certFile);
  const trusts = authority?.state === 'found' && setAuthority(file, found.cluster!, authority.pem);
  const changes = withClientCertificate(file, found.user!, {
    certificate: pem,
    ...(key.isNew ? { key: key.pem } : {}),
  });
  if (trusts && !changes.some(({ path }) => path === file.path))
    changes.push({ path: file.path, content: file.text, mode: 0o600 });
  return changes;
}

/** The first of the files to write that cannot be, with what is in the way; undefined where all can. */
export function unwritable(changes: readonly FileChange[]): string | undefined {
  for (const { path } of changes) {
    const folder = dirname(existsSync(path) ? realpathSync(path) : path);
    try {
      accessSync(folder, constants.W_OK | constants.X_OK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why =
        code === 'EROFS'
          ? 'its file system is read-only'
          : code === 'EACCES'
            ? 'permission denied; run it as the owner, or with sudo'
            : code;
      return `${folder} cannot be written (${why})`;
    }
  }
  return undefined;
}

/**
 * Backs up what is there and writes the changes. Throws an Error that says what is in the way; where it comes after the
 * backup, it names the backup.
 */
export function applyChanges(
  changes: readonly FileChange[],
  layout: Pick<CertificateLayout, 'backups'>,
  now: number,
): string | undefined {
  const inTheWay = unwritable(changes);
  if (inTheWay) throw new Error(`${inTheWay}; nothing was changed`);
  const backup = backUp(
    changes.map(({ path }) => path),
    dirname(layout.backups),
    layout.backups,
    now,
  );
  for (const [index, { path, content, mode, exact }] of changes.entries()) {
    try {
      replaceFile(path, content, mode, exact);
    } catch (error) {
      const done =
        index === 0 ? 'nothing was changed' : `${index} of ${changes.length} files are new already`;
      throw new Error(
        `${(error as Error).message}; ${done}${backup ? `; the old ones are in ${backup}` : ''}`,
      );
    }
  }
  return backup;
}

/** Certificates that belong to the same set as those renewed, and are left old. */
export function leftBehind(
  layout: CertificateLayout,
  renewed: readonly CertificateSlot[],
): { slot: CertificateSlot; of: CertificateSlot }[] {
  return layout.certificates.flatMap((slot) => {
    if (renewed.includes(slot) || !existsSync(slot.certFile)) return [];
    const of = renewed.find((one) => one.set === slot.set || sameUser(one, slot));
    return of ? [{ slot, of }] : [];
  });
}

function sameUser(one: CertificateSlot, other: CertificateSlot): boolean {
  if (one.kind !== 'kubeconfig' || other.kind !== 'kubeconfig') return false;
  const [a, b] = [one, other].map((slot) => readCertificate(slot).certificate);
  return a !== undefined && b !== undefined && commonName(a) !== '' && commonName(a) === commonName(b);
}
