/**
 * What is under way, each at a place of its own. A Set would be the plain thing. But one that takes up and forgets all the time
 * makes itself anew over and over; its tables of before keep alive the one that came next, and what they held, once the
 * collector of young garbage has moved them: half of all requests outlived themselves that way, and moving them cost a third
 * of what a get did.
 */
export class UnderWay<T extends { place: number }> {
  readonly #places: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Takes up an item whose `place` is negative: it is in none of these. */
  add(item: T): void {
    const place = this.#free.pop() ?? this.#places.length;
    item.place = place;
    this.#places[place] = item;
  }

  /** Forgets an item; nothing where it is not here. */
  delete(item: T): void {
    const { place } = item;
    if (place < 0) return;
    item.place = -1;
    this.#places[place] = undefined;
    this.#free.push(place);
  }

  /** In no order. Items may come and go meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (const item of this.#places) if (item) yield item;
  }
}
