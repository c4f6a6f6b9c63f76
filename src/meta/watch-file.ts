import { unwatchFile, watch, watchFile as watchStat } from 'node:fs';
import { basename, dirname } from 'node:path';

const POLL_MS = 5000;
/** Editors write in several steps, and a key and its certificate come one after the other: they are looked at together. */
const SETTLE_MS = 100;

/** Calls back when a file may have changed. Returns the way to stop. */
export type WatchFile = (path: string, changed: () => void) => () => void;

/**
 * Watches a file by its folder, so that files put in its place by renaming and symbolic links set anew are noticed, and
 * asks for its time of change besides, for file systems that tell nothing. Keeps no process alive.
 */
export const watchFile: WatchFile = (path, changed) => {
  let settling: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(settling);
    settling = setTimeout(changed, SETTLE_MS).unref();
  };
  const name = basename(path);
  watchStat(path, { interval: POLL_MS, persistent: false }, soon);
  let watcher: ReturnType<typeof watch> | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, (_, file) => {
      // `..data` is what a mounted ConfigMap's files are links into.
      if (file === null || file === name || file === '..data') soon();
    });
    watcher.on('error', () => watcher?.close());
  } catch {
    // The times of change are left.
  }
  return () => {
    clearTimeout(settling);
    unwatchFile(path, soon);
    watcher?.close();
  };
};
