import type { ServerStream } from './stream.ts';

/** A power of two, and more than most clients have under way at once. */
const PLACES = 256;

/**
 * The open streams of a connection by their numbers. A Map that takes up and forgets with each request makes itself anew over and
 * over, and its tables of before keep dead streams alive (see server/under-way.ts). Numbers rise by two, so that each stream has a
 * place of its own until so many others have come; one that is still open then, a watch, is moved into a Map.
 */
export class StreamTable {
  readonly #places = new Array<ServerStream | undefined>(PLACES).fill(undefined);
  readonly #others = new Map<number, ServerStream>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): ServerStream | undefined {
    const stream = this.#places[placeOf(id)];
    if (stream?.id === id) return stream;
    return this.#others.size > 0 ? this.#others.get(id) : undefined;
  }

  /** Takes up a stream whose number is not here. */
  add(stream: ServerStream): void {
    const place = placeOf(stream.id);
    const before = this.#places[place];
    if (before) this.#others.set(before.id, before);
    this.#places[place] = stream;
    this.#size++;
  }

  /** Forgets a stream; nothing where it is not here. */
  delete(stream: ServerStream): void {
    const place = placeOf(stream.id);
    if (this.#places[place] === stream) this.#places[place] = undefined;
    else if (!this.#others.delete(stream.id)) return;
    this.#size--;
  }

  clear(): void {
    this.#places.fill(undefined);
    this.#others.clear();
    this.#size = 0;
  }

  /** All of them, in no order. */
  values(): ServerStream[] {
    return [...this.#places.filter((stream) => stream !== undefined), ...this.#others.values()];
  }
}

const placeOf = (id: number): number => (id >> 1) & (PLACES - 1);
