import { copyFileSync, existsSync, mkdirSync, realpathSync, statSync, utimesSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { syncFolder } from './replace-file.ts';

/**
 * Copies files into a new folder named after the time, under the paths they have seen from `from`, readable by their owner
 * alone. Resolves to the folder; undefined where there was nothing to copy. Throws an Error that says what is in the way.
 */
export function backUp(
  paths: readonly string[],
  from: string,
  backups: string,
  now: number,
): string | undefined {
  const there = [...new Set(paths)].filter((path) => existsSync(path) && statSync(path).isFile());
  if (there.length === 0) return undefined;
  const folder = freeFolder(join(backups, new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const path of there) {
      const inside = relative(from, path);
      const target = join(
        folder,
        inside.startsWith('..') || isAbsolute(inside) ? join('elsewhere', resolve(path)) : inside,
      );
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      const source = realpathSync(path);
      copyFileSync(source, target);
      const { atime, mtime } = statSync(source);
      utimesSync(target, atime, mtime);
    }
    syncFolder(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`no backup can be made in ${backups} (${code ?? message}); nothing was changed`);
  }
  return folder;
}

function freeFolder(wanted: string): string {
  for (let more = 0; ; more++) {
    const folder = more === 0 ? wanted : `${wanted}-${more}`;
    if (!existsSync(folder)) return folder;
  }
}
