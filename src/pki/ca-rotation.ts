import { existsSync, readFileSync } from 'node:fs';
import { readBreakGlassList } from './break-glass-list.ts';
import type { AuthoritySlot, CertificateLayout } from './certificate-layout.ts';
import { type FoundAuthority, readAuthority, readCertificate } from './folder-certificates.ts';
import {
  commonName,
  expiryOf,
  isIssuedBy,
  keyIdOf,
  readCertificates,
  readPrivateKey,
} from './issued-certificate.ts';
import { authorityOf, clientCertificateOf } from './kubeconfig-credentials.ts';
import { type FileChange, KubeconfigFile } from './kubeconfig-file.ts';
import { withAuthority } from './renew-authority.ts';
import { planRenewal, signingOf } from './renewal.ts';

/** The phases in which a CA is exchanged without anybody being locked out. */
export const PHASES = ['trust', 'reissue', 'drop'] as const;
export type Phase = (typeof PHASES)[number];

/** How far the exchange of one CA has come, as it stands in the folder. Nothing secret is in it. */
export interface RotationState {
  /** The last phase that was begun. */
  phase: 'trust' | 'reissue';
  finished: boolean;
  /** RFC 3339. */
  since: string;
  /** PEM of the CA that is coming. */
  next: string;
}

type States = Record<string, RotationState>;

/** Throws an Error where the note can't be read: going on without it could drop what is in use. */
export function readRotations(layout: CertificateLayout): States {
  if (!existsSync(layout.rotations)) return {};
  try {
    const states = JSON.parse(readFileSync(layout.rotations, 'utf8')) as States;
    if (typeof states === 'object' && states !== null && !Array.isArray(states)) return states;
  } catch (error) {
    throw new Error(`${layout.rotations} cannot be read (${(error as Error).message})`);
  }
  throw new Error(`${layout.rotations} is no note of a CA's exchange`);
}

/** The phase that comes next, or that was begun and has to be ended. */
export function nextPhase(state: RotationState | undefined): Phase {
  if (!state) return 'trust';
  if (!state.finished) return state.phase;
  return state.phase === 'trust' ? 'reissue' : 'drop';
}

function noted(layout: CertificateLayout, name: string, state: RotationState | undefined): FileChange {
  const states = readRotations(layout);
  if (state) states[name] = state;
  else delete states[name];
  return { path: layout.rotations, content: `${JSON.stringify(states, null, 2)}\n`, mode: 0o600 };
}

const nextKeyFile = (slot: AuthoritySlot): string => slot.keyFile.replace(/\.key$/, '-next.key');

export interface PhaseChanges {
  /** To be written one after the other; a phase that was cut off begins with the first again. */
  changes: FileChange[];
  /** Files that are no longer needed when everything is written. */
  remove: string[];
}

export interface RotationOptions {
  now: number;
  /** Of the new CA, and of what it issues. */
  caValidityMs: number;
  validityMs: number;
  rotateKeys: boolean;
  /** Kubeconfigs elsewhere that are kept up as well. */
  kubeconfigs: readonly string[];
}

/** Phase 1: a new CA beside the old one. Both are trusted; the old one goes on issuing. */
export async function trustPhase(
  layout: CertificateLayout,
  slot: AuthoritySlot,
  options: RotationOptions,
): Promise<PhaseChanges> {
  const authority = readAuthority(slot);
  const old = signingOf(authority, { authority: slot.name }, options.now);
  const state = readRotations(layout)[slot.name];
  const keyFile = nextKeyFile(slot);
  const begun = state && existsSync(keyFile) ? state : undefined;
  const made = begun
    ? { certificate: begun.next, key: readFileSync(keyFile, 'utf8') }
    : await newAuthority(old, options);
  const next: RotationState = {
    phase: 'trust',
    finished: false,
    since: begun?.since ?? new Date(options.now).toISOString(),
    next: made.certificate,
  };
  const others = authority.certificates.filter((one) => one.fingerprint256 !== fingerprint(made.certificate));
  const bundle = [...pems(others, authority), made.certificate].join('');
  return {
    changes: [
      { path: keyFile, content: made.key, mode: 0o600 },
      noted(layout, slot.name, next),
      { path: slot.certFile, content: bundle, mode: 0o644 },
      ...(slot.name === 'ca' ? withAuthority(layout, bundle, options.kubeconfigs) : []),
      noted(layout, slot.name, { ...next, finished: true }),
    ],
    remove: [],
  };
}

/** Those that sign go first: whoever reads one certificate alone takes the one of the key. */
function pems(certificates: FoundAuthority['certificates'], { signing }: FoundAuthority): string[] {
  return [...certificates]
    .sort((a, b) => Number(b === signing) - Number(a === signing))
    .map((one) => one.toString());
}

const fingerprint = (pem: string): string => readCertificates(pem)[0]!.fingerprint256;

async function newAuthority(
  old: ReturnType<typeof signingOf>,
  { now, caValidityMs }: RotationOptions,
): Promise<{ certificate: string; key: string }> {
  const { newKeyLike, reissueCertificate } = await import('./reissue-certificate.ts');
  const key = newKeyLike(readPrivateKey(old.key));
  const base = commonName(old.certificate).replace(/-\d{8}T\d{6}$/, '') || 'ca';
  const certificate = await reissueCertificate({
    certificate: old.certificate.toString(),
    key: readPrivateKey(key),
    notBefore: now - 5 * 60_000,
    notAfter: now + caValidityMs,
    // A name of its own: verifiers that look an issuer up by name must not take the one for the other.
    commonName: `${base}-${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}`,
  });
  return { certificate, key };
}

