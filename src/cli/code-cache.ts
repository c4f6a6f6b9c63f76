import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

/** By then a server has started, and what it needs for that has been compiled. */
const WRITE_AFTER_MS = 2000;

/**
 * Runs a CommonJS bundle with the code that V8 compiled of it at an earlier start, and keeps that code beside the bundle where
 * there is none: what a start waits for is compiling, more than anything else. Node does this of itself from version 22 on
 * (`module.enableCompileCache`). The bundle's first line is a comment with its hash, since V8 tells sources by their length
 * alone. Answers the bundle's exports; throws where there is no bundle.
 */
export function loadWithCodeCache(file: string): unknown {
  const source = readFileSync(file, 'utf8');
  const hash = /^\/\/ ([0-9a-f]{16,})\n/.exec(source)?.[1];
  const cacheFile = hash && `${file}.${hash}-${process.version}-${process.arch}.cache`;
  const cachedData = cacheFile ? readIfThere(cacheFile) : undefined;
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: file,
    ...(cachedData ? { cachedData } : {}),
  });
  if (cacheFile && (!cachedData || script.cachedDataRejected))
    setTimeout(() => keep(cacheFile, script), WRITE_AFTER_MS).unref();
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  return module.exports;
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Where nothing may be written the next start takes as long as this one. */
function keep(file: string, script: Script): void {
  const part = `${file}.${process.pid}`;
  try {
    writeFileSync(part, script.createCachedData());
    renameSync(part, file);
  } catch {
    rmSync(part, { force: true });
  }
}
