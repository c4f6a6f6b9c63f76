import { existsSync, readFileSync } from 'node:fs';

/** A file's text; empty where no path is given or nothing is there. */
export const readOptional = (path: string): string =>
  path && existsSync(path) ? readFileSync(path, 'utf8') : '';
