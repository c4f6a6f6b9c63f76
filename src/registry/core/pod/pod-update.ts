import { deepEqual } from '../../../meta/deep-equal.ts';
import { child, type FieldError, forbidden, index, invalid, required } from '../../../meta/field-error.ts';
import { quote } from '../../../meta/go-quote.ts';
import type { Fields, KubeObject } from '../../../meta/object.ts';
import { MIRROR_ANNOTATION, podAnnotationUpdatesErrors } from './annotations.ts';
import { add } from './faults.ts';
import { goMap } from './go-value.ts';
import type { PodValidationOptions } from './options.ts';
import { podErrors } from './pod-create.ts';
import { ephemeralContainerDifference, podSpecDifference } from './shown-spec.ts';
import { toleratedAdditionsErrors } from './tolerations.ts';

/** What of a running pod may change (ValidatePodUpdate, ValidatePodEphemeralContainersUpdate in validation.go). */

const MAX_INT32 = 2147483647;
const CHANGEABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

const withImagesOf = (now: Fields[] | undefined, before: Fields[] | undefined): Fields[] =>
  (now ?? []).map((container, i) => ({ ...container, image: before?.[i]?.['image'] }));

function imagesErrors(
  now: Fields[] = [],
  before: Fields[] = [],
  path: string,
  errors: FieldError[],
): boolean {
  if (now.length !== before.length) {
    errors.push(forbidden(path, 'pod updates may not add or remove containers'));
    return false;
  }
  now.forEach((container, i) => {
    const image: string = container['image'] ?? '';
    const at = child(index(path, i), 'image');
    if (image === '') errors.push(required(at));
    if (image.trim() !== image)
      errors.push(invalid(at, image, 'must not have leading or trailing whitespace'));
  });
  return true;
}

/** False where nothing behind it is looked at any more. */
function deadlineErrors(now: number | undefined, before: number | undefined, errors: FieldError[]): boolean {
  const at = 'spec.activeDeadlineSeconds';
  if (now === undefined) {
    if (before !== undefined)
      errors.push(invalid(at, null, 'must not update from a positive integer to nil value'));
    return true;
  }
  if (now < 0 || now > MAX_INT32)
    errors.push(invalid(at, now, `must be between 0 and ${MAX_INT32}, inclusive`));
  else if (before !== undefined && before < now)
    errors.push(invalid(at, now, 'must be less than or equal to previous value'));
  else return true;
  return false;
}

/** Faults of an update of a pod. */
export function podUpdateErrors(
  pod: KubeObject,
  old: KubeObject,
  options: PodValidationOptions,
): FieldError[] {
  const now: Fields = pod['spec'];
  const before: Fields = old['spec'];
  const errors = podErrors(pod, options);
  add(
    errors,
    podAnnotationUpdatesErrors(
      pod.metadata.annotations,
      old.metadata.annotations,
      now,
      'metadata.annotations',
      options,
    ),
  );
  if (!imagesErrors(now['containers'], before['containers'], 'spec.containers', errors)) return errors;
  if (!imagesErrors(now['initContainers'], before['initContainers'], 'spec.initContainers', errors))
    return errors;
  if (!deadlineErrors(now['activeDeadlineSeconds'], before['activeDeadlineSeconds'], errors)) return errors;
  add(
    errors,
    toleratedAdditionsErrors(
      now['tolerations'] ?? [],
      before['tolerations'] ?? [],
      'spec.tolerations',
      options,
    ),
  );
  add(errors, gateAdditionsErrors(now['schedulingGates'] ?? [], before['schedulingGates'] ?? []));
  if (deepEqual(now, before)) return errors;
  const munged: Fields = {
    ...now,
    containers: withImagesOf(now['containers'], before['containers']),
    initContainers: withImagesOf(now['initContainers'], before['initContainers']),
    activeDeadlineSeconds: before['activeDeadlineSeconds'],
    schedulingGates: before['schedulingGates'],
    tolerations: before['tolerations'],
  };
  if (before['terminationGracePeriodSeconds'] < 0 && now['terminationGracePeriodSeconds'] === 1)
    munged['terminationGracePeriodSeconds'] = before['terminationGracePeriodSeconds'];
  if (before['schedulingGates']?.length) add(errors, gatedChangesErrors(munged, before));
  if (!deepEqual(munged, before))
    errors.push(
      forbidden(
        'spec',
        `pod updates may not change fields other than ${CHANGEABLE.join(',')}\n${podSpecDifference(before, munged)}`,
      ),
    );
  return errors;
}

