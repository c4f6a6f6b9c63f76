import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const TEST_FILE = /\.test\.(?:ya?ml|json)$/;
const PATTERN = /[*?]/;
const IGNORED: ReadonlySet<string> = new Set(['node_modules', '.git']);

/**
 * The files that arguments name: files as they are, of folders every `*.test.yaml` however deep, and what patterns fit for
 * shells that leave them alone: `*` and `?` within a name, `**` over folders. Each file once; those of a folder or pattern in
 * the order of their names. Throws an Error for arguments that name none.
 */
export function testFiles(given: readonly string[]): string[] {
  if (given.length === 0) throw new Error('name test files or folders of them');
  const found = new Set<string>();
  for (const argument of given) {
    const own = filesOf(argument);
    if (own.length === 0) throw new Error(`${argument}: no test files there (in folders: *.test.yaml)`);
    for (const path of own) found.add(path);
  }
  return [...found];
}

function filesOf(argument: string): string[] {
  if (statSync(argument, { throwIfNoEntry: false })?.isDirectory())
    return walk(argument).filter((path) => TEST_FILE.test(path));
  // A name that is there is no pattern; one that is not is read, and missed, as a file.
  if (existsSync(argument) || !PATTERN.test(argument)) return [argument];
  const segments = argument.split('/');
  const fixed = segments
    .slice(
      0,
      segments.findIndex((segment) => PATTERN.test(segment)),
    )
    .join('/');
  const base = argument.startsWith('/') && fixed === '' ? '/' : fixed;
  const pattern = patternOf(argument);
  return walk(base === '' ? '.' : base)
    .map((path) => (base === '' ? path.replace(/^\.\//, '') : path))
    .filter((path) => pattern.test(path));
}

function walk(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = folder === '.' ? entry.name : join(folder, entry.name);
    if (entry.isDirectory()) return IGNORED.has(entry.name) ? [] : walk(path);
    return [path];
  });
}

/** A pattern as an expression over whole paths. */
function patternOf(pattern: string): RegExp {
  const parts = pattern
    .replace(/^\.\//, '')
    .split(/(\*\*\/|\*|\?)/)
    .map((part) => {
      if (part === '**/') return '(?:[^/]+/)*';
      if (part === '*') return '[^/]*';
      if (part === '?') return '[^/]';
      return part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    });
  return new RegExp(`^${parts.join('')}$`);
}