/** Phase 2a: the new CA issues from now on; the old one is still trusted. */
export function switchChanges(layout: CertificateLayout, slot: AuthoritySlot): PhaseChanges {
  const state = stateOf(layout, slot);
  const authority = readAuthority(slot);
  const next = readCertificates(state.next)[0]!;
  const keyFile = nextKeyFile(slot);
  const switched = authority.key !== undefined && next.checkPrivateKey(readPrivateKey(authority.key));
  if (!switched && !existsSync(keyFile))
    throw new Error(
      `${keyFile}, the key of the new CA, is not there: put it back, or begin again with --phase trust`,
    );
  const old = authority.certificates.filter((one) => one.fingerprint256 !== next.fingerprint256);
  const bundle = [state.next, ...old.map((one) => one.toString())].join('');
  return {
    changes: [
      noted(layout, slot.name, { ...state, phase: 'reissue', finished: false }),
      ...(switched ? [] : [{ path: slot.keyFile, content: readFileSync(keyFile, 'utf8'), mode: 0o600 }]),
      { path: slot.certFile, content: bundle, mode: 0o644 },
    ],
    remove: existsSync(keyFile) ? [keyFile] : [],
  };
}

/** Phase 2b: everything in the folder that the old CA issued is issued by the new one. Throws where something can't be. */
export async function reissueChanges(
  layout: CertificateLayout,
  slot: AuthoritySlot,
  options: RotationOptions,
): Promise<FileChange[]> {
  const state = stateOf(layout, slot);
  const next = readCertificates(state.next)[0]!;
  const changes: FileChange[] = [];
  for (const one of layout.certificates.filter(({ authority }) => authority === slot.name)) {
    const found = readCertificate(one);
    if (found.state === 'missing' || (found.certificate && isIssuedBy(found.certificate, next))) continue;
    const plan = await planRenewal(layout, one, { ...options, allowShorter: true });
    if (plan.kind === 'refused') throw new Error(`${one.name}: ${plan.reason}`);
    if (plan.kind === 'renew') changes.push(...plan.changes);
  }
  changes.push(noted(layout, slot.name, { ...state, phase: 'reissue', finished: true }));
  return changes;
}

function stateOf(layout: CertificateLayout, slot: AuthoritySlot): RotationState {
  const state = readRotations(layout)[slot.name];
  if (!state) throw new Error(`no exchange of ${slot.name} was begun: --phase trust comes first`);
  return state;
}

/** Who still needs the CA that is to go: certificates of the folder and of kubeconfigs, emergency certificates. */
export function usersOfOld(
  layout: CertificateLayout,
  slot: AuthoritySlot,
  kubeconfigs: readonly string[],
  now: number,
): string[] {
  const next = readCertificates(stateOf(layout, slot).next)[0]!;
  const old = oldCertificates(layout, slot);
  const users: string[] = [];
  for (const one of layout.certificates.filter(({ authority }) => authority === slot.name)) {
    const { certificate } = readCertificate(one);
    if (certificate && expiryOf(certificate) > now && old.some((ca) => isIssuedBy(certificate, ca)))
      users.push(`${one.name} (${one.certFile}) was issued by it`);
  }
  if (slot.name !== 'ca') return users;
  for (const path of kubeconfigs) users.push(...kubeconfigUses(path, old, next, now));
  const oldKeys = old.map(keyIdOf);
  for (const { user, expires, authorityKey } of readBreakGlassList(layout.breakGlassList))
    if (Date.parse(expires) > now && oldKeys.includes(authorityKey))
      users.push(`the break-glass certificate ${user} was issued by it, and is good until ${expires}`);
  return users;
}

/** The certificates of a CA that are not the new one. */
export function oldCertificates(
  layout: CertificateLayout,
  slot: AuthoritySlot,
): FoundAuthority['certificates'] {
  const next = fingerprint(stateOf(layout, slot).next);
  return readAuthority(slot).certificates.filter((one) => one.fingerprint256 !== next);
}

function kubeconfigUses(
  path: string,
  old: FoundAuthority['certificates'],
  next: FoundAuthority['certificates'][number],
  now: number,
): string[] {
  const file = KubeconfigFile.read(path);
  const uses: string[] = [];
  for (const { name } of file.entries('users')) {
    const pem = clientCertificateOf(file, name)?.certificate;
    const certificate = pem === undefined ? undefined : readCertificates(pem)[0];
    if (certificate && expiryOf(certificate) > now && old.some((ca) => isIssuedBy(certificate, ca)))
      uses.push(`user ${name} of ${path} has a certificate that was issued by it`);
  }
  for (const { name } of file.entries('clusters')) {
    const pem = authorityOf(file, name);
    if (pem === undefined) continue;
    const trusted = readCertificates(pem).map(({ fingerprint256 }) => fingerprint256);
    if (trusted.includes(next.fingerprint256)) continue;
    if (old.some(({ fingerprint256 }) => trusted.includes(fingerprint256)))
      uses.push(`cluster ${name} of ${path} trusts it, and not the new one`);
  }
  return uses;
}

/** Phase 3: the new CA alone. */
export function dropChanges(
  layout: CertificateLayout,
  slot: AuthoritySlot,
  options: RotationOptions,
): PhaseChanges {
  const { next } = stateOf(layout, slot);
  return {
    changes: [
      { path: slot.certFile, content: next, mode: 0o644 },
      ...(slot.name === 'ca' ? withAuthority(layout, next, options.kubeconfigs) : []),
      noted(layout, slot.name, undefined),
    ],
    remove: [],
  };
}
