import { existsSync, readFileSync } from 'node:fs';
import { replaceFile } from './replace-file.ts';

/** One certificate handed out for an emergency. Nothing secret is in it. */
export interface BreakGlassEntry {
  user: string;
  groups: string[];
  reason: string;
  /** Who asked for it: the account on the machine. */
  by: string;
  /** RFC 3339. */
  issued: string;
  expires: string;
  /** Hexadecimal, as `openssl x509 -serial` has it. */
  serial: string;
  /** SHA-256 of the certificate, as in the audit log's credential ids. */
  fingerprint: string;
  /** SHA-256 of the public key of the CA that issued it, which outlives the CA's certificate. */
  authorityKey: string;
  /** The auditID of its issue. */
  auditId: string;
  auditLog: string;
}

/** Reads the list; empty where there is none. Throws an Error where there is one that can't be read: it must not be lost. */
export function readBreakGlassList(path: string): BreakGlassEntry[] {
  if (!existsSync(path)) return [];
  try {
    const list = JSON.parse(readFileSync(path, 'utf8')) as { certificates?: unknown };
    if (Array.isArray(list.certificates)) return list.certificates as BreakGlassEntry[];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined) throw new Error(`${path} cannot be read (${code})`);
  }
  throw new Error(`${path} is no list of certificates; put it right or move it away`);
}

/** Writes the whole list, durably. */
export function writeBreakGlassList(path: string, entries: readonly BreakGlassEntry[]): void {
  replaceFile(path, `${JSON.stringify({ certificates: entries }, null, 2)}\n`, 0o600);
}
