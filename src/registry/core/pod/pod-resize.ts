import { deepEqual } from '../../../meta/deep-equal.ts';
import { type FieldError, forbidden, invalid } from '../../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../../meta/object.ts';
import { MIRROR_ANNOTATION } from './annotations.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';
import { podErrors } from './pod-create.ts';
import { qosClass } from './quality-of-service.ts';
import { restartsAlways } from './visit.ts';

/** pods/resize: what containers ask for, changed in place (ValidatePodResize in validation.go). */

const ONLY_RESOURCES = 'only cpu and memory resources are mutable';

/** Takes from `pod` what a resize may change and leaves the rest as it is stored (dropNonResizeUpdates in strategy.go). */
export function keepToResize(pod: KubeObject, old: KubeObject): void {
  const now: Fields = pod['spec'];
  const before: Fields = old['spec'];
  // Added or removed containers are refused by the validation, which must see them.
  if (now['containers']?.length !== before['containers']?.length) return;
  if ((now['initContainers']?.length ?? 0) !== (before['initContainers']?.length ?? 0)) return;
  const spec: Fields = { ...before, containers: resized(now['containers'], before['containers']) };
  if (now['resources'] === undefined) delete spec['resources'];
  else spec['resources'] = now['resources'];
  if (now['initContainers'])
    spec['initContainers'] = resized(now['initContainers'], before['initContainers']);
  pod['spec'] = spec;
  pod['status'] = old['status'];
}

function resized(now: Fields[], before: Fields[]): Fields[] {
  if (now.some((container, i) => container['name'] !== before[i]!['name'])) return now;
  return now.map((container, i) => {
    const out: Fields = { ...before[i]!, resources: container['resources'] };
    if (container['resizePolicy'] === undefined) delete out['resizePolicy'];
    else out['resizePolicy'] = container['resizePolicy'];
    return out;
  });
}

export function podResizeErrors(
  pod: KubeObject,
  old: KubeObject,
  options: PodValidationOptions,
): FieldError[] {
  const now: Fields = pod['spec'];
  const before: Fields = old['spec'];
  const errors = podErrors(pod, options);
  if (old.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined)
    return [forbidden('', 'static pods cannot be resized')];
  if (before['os']?.name === 'windows') return [forbidden('', 'windows pods cannot be resized')];
  if ((old['status']?.qosClass || qosClass(before)) !== qosClass(now))
    errors.push(
      invalid('spec', pod['status']?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'),
    );
  if (!resizable(old)) errors.push(forbidden('spec', 'Pod running on node without support for resize'));
  const munged: Fields = { ...now };
  add(errors, podLevelErrors(munged, before));
  const order = orderErrors(now, before);
  add(errors, order);
  if (order.length) return errors;
  for (const list of ['initContainers', 'containers']) {
    before[list]?.forEach((container: Fields, i: number) => {
      for (const side of ['requests', 'limits']) {
        if (removed(now[list][i].resources?.[side], container['resources']?.[side]))
          errors.push(
            forbidden(`spec.${list}[${i}].resources.${side}`, `resource ${side} cannot be removed`),
          );
      }
    });
  }
  munged['containers'] = (now['containers'] ?? []).map((container: Fields, i: number) => {
    const same = withComputeOf(container, before['containers'][i]);
    if (!deepEqual(same, before['containers'][i])) errors.push(forbidden('spec', ONLY_RESOURCES));
    return same;
  });
  if (now['initContainers'])
    munged['initContainers'] = now['initContainers'].map((c: Fields, i: number) =>
      initErrors(c, before['initContainers'][i], i, errors),
    );
  if (errors.length === 0 && !deepEqual(munged, before)) errors.push(forbidden('spec', ONLY_RESOURCES));
  return errors;
}

function initErrors(container: Fields, before: Fields, i: number, errors: FieldError[]): Fields {
  const changed = !deepEqual(container, before);
  const same = withComputeOf(container, before);
  const at = `spec.initContainers[${i}]`;
  if (!deepEqual(same, before))
    errors.push(forbidden(at, 'only cpu and memory resources for init or sidecar containers are mutable'));
  if (changed && !restartsAlways(container)) {
    for (const policy of container['resizePolicy'] ?? [])
      if (policy.restartPolicy === 'RestartContainer')
        errors.push(
          forbidden(
            at,
            'non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
          ),
        );
  }
  return same;
}

function resizable(pod: KubeObject): boolean {
  for (const status of pod['status']?.containerStatuses ?? [])
    if (status.state?.running) return status.resources !== undefined;
  return true;
}

/** spec.resources; sets what may change back in `munged`. */
function podLevelErrors(munged: Fields, before: Fields): FieldError[] {
  const old: Fields | undefined = before['resources'];
  const now: Fields | undefined = munged['resources'];
  if (!asked(old) && !asked(now)) return [];
  if (old && !now) return [forbidden('spec.resources', 'pod-level resources cannot be removed')];
  const errors: FieldError[] = [];
  for (const side of ['requests', 'limits'])
    if (old && removed(now?.[side], old[side]))
      errors.push(forbidden(`spec.resources.${side}`, `pod-level resource ${side} cannot be removed`));
  let same: Fields | undefined = now && {
    ...now,
    requests: compute(now['requests'], old?.['requests']),
    limits: compute(now['limits'], old?.['limits']),
  };
  if (!old && same && !asked(same) && !same['claims']?.length) same = undefined;
  munged['resources'] = same;
  if (!deepEqual(withoutEmpty(same), withoutEmpty(old)))
    errors.push(forbidden('spec', 'only cpu and memory resources are mutable at pod-level'));
  return errors;
}

const asked = (resources: Fields | undefined): boolean =>
  Object.keys(resources?.['requests'] ?? {}).length + Object.keys(resources?.['limits'] ?? {}).length > 0;

const removed = (now: Fields | undefined, before: Fields | undefined): boolean =>
  Object.keys(before ?? {}).some((name) => now?.[name] === undefined);

/** A list of amounts with the stored cpu and memory in place of its own. */
function compute(now: Fields | undefined, before: Fields | undefined): Fields | undefined {
  if (!now && !before) return undefined;
  const out: Fields = { ...now };
  for (const name of ['cpu', 'memory']) {
    delete out[name];
    if (before?.[name] !== undefined) out[name] = before[name];
  }
  return Object.keys(out).length ? out : undefined;
}

/** Claims fall away, so that a container that has some cannot be resized: kube-apiserver's own rule. */
function withComputeOf(container: Fields, before: Fields): Fields {
  const resources: Fields = {};
  for (const side of ['limits', 'requests']) {
    const amounts = compute(container['resources']?.[side], before['resources']?.[side]);
    if (amounts) resources[side] = amounts;
  }
  return { ...container, resources };
}

function withoutEmpty(resources: Fields | undefined): Fields | undefined {
  if (!resources) return undefined;
  return Object.fromEntries(
    Object.entries(resources).filter(([, amounts]) => amounts && Object.keys(amounts).length),
  );
}

function orderErrors(now: Fields, before: Fields): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ['containers', 'initContainers']) {
    const containers: Fields[] = now[list] ?? [];
    const old: Fields[] = before[list] ?? [];
    if (containers.length !== old.length)
      errors.push(forbidden(`spec.${list}`, `${list} may not be added or removed on resize`));
    else
      old.forEach((container, i) => {
        if (containers[i]!['name'] !== container['name'])
          errors.push(
            forbidden(`spec.${list}[${i}].name`, `${list} may not be renamed or reordered on resize`),
          );
      });
  }
  return errors;
}
