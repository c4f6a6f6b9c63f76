import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:https';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { freePort } from './up.ts';

const MAIN = resolve('dist/cli/main.js');

export interface Answer {
  status: number;
  body: any;
}

/** One of several servers that share a store and a folder of certificates. */
export class Replica {
  readonly port: number;
  readonly #folder: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #agent = new Agent({ keepAlive: true });
  #tls: RequestOptions | undefined;
  output = '';

  private constructor(folder: string, port: number, flags: readonly string[]) {
    this.#folder = folder;
    this.port = port;
    this.#flags = flags;
  }

  static async start(folder: string, flags: readonly string[]): Promise<Replica> {
    const made = await Replica.prepare(folder, flags);
    await made.run();
    return made;
  }

  /** Not running yet. */
  static async prepare(folder: string, flags: readonly string[]): Promise<Replica> {
    return new Replica(folder, await freePort(), flags);
  }

  /** Resolves once it serves. */
  async run(): Promise<void> {
    const args = [MAIN, 'up', '--data-dir', this.#folder, '--port', String(this.port), '--', ...this.#flags];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.output = '';
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`not up within 60 s:\n${this.output}`)), 60_000);
      const read = (chunk: Buffer): void => {
        if (this.output.length < 1 << 20) this.output += chunk.toString();
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

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child!;
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** Rejects where no answer came; whether the server has done what was asked is not known then. */
  send(method: string, path: string, body?: unknown, timeoutMs = 20_000): Promise<Answer> {
    return new Promise((done, fail) => {
      const outgoing = request({ ...this.#target(method, path), timeout: timeoutMs }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          try {
            const text = Buffer.concat(chunks).toString();
            done({ status: response.statusCode!, body: text.startsWith('{') ? JSON.parse(text) : text });
          } catch (error) {
            fail(error);
          }
        });
        response.on('aborted', () => fail(new Error('cut off')));
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
      outgoing.on('error', fail);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** A watch, an event at a time; ends where the server ends it. Answers the way to end it here. */
  watch(
    path: string,
    event: (event: { type: string; object: any }) => void,
    ended: (status: number) => void,
  ): () => void {
    let over = false;
    const end = (status: number): void => {
      if (over) return;
      over = true;
      ended(status);
    };
    const outgoing = request(this.#target('GET', path), (response) => {
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          if (over || line === '') continue;
          const parsed = JSON.parse(line);
          if (response.statusCode === 200) event(parsed);
        }
      });
      response.on('error', () => end(0));
      response.on('close', () => end(response.statusCode === 200 ? 0 : response.statusCode!));
    });
    outgoing.on('error', () => end(0));
    outgoing.end();
    return () => {
      over = true;
      outgoing.destroy();
    };
  }

  #target(method: string, path: string): RequestOptions {
    const agent = this.#agent;
    const headers = { 'content-type': 'application/json' };
    this.#tls ??= credentials(join(this.#folder, 'admin.kubeconfig'));
    return { host: '127.0.0.1', port: this.port, method, path, headers, agent, ...this.#tls };
  }
}

function credentials(kubeconfig: string): RequestOptions {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8'));
  const data = (text: string): Buffer => Buffer.from(text, 'base64');
  return {
    ca: data(clusters[0].cluster['certificate-authority-data']),
    cert: data(users[0].user['client-certificate-data']),
    key: data(users[0].user['client-key-data']),
  };
}
