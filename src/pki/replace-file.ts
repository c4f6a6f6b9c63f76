import {
  chownSync,
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * Puts a file in another's place, whole or not at all and durable: written beside, synced, renamed, the folder synced.
 * Mode and owner stay what they were, links are followed; a new file has `mode`, and any file where it is to be exact.
 * Throws an Error that says what is in the way.
 */
export function replaceFile(path: string, content: string, mode = 0o600, exact = false): void {
  const target = existsSync(path) ? realpathSync(path) : path;
  const folder = dirname(target);
  const temporary = `${target}.${process.pid}.new`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const before = existsSync(target) ? statSync(target) : undefined;
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(file, content);
      fchmodSync(file, before && !exact ? before.mode & 0o777 : mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    const me = process.getuid?.();
    if (before && me === 0 && (before.uid !== 0 || before.gid !== 0))
      chownSync(temporary, before.uid, before.gid);
    renameSync(temporary, target);
    syncFolder(folder);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new Error(`${path} cannot be written (${reason(error)})`);
  }
}

/** What was renamed or made in a folder outlives a crash only when the folder is synced too. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } catch {
    // Some file systems sync no folders; there is no other way to ask them.
  } finally {
    closeSync(handle);
  }
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words: Readonly<Record<string, string>> = {
    EACCES: 'permission denied; run it as the owner of the folder, or with sudo',
    EPERM: 'operation not permitted; run it as the owner of the folder, or with sudo',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space left on the device',
    ENOENT: 'there is no such folder',
    ENOTDIR: 'a part of the path is no folder',
    EISDIR: 'it is a folder',
    EEXIST: 'another run is writing it, or was ended while it did: remove the file ending in .new',
  };
  return words[code ?? ''] ?? code ?? message;
}
