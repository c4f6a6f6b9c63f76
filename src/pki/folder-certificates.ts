import type { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { AuthoritySlot, CertificateLayout, CertificateSlot } from './certificate-layout.ts';
import { isIssuedBy, readCertificates, readPrivateKey } from './issued-certificate.ts';
import { authorityOf, clientCertificateOf } from './kubeconfig-credentials.ts';
import { KubeconfigFile } from './kubeconfig-file.ts';

/** A certificate as it stands in a folder, good or not. */
export interface FoundCertificate {
  slot: CertificateSlot;
  state: 'found' | 'missing' | 'unreadable';
  certificate?: X509Certificate;
  /** PEM. */
  pem?: string;
  key?: string;
  /** Whose certificate it is in its kubeconfig, and the cluster it is shown to. */
  user?: string;
  cluster?: string;
  /** What is wrong with it besides its time, as `apiserver.crt: …`; undefined where nothing is. */
  problem?: string;
}

/** A CA as it stands in a folder. */
export interface FoundAuthority {
  slot: AuthoritySlot;
  state: 'found' | 'missing' | 'unreadable';
  /** Everything that is trusted; the one that signs first. */
  certificates: X509Certificate[];
  /** PEM of the same. */
  pem: string;
  /** Undefined where the CA is external: its key is not here. */
  key?: string;
  /** The certificate that the key belongs to. */
  signing?: X509Certificate;
  problem?: string;
}

/** Reads a CA of a folder. Never throws: what is wrong is said in `problem`. */
export function readAuthority(slot: AuthoritySlot): FoundAuthority {
  const found: FoundAuthority = { slot, state: 'found', certificates: [], pem: '' };
  if (!existsSync(slot.certFile)) return { ...found, state: 'missing' };
  try {
    found.pem = readText(slot.certFile);
    found.certificates = readCertificates(found.pem);
  } catch (error) {
    return { ...found, state: 'unreadable', problem: fault(slot.certFile, error) };
  }
  if (!existsSync(slot.keyFile)) return found;
  try {
    const key = readText(slot.keyFile);
    const parsed = readPrivateKey(key);
    const signing = found.certificates.find((certificate) => certificate.checkPrivateKey(parsed));
    found.key = key;
    if (signing) found.signing = signing;
    else found.problem = `${slot.keyFile} is not the key of the certificate in ${slot.certFile}`;
  } catch (error) {
    found.problem = fault(slot.keyFile, error);
  }
  return found;
}

/** Reads a certificate of a folder, and whether its key and its CA fit it. Never throws. */
export function readCertificate(slot: CertificateSlot, authority?: FoundAuthority): FoundCertificate {
  if (!existsSync(slot.certFile)) return { slot, state: 'missing' };
  const found: FoundCertificate = { slot, state: 'found' };
  try {
    if (slot.kind === 'kubeconfig') readFromKubeconfig(found);
    else {
      found.pem = readText(slot.certFile);
      if (existsSync(slot.keyFile)) found.key = readText(slot.keyFile);
    }
    found.certificate = readCertificates(found.pem!)[0]!;
  } catch (error) {
    return { ...found, state: 'unreadable', problem: fault(slot.certFile, error) };
  }
  const problem = misfit(found, authority);
  return problem === undefined ? found : { ...found, problem };
}

function readFromKubeconfig(found: FoundCertificate): void {
  const file = KubeconfigFile.read(found.slot.certFile);
  const context = file.context(file.currentContext);
  if (!context) throw new Error('its current-context is not there');
  const client = clientCertificateOf(file, context.user);
  if (!client) throw new Error(`its user ${context.user} shows no certificate`);
  if (client.problem !== undefined) throw new Error(client.problem);
  found.user = context.user;
  found.cluster = context.cluster;
  found.pem = client.certificate!;
  if (client.key !== undefined) found.key = client.key;
}

function misfit(
  { slot, certificate, key }: FoundCertificate,
  authority: FoundAuthority | undefined,
): string | undefined {
  if (key === undefined) return `${slot.keyFile} is missing`;
  try {
    if (!certificate!.checkPrivateKey(readPrivateKey(key)))
      return slot.kind === 'kubeconfig'
        ? 'its key is not that of its certificate'
        : `${slot.keyFile} is not the key of ${slot.certFile}`;
  } catch (error) {
    return fault(slot.keyFile, error);
  }
  if (authority?.state === 'found' && !authority.certificates.some((ca) => isIssuedBy(certificate!, ca)))
    return `it was not issued by ${authority.slot.name} (${authority.slot.certFile})`;
  if (slot.kind === 'kubeconfig' && authority?.state === 'found') return distrust(slot, authority);
  return undefined;
}

/** A kubeconfig that embeds another authority than the folder's can't verify the server. */
function distrust(slot: CertificateSlot, authority: FoundAuthority): string | undefined {
  const file = KubeconfigFile.read(slot.certFile);
  const pem = authorityOf(file, file.context(file.currentContext)!.cluster);
  if (pem === undefined) return undefined;
  try {
    const trusted = readCertificates(pem).map(({ fingerprint256 }) => fingerprint256);
    const signing = authority.signing ?? authority.certificates[0]!;
    return trusted.includes(signing.fingerprint256)
      ? undefined
      : `it trusts another authority than ${authority.slot.certFile} for the server`;
  } catch (error) {
    return `its certificate-authority: ${(error as Error).message}`;
  }
}

/** Everything a layout names, as it stands. */
export function readFolder(layout: CertificateLayout): {
  certificates: FoundCertificate[];
  authorities: FoundAuthority[];
} {
  const authorities = layout.authorities.map(readAuthority);
  const certificates = layout.certificates.map((slot) =>
    readCertificate(
      slot,
      authorities.find((authority) => authority.slot.name === slot.authority),
    ),
  );
  return { certificates, authorities };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      code === 'EACCES' ? 'permission denied; try it with sudo' : `it cannot be read (${code})`,
    );
  }
}

const fault = (path: string, error: unknown): string => {
  const { message } = error as Error;
  return message.startsWith(path) ? message : `${path}: ${message}`;
};
