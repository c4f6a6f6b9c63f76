import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { request } from 'node:https';
import { resolve } from 'node:path';
import type { Ran } from './kubectl.ts';

const MAIN = resolve(process.env['SALLYPORT_OUT'] ?? 'dist', 'cli/main.js');

/**
 * The environment of a program whose clock is set forward: `+730d`; empty for the machine's own. faketime itself would stand
 * between the program and its signals.
 */
function clocked(forward: string): Record<string, string> {
  if (!forward) return {};
  const library = execFileSync('faketime', ['-f', '+1d', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' });
  return { LD_PRELOAD: library.trim(), FAKETIME: forward };
}

/** Runs a command of Sallyport; never throws for its exit code. */
export function sallyport(
  args: readonly string[],
  { forward = '', env = {} }: { forward?: string; env?: Record<string, string> } = {},
): Promise<Ran> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { timeout: 60_000, env: { ...process.env, ...clocked(forward), ...env } },
      (error, stdout, stderr) =>
        done({ exit: error ? ((error as { code?: number }).code ?? -1) : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

/** `sallyport apiserver` or `up` with flags of the test's own, and with a clock that may be set forward. */
export class ClockedServer {
  readonly #child: ChildProcess;
  output = '';

  private constructor(args: readonly string[], forward: string) {
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...clocked(forward) },
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
  }

  /** Resolves once it is ready, whatever its certificate is worth. */
  static async start(args: readonly string[], port: number, forward = ''): Promise<ClockedServer> {
    const server = new ClockedServer(args, forward);
    for (const deadline = Date.now() + 30_000; ; ) {
      if (await ready(port)) return server;
      if (server.#child.exitCode !== null || Date.now() > deadline)
        throw new Error(`the server did not become ready:\n${server.output}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await gone;
  }
}

function ready(port: number): Promise<boolean> {
  return new Promise((done) => {
    const asked = request(
      { host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false, agent: false },
      (answer) => {
        answer.resume();
        done(answer.statusCode === 200);
      },
    );
    asked.on('error', () => done(false));
    asked.end();
  });
}
