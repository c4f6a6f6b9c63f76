#!/usr/bin/env node
/** The command `sallyport`. Each command is loaded when it is asked for: a server must not wait for the others. */
import * as nodeModule from 'node:module';

// Node 22 and newer keep compiled code between starts; on Node 20 there is no such thing.
(nodeModule as { enableCompileCache?: () => unknown }).enableCompileCache?.();

const [command, ...args] = process.argv.slice(2);

/** As of a program that SIGPIPE ended. */
const PIPE_CLOSED = 141;

// Whoever reads what a command writes may have read enough; a server must not end by that.
if (command !== 'apiserver' && command !== 'up')
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(PIPE_CLOSED);
  });

async function run(): Promise<number> {
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
