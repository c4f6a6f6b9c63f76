import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export interface RotationOptions {
  /** 0: the file is never put aside. */
  maxBytes: number;
  /** 0: for ever. */
  maxAgeDays: number;
  /** 0: all. */
  maxBackups: number;
  compress: boolean;
  now?: () => number;
  /** Of the files put aside, not of the one written to. */
  failed?: (error: Error) => void;
}

const DAY_MS = 86_400_000;

/** A file that is appended to, and put aside as NAME-TIME.EXT when it has grown too long. One writer at a time. */
export class RotatingFile {
  readonly #path: string;
  readonly #options: RotationOptions;
  #file: FileHandle | undefined;
  #size = 0;
  #torn = false;
  #tidying: Promise<void> = Promise.resolve();

  constructor(path: string, options: RotationOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Resolves once the bytes are with the operating system: the end of this process does not lose them. */
  async append(bytes: Buffer): Promise<void> {
    const { maxBytes } = this.#options;
    let file = await this.#open();
    if (maxBytes > 0 && this.#size > 0 && this.#size + bytes.length > maxBytes)
      file = await this.#rotate(file);
    // A write that broke off, as where the disk was full, leaves a line without its end.
    if (this.#torn) await file.write('\n');
    this.#torn = true;
    let at = 0;
    while (at < bytes.length) {
      const { bytesWritten } = await file.write(bytes, at);
      at += bytesWritten;
      this.#size += bytesWritten;
    }
    this.#torn = false;
  }

  async #open(): Promise<FileHandle> {
    if (this.#file) return this.#file;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    this.#file = await open(this.#path, 'a', 0o600);
    this.#size = (await this.#file.stat()).size;
    return this.#file;
  }

  async #rotate(file: FileHandle): Promise<FileHandle> {
    await file.close();
    this.#file = undefined;
    await rename(this.#path, await this.#backupName());
    const fresh = await this.#open();
    this.#tidying = this.#tidying
      .then(() => this.#tidy())
      .catch((error: Error) => this.#options.failed?.(error));
    return fresh;
  }

  get #parts(): { folder: string; stem: string; extension: string } {
    const extension = extname(this.#path);
    return { folder: dirname(this.#path), stem: `${basename(this.#path, extension)}-`, extension };
  }

  /** Never one that is there already: two rotations may fall into one millisecond. */
  async #backupName(): Promise<string> {
    const { folder, stem, extension } = this.#parts;
    const there = new Set(await readdir(folder));
    for (let now = (this.#options.now ?? Date.now)(); ; now++) {
      const name = `${stem}${new Date(now).toISOString().slice(0, 23).replaceAll(':', '-')}${extension}`;
      if (!there.has(name) && !there.has(`${name}.gz`)) return join(folder, name);
    }
  }

  async #tidy(): Promise<void> {
    const { folder, stem, extension } = this.#parts;
    const { maxBackups, maxAgeDays, compress, now = Date.now } = this.#options;
    const backups = (await readdir(folder))
      .map((name) => ({ name, at: timeIn(name, stem, extension) }))
      .filter((file): file is { name: string; at: number } => file.at !== undefined)
      .sort((a, b) => b.at - a.at);
    const tooOld = maxAgeDays > 0 ? now() - maxAgeDays * DAY_MS : Number.NEGATIVE_INFINITY;
    for (const [i, { name, at }] of backups.entries()) {
      const path = join(folder, name);
      if ((maxBackups > 0 && i >= maxBackups) || at < tooOld) await unlink(path);
      else if (compress && !name.endsWith('.gz')) {
        await pipeline(
          createReadStream(path),
          createGzip(),
          createWriteStream(`${path}.gz`, { mode: 0o600 }),
        );
        await unlink(path);
      }
    }
  }

  async close(): Promise<void> {
    await this.#tidying;
    await this.#file?.close();
    this.#file = undefined;
  }
}

function timeIn(name: string, stem: string, extension: string): number | undefined {
  const plain = name.endsWith('.gz') ? name.slice(0, -3) : name;
  if (!plain.startsWith(stem) || !plain.endsWith(extension)) return undefined;
  const match = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(
    plain.slice(stem.length, plain.length - extension.length),
  );
  return match ? Date.parse(`${match[1]}:${match[2]}:${match[3]}Z`) : undefined;
}
