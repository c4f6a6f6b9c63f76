import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';

const POLL_MS = 60_000;
/** Editors write in several steps; they are looked at together. */
const SETTLE_MS = 100;

/** Calls back when a file may have changed. Returns the way to stop. */
export type WatchFile = (path: string, changed: () => void) => () => void;

/**
 * Watches a file by its folder, so that files put in its place by renaming and symbolic links set anew are noticed, and
 * looks once a minute besides, for file systems that tell nothing.
 */
export const watchFile: WatchFile = (path, changed) => {
  let settling: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(settling);
    settling = setTimeout(changed, SETTLE_MS);
  };
  const name = basename(path);
  const poll = setInterval(changed, POLL_MS).unref();
  let watcher: ReturnType<typeof watch> | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, (_, file) => {
      // `..data` is what a mounted ConfigMap's files are links into.
      if (file === null || file === name || file === '..data') soon();
    });
    watcher.on('error', () => watcher?.close());
  } catch {
    // The poll is left.
  }
  return () => {
    clearTimeout(settling);
    clearInterval(poll);
    watcher?.close();
  };
};
