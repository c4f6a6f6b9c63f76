import { hash, randomBytes } from 'node:crypto';
import type { AuthenticationVerdict } from '../explain/verdict.ts';
import type { TokenAuthenticator } from './authenticator.ts';
import { parseCsv } from './csv.ts';

/** The tokens of a file as keyed hashes, with who they are. */
export interface TokenTable {
  find(token: string): AuthenticationVerdict | undefined;
  readonly size: number;
}

/**
 * Reads `--token-auth-file`: token, user name, user uid and, in a fourth column, groups with commas between them. The
 * last line of a repeated token counts; an empty token is skipped (apiserver pkg/authentication/token/tokenfile).
 *
 * @param path for the message of the error thrown where a line has fewer than three columns
 */
export function parseTokenFile(text: string, path: string): TokenTable {
  const key = randomBytes(32).toString('base64');
  const seal = (token: string): string => hash('sha256', key + token, 'base64');
  const identities = new Map<string, AuthenticationVerdict>();
  for (const [token, name, uid, groups, ..._] of parseCsv(text).map((record) => checked(record, path))) {
    if (token === '') continue;
    identities.set(seal(token!), {
      verdict: 'authenticated',
      by: 'token-file',
      code: 'TOKEN_FILE_KNOWN',
      facts: {},
      user: { name: name!, ...(uid ? { uid } : {}), groups: groups === undefined ? [] : groups.split(',') },
    });
  }
  return { find: (token) => identities.get(seal(token)), size: identities.size };
}

function checked(record: string[], path: string): string[] {
  if (record.length >= 3) return record;
  throw new Error(
    `token file '${path}' must have at least 3 columns (token, user name, user uid), found ${record.length}`,
  );
}

/** Static tokens of a file. */
export class TokenFileAuthenticator implements TokenAuthenticator {
  readonly name = 'token-file';
  readonly #table: { current(): TokenTable };

  /** @param table what `parseTokenFile` made, to be replaced when the file is */
  constructor(table: { current(): TokenTable }) {
    this.#table = table;
  }

  authenticateToken(token: string): AuthenticationVerdict {
    return this.#table.current().find(token) ?? UNKNOWN;
  }
}

const UNKNOWN: AuthenticationVerdict = {
  verdict: 'notMine',
  by: 'token-file',
  code: 'TOKEN_FILE_UNKNOWN',
  facts: {},
};
