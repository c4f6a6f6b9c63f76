import { humanAge } from '../meta/human-age.ts';
import type { KubeObject } from '../meta/object.ts';

/** What cells of many tables hold (pkg/printers/internalversion/printers.go). */

/** How long ago a time was, `<unknown>` where there is none. `now` in milliseconds. */
export function since(time: unknown, now: number): string {
  if (typeof time !== 'string' || time === '') return '<unknown>';
  const at = Date.parse(time);
  return Number.isNaN(at) ? '<unknown>' : humanAge(now - at);
}

export const age = (object: KubeObject, now: number): string => since(object.metadata.creationTimestamp, now);

/** `a=1,b=2` in the order of the keys, `<none>` where there are none (labels.FormatLabels). */
export function formatLabels(labels: Record<string, string> | undefined): string {
  const keys = Object.keys(labels ?? {}).sort();
  return keys.length ? keys.map((k) => `${k}=${labels![k]}`).join(',') : '<none>';
}