function gateAdditionsErrors(now: Fields[], before: Fields[]): FieldError[] {
  const known = new Set(before.map((gate) => gate['name']));
  const errors: FieldError[] = [];
  now.forEach((gate, i) => {
    if (!known.has(gate['name']))
      errors.push(
        forbidden(
          `spec.schedulingGates[${i}].name`,
          `only deletion is allowed, but found new scheduling gate '${gate['name']}'`,
        ),
      );
  });
  return errors;
}

/** While gates hold a pod back, where it may run can still be narrowed. Sets the narrowed fields back in `munged`. */
function gatedChangesErrors(munged: Fields, before: Fields): FieldError[] {
  const errors: FieldError[] = [];
  const selector: Fields = munged['nodeSelector'] ?? {};
  const oldSelector: Fields = before['nodeSelector'] ?? {};
  if (Object.keys(oldSelector).some((name) => selector[name] !== oldSelector[name]))
    errors.push(
      invalid(
        'spec.nodeSelector',
        goMap(munged['nodeSelector']),
        'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ),
    );
  munged['nodeSelector'] = before['nodeSelector'];

  const now: Fields | undefined = munged['affinity']?.nodeAffinity;
  const old: Fields | undefined = before['affinity']?.nodeAffinity;
  if (deepEqual(now, old)) return errors;
  add(errors, nodeAffinityErrors(now, old));
  const affinity: Fields = { ...munged['affinity'], nodeAffinity: old };
  const empty = !old && !before['affinity'] && !affinity['podAffinity'] && !affinity['podAntiAffinity'];
  munged['affinity'] = empty ? undefined : affinity;
  return errors;
}

function nodeAffinityErrors(now: Fields | undefined, old: Fields | undefined): FieldError[] {
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const field = 'requiredDuringSchedulingIgnoredDuringExecution';
  if (!old?.[field]) return [];
  const oldTerms: Fields[] = old[field].nodeSelectorTerms ?? [];
  const terms: Fields[] = now?.[field]?.nodeSelectorTerms ?? [];
  if (oldTerms.length > 0 && oldTerms.length !== terms.length)
    return [invalid(path, terms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')];
  return oldTerms.flatMap((term, i) =>
    onlyAdds(terms[i]!, term)
      ? []
      : [invalid(index(path, i), terms[i], 'only additions are allowed (no mutations or deletions)')],
  );
}

function onlyAdds(now: Fields, old: Fields): boolean {
  const parts = ['matchExpressions', 'matchFields'];
  // An empty term matches nothing: anything added to it would widen it.
  if (parts.every((part) => !old[part]?.length)) return parts.every((part) => !now[part]?.length);
  return parts.every((part) => {
    const before: Fields[] = old[part] ?? [];
    return deepEqual((now[part] ?? []).slice(0, before.length), before);
  });
}

/** Faults of an update of pods/ephemeralcontainers: they are added, never changed or taken away. */
export function ephemeralContainersUpdateErrors(
  pod: KubeObject,
  old: KubeObject,
  options: PodValidationOptions,
): FieldError[] {
  const errors = podErrors(pod, options);
  add(
    errors,
    podAnnotationUpdatesErrors(
      pod.metadata.annotations,
      old.metadata.annotations,
      pod['spec'],
      'metadata.annotations',
      options,
    ),
  );
  if (old.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined)
    return [forbidden('', 'static pods do not support ephemeral containers')];
  const now = new Map<string, Fields>(
    (pod['spec'].ephemeralContainers ?? []).map((c: Fields) => [c['name'], c]),
  );
  for (const container of old['spec'].ephemeralContainers ?? []) {
    const same = now.get(container.name);
    if (!same)
      errors.push(
        forbidden(
          'spec.ephemeralContainers',
          `existing ephemeral containers ${quote(container.name)} may not be removed\n`,
        ),
      );
    else if (!deepEqual(container, same))
      errors.push(
        forbidden(
          'spec.ephemeralContainers',
          `existing ephemeral containers ${quote(container.name)} may not be changed\n${ephemeralContainerDifference(container, same)}`,
        ),
      );
  }
  return errors;
}
