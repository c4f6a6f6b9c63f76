import { deepEqual } from '../meta/deep-equal.ts';
import type { Fields } from '../meta/object.ts';

/** Tolerations among each other (pkg/util/tolerations). */

/** Both lists as one; of two that say the same, or more and less, the wider one stays. */
export function mergeTolerations(first: readonly Fields[], second: readonly Fields[]): Fields[] {
  const all = [...first, ...second];
  const merged: Fields[] = [];
  all.forEach((toleration, i) => {
    if (merged.some((other) => isSuperset(other, toleration))) return;
    const later = all.slice(i + 1);
    if (later.some((other) => !deepEqual(toleration, other) && isSuperset(other, toleration))) return;
    merged.push(toleration);
  });
  return merged;
}

/** Whether each toleration is within one of those allowed. Two empty lists allow each other. */
export function withinTolerations(tolerations: readonly Fields[], allowed: readonly Fields[]): boolean {
  if (allowed.length === 0) return true;
  return tolerations.every((toleration) => allowed.some((other) => isSuperset(other, toleration)));
}

/** Whether `wide` tolerates all that `narrow` does. */
function isSuperset(wide: Fields, narrow: Fields): boolean {
  if (deepEqual(wide, narrow)) return true;
  const { key = '', operator = '', effect = '', value = '', tolerationSeconds } = wide;
  if ((narrow['key'] ?? '') !== key && (key !== '' || operator !== 'Exists')) return false;
  if ((narrow['effect'] ?? '') !== effect && effect !== '') return false;
  if (effect === 'NoExecute' && tolerationSeconds !== undefined) {
    const seconds: number | undefined = narrow['tolerationSeconds'];
    if (seconds === undefined || seconds > tolerationSeconds) return false;
  }
  if (operator === 'Exists') return true;
  if (operator !== '' && operator !== 'Equal') return false;
  return narrow['operator'] === 'Equal' && (narrow['value'] ?? '') === value;
}
