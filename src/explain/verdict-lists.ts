/**
 * Verdicts that doors gave in the same order before. The list given is then the earlier one, so that the records of a
 * thousand requests that were decided alike hold one list together: what records hold is what the collector has to move.
 */
export class VerdictLists<V extends object> {
  readonly #byLast = new WeakMap<V, readonly V[]>();

  /** The list itself, or an earlier one of the same verdicts. Worth asking where verdicts are made once and given often. */
  shared(list: readonly V[]): readonly V[] {
    const last = list[list.length - 1];
    if (!last) return list;
    const earlier = this.#byLast.get(last);
    if (earlier && isSame(earlier, list)) return earlier;
    this.#byLast.set(last, list);
    return list;
  }
}

/** Whether two lists hold the same objects in the same order. */
export function isSame(a: readonly object[], b: readonly object[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
