import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, invalid } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { jobCondition } from './job-status.ts';

/**
 * The template of a Job is fixed, but for where its pods may run and what they ask for while it is suspended and none
 * runs (validatePodTemplateUpdate in pkg/apis/batch/validation; shouldAllowMutablePodTemplate in the strategy).
 */
export function jobTemplateChangeErrors(spec: Fields, old: KubeObject): FieldError[] {
  const before: Fields = old['spec'];
  const now: Fields = spec['template'];
  const suspended = before['suspend'] === true;
  const status: Fields = old['status'] ?? {};
  const idle = suspended && (!status['startTime'] || jobCondition(old, 'Suspended')) && !status['active'];
  const same = idle ? withPlacementOf(before['template'], now) : before['template'];
  if (!suspended || !idle)
    return deepEqual(now, same) ? [] : [invalid('spec.template', now, 'field is immutable')];
  const pod: Fields = { ...same['spec'] };
  for (const list of ['containers', 'initContainers'])
    pod[list] = withResourcesOf(pod[list], now['spec'][list]);
  return deepEqual(now['spec'], pod)
    ? []
    : [invalid('spec.template.spec', now['spec'], 'field is immutable')];
}

function withPlacementOf(template: Fields, now: Fields): Fields {
  const { affinity, nodeSelector, tolerations, schedulingGates } = now['spec'];
  const old: Fields | undefined = template['spec'].affinity;
  const merged: Fields = { ...old, nodeAffinity: affinity?.nodeAffinity };
  const empty = !affinity && !merged['podAffinity'] && !merged['podAntiAffinity'];
  return {
    ...template,
    metadata: {
      ...template['metadata'],
      annotations: now['metadata']?.annotations,
      labels: now['metadata']?.labels,
    },
    spec: {
      ...template['spec'],
      nodeSelector,
      tolerations,
      schedulingGates,
      affinity: empty ? undefined : merged,
    },
  };
}

function withResourcesOf(containers: Fields[] | undefined, now: Fields[] | undefined): Fields[] | undefined {
  if (containers?.length !== now?.length) return containers;
  return containers?.map((container, i) =>
    container['name'] === now![i]!['name'] ? { ...container, resources: now![i]!['resources'] } : container,
  );
}
