import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve('dist/cli/main.js');

export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

/** A control plane as `sallyport up` runs it, in a folder of its own. */
export class Up {
  readonly folder: string;
  readonly port: number;
  readonly kubeconfig: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  output = '';

  private constructor(folder: string, port: number, flags: readonly string[]) {
    this.folder = folder;
    this.port = port;
    this.kubeconfig = join(folder, 'admin.kubeconfig');
    this.#flags = flags;
  }

  static async start(flags: readonly string[] = []): Promise<Up> {
    if (!existsSync(MAIN)) throw new Error('dist/ is missing: run npm run build first');
    const up = new Up(mkdtempSync(join(tmpdir(), 'sallyport-test-')), await freePort(), flags);
    await up.run();
    return up;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Starts, or starts again in the same folder; resolves once it says what to do next. */
  async run(): Promise<void> {
    const child = spawn(
      process.execPath,
      [MAIN, 'up', '--data-dir', this.folder, '--port', String(this.port), '--', ...this.#flags],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#child = child;
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`not up within 30 s:\n${this.output}`)), 30_000);
      const read = (chunk: Buffer): void => {
        this.output += chunk.toString();
        if (!this.output.includes('Ctrl-C stops it')) return;
        clearTimeout(timer);
        done();
      };
      child.stdout!.on('data', read);
      child.stderr!.on('data', read);
      child.once('exit', (code) => {
        clearTimeout(timer);
        fail(new Error(`ended with ${code} instead of coming up:\n${this.output}`));
      });
    });
  }

  /** Ends the process and waits; resolves to its exit code, null where a signal ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const gone = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
    child.kill(signal);
    this.output = '';
    return gone;
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
