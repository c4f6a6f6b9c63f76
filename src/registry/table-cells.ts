import { humanAge } from '../meta/human-age.ts';
import {
  compileLabelSelector,
  type LabelRequirement,
  type LabelSelectorObject,
} from '../meta/label-selector.ts';
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

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${[...values].sort().join(',')})`;
    case 'gt':
      return `${key}>${values[0]}`;
    case 'lt':
      return `${key}<${values[0]}`;
    default:
      return `${key}${operator}${values[0] ?? ''}`;
  }
}

/** A selector as one would type it, `<none>` where it selects everything (metav1.FormatLabelSelector). */
export function formatLabelSelector(selector: LabelSelectorObject | undefined): string {
  const compiled = compileLabelSelector(selector);
  if (!compiled) return '<error>';
  return compiled.requirements.map(formatRequirement).join(',') || '<none>';
}
