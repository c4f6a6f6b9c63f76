import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '../pki/private-file.ts';

/** What a sign-in gave, as it is kept between runs. */
export interface StoredTokens {
  idToken?: string;
  accessToken?: string;
  refreshToken?: string;
  /** When the token that is handed out ends, in milliseconds since 1970. */
  expires?: number;
}

/** What tells one sign-in from another: the same of all of it shares its tokens. */
export interface SignInKey {
  issuer: string;
  clientId: string;
  scopes: readonly string[];
  /** Which of the tokens is handed out. */
  token: 'id' | 'access';
  /** Further parameters of the authorization request. */
  parameters: Readonly<Record<string, string>>;
}

const LOCK_POLL_MS = 100;
/** A sign-in that takes longer than this was given up by whoever began it. */
const LOCK_STALE_MS = 10 * 60_000;

/** Tokens of one sign-in in a file of its own, which nobody but its owner can read. */
export class TokenFile {
  readonly path: string;

  constructor(folder: string, key: SignInKey) {
    const { issuer, clientId, scopes, token, parameters } = key;
    const parts = [issuer, clientId, [...scopes].sort(), token, Object.entries(parameters).sort()];
    const name = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
    this.path = join(folder, `${name}.json`);
  }

  /** Undefined where there are none, or none that can be read: then a sign-in makes new ones. */
  read(): StoredTokens | undefined {
    try {
      const value = JSON.parse(readFileSync(this.path, 'utf8')) as StoredTokens | null;
      return typeof value === 'object' && value !== null ? value : undefined;
    } catch {
      return undefined;
    }
  }

  write(tokens: StoredTokens): void {
    writePrivateFile(this.path, `${JSON.stringify(tokens)}\n`);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }

  /**
   * Runs something while no other process does so for the same tokens: a refresh token is often good for one use, and
   * several commands may start at once. Waits for others as long as they live.
   */
  async locked<T>(run: () => Promise<T>): Promise<T> {
    const path = `${this.path}.lock`;
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    while (!take(path)) {
      if (isStale(path)) rmSync(path, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
    try {
      return await run();
    } finally {
      rmSync(path, { force: true });
    }
  }
}

function take(path: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600);
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isStale(path: string): boolean {
  try {
    if (Date.now() - statSync(path).mtimeMs > LOCK_STALE_MS) return true;
    const owner = Number(readFileSync(path, 'utf8'));
    // The number may not be written yet.
    if (!Number.isInteger(owner) || owner <= 0) return false;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
