#!/usr/bin/env node
/** The command `sallyport`. Each command is loaded when it is asked for: a server must not wait for the others. */
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { join } from 'node:path';

/** Node 22 and newer keep compiled code between starts. */
const { enableCompileCache } = nodeModule as { enableCompileCache?: () => unknown };
enableCompileCache?.();

const [command, ...args] = process.argv.slice(2);

/** As of a program that SIGPIPE ended. */
const PIPE_CLOSED = 141;

// Whoever reads what a command writes may have read enough; a server must not end by that.
if (command !== 'apiserver' && command !== 'up')
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(PIPE_CLOSED);
  });

/** On Node 20 the commands that run a server come as one bundle that keeps its compiled code. */
const SERVER = join(import.meta.dirname, '../server.cjs');

async function run(): Promise<number> {
  if (!enableCompileCache && (command === 'apiserver' || command === 'up') && existsSync(SERVER)) {
    const { loadWithCodeCache } = await import('./code-cache.ts');
    const server = loadWithCodeCache(SERVER) as typeof import('./server-commands.ts');
    return command === 'apiserver' ? server.apiserver(args) : server.run(process.argv);
  }
  if (command === 'apiserver') return (await import('./apiserver.ts')).apiserver(args);
  return (await import('./commands.ts')).run(process.argv);
}

run().then(
  (code) => {
    process.exitCode = code;
    // Sockets that are being closed must not hold the process.
    setTimeout(() => process.exit(code), 500).unref();
  },
  (error: unknown) => {
    process.stderr.write(
      `Error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  },
);
