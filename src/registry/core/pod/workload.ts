import { deepEqual } from '../../../meta/deep-equal.ts';
import {
  child,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../../meta/field-error.ts';
import {
  compileLabelSelector,
  type LabelRequirement,
  type LabelSelectorObject,
  labelSelectorErrors,
  matchesLabelSelector,
} from '../../../meta/label-selector.ts';
import { dns1123LabelFaults } from '../../../meta/names.ts';
import type { Fields, KubeObject } from '../../../meta/object.ts';
import { nonNegative } from '../../field-validation.ts';
import { dropDisabledPodFields } from './disabled-fields.ts';
import { goMap, goSelector } from './go-value.ts';
import { hostnameWarning, podWarnings } from './warnings.ts';

/** What the kinds that keep pods running have in common (pkg/registry/{core,apps,batch}/…/strategy.go). */

/** A new workload: the server counts its generations. */
export function prepareNewWorkload(object: KubeObject): void {
  object['status'] = {};
  object.metadata.generation = 1;
  dropDisabledPodFields(object['spec'].template?.spec);
}

/** An update: status stays, and a change of spec is a new generation. `also`: annotations count too (Deployments). */
export function prepareWorkloadUpdate(object: KubeObject, old: KubeObject, also = false): void {
  object['status'] = old['status'] ?? {};
  dropDisabledPodFields(object['spec'].template?.spec);
  const changed =
    !deepEqual(object['spec'], old['spec']) ||
    (also && !deepEqual(object.metadata.annotations ?? {}, old.metadata.annotations ?? {}));
  if (changed) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** An update of status leaves the spec alone. */
export function keepSpec(object: KubeObject, old: KubeObject): void {
  object['spec'] = old['spec'];
}

/** Names and images of the containers, as wide tables show them. */
export function containerCells(template: Fields | undefined): [string, string] {
  const containers: Fields[] = template?.['spec']?.containers ?? [];
  return [
    containers.map((c) => c['name'] ?? '').join(','),
    containers.map((c) => c['image'] ?? '').join(','),
  ];
}

/** Warnings of a create, and of an update that made a new generation. */
export function templateWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const template: Fields | undefined = object['spec'].template;
  if (!template || (old && old.metadata.generation === object.metadata.generation)) return [];
  return podWarnings(template['spec'] ?? {}, template['metadata'], 'spec.template');
}

/** The same, with a word about a name that makes poor host names. */
export function namedTemplateWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const name = old ? [] : hostnameWarning(dns1123LabelFaults(object.metadata.name ?? ''), false);
  return [...name, ...templateWarnings(object, old)];
}

/** Pods that are kept running always restart and have no deadline. */
export function alwaysRunningErrors(spec: Fields, path: string, kind: string): FieldError[] {
  const errors: FieldError[] = [];
  if (spec['restartPolicy'] !== 'Always')
    errors.push(notSupported(child(path, 'restartPolicy'), spec['restartPolicy'] ?? '', ['Always']));
  if (spec['activeDeadlineSeconds'] !== undefined)
    errors.push(
      forbidden(child(path, 'activeDeadlineSeconds'), `activeDeadlineSeconds in ${kind} is not Supported`),
    );
  return errors;
}

/** None of these counts is negative; absent ones are 0. */
export function countsErrors(object: Fields, names: readonly string[], path: string): FieldError[] {
  return names.flatMap((name) => nonNegative(object[name] ?? 0, child(path, name)));
}

/** None of these counts is above another. */
export function notAboveErrors(
  status: Fields,
  names: readonly string[],
  most: string,
  path: string,
  words: string,
): FieldError[] {
  return names.flatMap((name) =>
    (status[name] ?? 0) > (status[most] ?? 0) ? [invalid(child(path, name), status[name] ?? 0, words)] : [],
  );
}

/** status.collisionCount only grows. */
export function collisionCountErrors(now: Fields, before: Fields): FieldError[] {
  const old: number | undefined = before['collisionCount'];
  const shrunk = old !== undefined && (now['collisionCount'] ?? -1) < old;
  return shrunk
    ? [invalid('status.collisionCount', now['collisionCount'] ?? 0, 'cannot be decremented')]
    : [];
}

/** A selector as text; `<none>` where it selects by nothing (metav1.FormatLabelSelector). */
export function formatSelector(selector: LabelSelectorObject | undefined): string {
  if (selectorIsBroken(selector)) return '<error>';
  return selectorText(selector) || '<none>';
}

/** labels.Selector.String of a selector that an object carries. */
export function selectorText(selector: LabelSelectorObject | undefined): string {
  return (compileLabelSelector(selector)?.requirements ?? []).map(requirementText).join(',');
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'in':
    case 'notin':
      return `${key} ${operator} (${[...values].sort().join(',')})`;
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    default:
      return `${key}${operator}${values[0] ?? ''}`;
  }
}

/** Whether metav1.LabelSelectorAsSelector would fail. */
export const selectorIsBroken = (selector: LabelSelectorObject | undefined): boolean =>
  labelSelectorErrors(selector, '').length > 0;

/**
 * The selector of a workload: there, in order, and not empty. `kind` is the one that the message for an empty one names;
 * `broken` the words added where the selector cannot be used.
 */
export function selectorErrors(
  selector: Fields | undefined,
  path: string,
  kind: string,
  broken: string,
): FieldError[] {
  if (!selector) return [required(path)];
  const errors = labelSelectorErrors(selector, path);
  if (isEmptySelector(selector))
    errors.push(invalid(path, goSelector(selector), `empty selector is invalid for ${kind}`));
  if (selectorIsBroken(selector)) errors.push(invalid(path, goSelector(selector), broken));
  return errors;
}

export const isEmptySelector = (selector: Fields): boolean =>
  Object.keys(selector['matchLabels'] ?? {}).length + (selector['matchExpressions']?.length ?? 0) === 0;

/** A template that the selector would not find. No selector finds none; an empty one is not looked at. */
export function selectionErrors(selector: Fields | undefined, template: Fields, path: string): FieldError[] {
  if (selector && isEmptySelector(selector)) return [];
  const labels = template['metadata']?.labels;
  return matchesLabelSelector(selector, labels)
    ? []
    : [invalid(`${path}.metadata.labels`, goMap(labels), '`selector` does not match template `labels`')];
}
