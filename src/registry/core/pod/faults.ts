/** Nobody reads more; a body made of faults alone must not cost more than its size. */
const MOST = 10_000;

/** Appends faults or warnings, up to a bound. (Spreading a long list into `push` would overflow the stack.) */
export function add<T>(list: T[], more: readonly T[]): void {
  for (const one of more) {
    if (list.length >= MOST) return;
    list.push(one);
  }
}
