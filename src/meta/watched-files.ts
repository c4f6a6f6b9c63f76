import { readFileSync } from 'node:fs';
import { watchFile } from './watch-file.ts';

/** Files as what is made of them reads them, so that tests can own them. */
export interface Files {
  /** The content as it is now; throws Node's error where it cannot be read. */
  read(path: string): string;
  /** Calls back when the file may have changed. Returns the way to stop. */
  watch(path: string, changed: () => void): () => void;
}

/** The machine's files. */
export const nodeFiles: Files = { read: (path) => readFileSync(path, 'utf8'), watch: watchFile };

/** What to do about files that changed: `bad` gets the path and what is wrong with the new content. */
export interface ReloadReport {
  loaded?(path: string): void;
  bad?(path: string, error: unknown): void;
}

/**
 * Something made of files: made once at the start, where a failure is thrown, and again whenever one of them changes.
 * New content that cannot be used is reported, and the old stays in force.
 */
export class WatchedFiles<T> {
  readonly #paths: readonly string[];
  readonly #files: Files;
  readonly #make: (contents: readonly string[]) => T;
  readonly #report: ReloadReport;
  readonly #handlers = new Set<(value: T) => void>();
  readonly #stops: (() => void)[] = [];
  #contents: readonly string[];
  #value: T;

  constructor(
    paths: readonly string[],
    make: (contents: readonly string[]) => T,
    options: { files?: Files; report?: ReloadReport } = {},
  ) {
    this.#paths = paths;
    this.#files = options.files ?? nodeFiles;
    this.#make = make;
    this.#report = options.report ?? {};
    this.#contents = this.#read();
    this.#value = make(this.#contents);
  }

  current(): T {
    return this.#value;
  }

  onChange(handler: (value: T) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Begins to watch; the content is looked at once more, as it may have changed since it was read. */
  start(): this {
    for (const path of this.#paths) this.#stops.push(this.#files.watch(path, () => this.reload(path)));
    return this;
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Reads the files again now. `path` is the one that changed. */
  reload(path = this.#paths[0] ?? ''): void {
    try {
      const contents = this.#read();
      if (contents.every((content, i) => content === this.#contents[i])) return;
      this.#value = this.#make(contents);
      this.#contents = contents;
    } catch (error) {
      this.#report.bad?.(path, error);
      return;
    }
    this.#report.loaded?.(path);
    for (const handler of this.#handlers) handler(this.#value);
  }

  #read(): string[] {
    return this.#paths.map((path) => this.#files.read(path));
  }
}
