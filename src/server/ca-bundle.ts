import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { pemBlocks } from '../meta/pem.ts';
import { watchFile } from '../meta/watch-file.ts';
import type { Log } from './log.ts';

/** A bundle of CAs that is published as it is in its file; empty where no file is given or nothing is there. */
export class CaBundle {
  readonly #path: string;
  readonly #log: Log;
  readonly #handlers: ((pem: string) => void)[] = [];
  #pem: string;
  #stop: (() => void) | undefined;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    this.#pem = path && existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  get pem(): string {
    return this.#pem;
  }

  onChange(handler: (pem: string) => void): void {
    this.#handlers.push(handler);
  }

  start(): void {
    if (this.#path) this.#stop = watchFile(this.#path, () => this.reload());
  }

  stop(): void {
    this.#stop?.();
  }

  /** Reads the file again; what holds no certificates is told of, and what was there before stays published. */
  reload(): void {
    let pem: string;
    try {
      pem = readFileSync(this.#path, 'utf8');
      if (pem === this.#pem) return;
      const blocks = pemBlocks(pem).filter(({ type }) => type === 'CERTIFICATE');
      if (blocks.length === 0) throw new Error('no PEM certificate in it');
      for (const { der } of blocks) void new X509Certificate(der);
    } catch (error) {
      this.#log.error(
        { path: this.#path, error: (error as Error).message },
        'not reloaded; the bundle before stays published',
      );
      return;
    }
    this.#pem = pem;
    this.#log.info({ path: this.#path }, 'reloaded');
    for (const handler of this.#handlers) handler(pem);
  }
}
