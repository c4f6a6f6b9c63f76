import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { watchFile } from '../meta/watch-file.ts';
import type { Log } from './log.ts';

/** The serving certificate and its key, read again when either file changes. A pair that does not fit is not taken. */
export class WatchedCertificate {
  readonly #certFile: string;
  readonly #keyFile: string;
  readonly #log: Log;
  #current: { cert: string; key: string };
  #changed: (() => void) | undefined;
  readonly #stops: (() => void)[] = [];

  /** Throws where the files cannot be read or are no pair. */
  constructor(certFile: string, keyFile: string, log: Log) {
    this.#certFile = certFile;
    this.#keyFile = keyFile;
    this.#log = log;
    this.#current = readPair(certFile, keyFile);
  }

  get current(): { cert: string; key: string } {
    return this.#current;
  }

  start(changed: () => void): void {
    this.#changed = changed;
    for (const file of [this.#certFile, this.#keyFile]) this.#stops.push(watchFile(file, this.#reload));
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  readonly #reload = (): void => {
    try {
      const next = readPair(this.#certFile, this.#keyFile);
      if (next.cert === this.#current.cert && next.key === this.#current.key) return;
      this.#current = next;
      this.#changed?.();
      this.#log.info({ path: this.#certFile }, 'reloaded the serving certificate');
    } catch (error) {
      // Two files are never replaced at one moment: the other is likely on its way.
      this.#log.warn(
        { path: this.#certFile, error: (error as Error).message },
        'the serving certificate was not reloaded; the one before stays in force',
      );
    }
  };
}

function readPair(certFile: string, keyFile: string): { cert: string; key: string } {
  const cert = read(certFile);
  const key = read(keyFile);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    throw new Error(`${certFile} holds no PEM certificate`);
  }
  let fits = false;
  try {
    fits = certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    throw new Error(`${keyFile} holds no PEM private key`);
  }
  if (!fits) throw new Error(`the key in ${keyFile} is not that of the certificate in ${certFile}`);
  return { cert, key };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = {
      ENOENT: 'no such file or directory',
      EACCES: 'permission denied',
      EISDIR: 'is a directory',
    }[code ?? ''];
    throw new Error(`open ${path}: ${why ?? code}`);
  }
}
