import { deepEqual } from '../../meta/deep-equal.ts';
import { dns1123LabelFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { ipWarnings } from '../field-validation.ts';
import type { Strategy, StrategyContext } from '../strategy.ts';
import { adoptAppArmorAnnotations } from './pod/annotations.ts';
import { dropDisabledPodFields, dropDisabledPodStatusFields } from './pod/disabled-fields.ts';
import type { PodValidationOptions } from './pod/options.ts';
import { part } from './pod/part.ts';
import { applyMatchLabelKeys } from './pod/placement.ts';
import { podCreateErrors } from './pod/pod-create.ts';
import { keepToResize, podResizeErrors } from './pod/pod-resize.ts';
import { podRow } from './pod/pod-row.ts';
import { keepObservedGenerations, podStatusErrors, setPodCondition } from './pod/pod-status.ts';
import { ephemeralContainersUpdateErrors, podUpdateErrors } from './pod/pod-update.ts';
import { qosClass } from './pod/quality-of-service.ts';
import { defaultPod, defaultPodSpec } from './pod/spec-defaults.ts';
import { podValidationOptions } from './pod/tolerated-faults.ts';
import { hostnameWarning, podWarnings } from './pod/warnings.ts';

/** The subresource through which pod-binding.ts writes: no client reaches it, nothing of the pod is held to its old value. */
export const BIND = 'binding';

const OLD_INIT_ANNOTATIONS = ['pod.beta', 'pod.alpha'].flatMap((stage) =>
  ['containers', 'container-statuses'].map((what) => `${stage}.kubernetes.io/init-${what}`),
);

/** Warnings that preparing a pod raised, until they are asked for. */
const prepared = new WeakMap<KubeObject, string[]>();

function defaults(pod: KubeObject): void {
  const spec: Fields = part(pod, 'spec');
  defaultPodSpec(spec);
  defaultPod(spec);
  const status: Fields | undefined = pod['status'];
  if (status?.['podIP'] && status['podIPs']?.[0]?.ip !== status['podIP'])
    status['podIPs'] = [{ ip: status['podIP'] }];
  else if (status?.['podIPs']?.length) status['podIP'] = status['podIPs'][0].ip;
  for (const name of OLD_INIT_ANNOTATIONS)
    if (pod.metadata?.annotations?.[name] !== undefined) delete pod.metadata.annotations[name];
}

function prepareForCreate(pod: KubeObject, context: StrategyContext): void {
  const spec: Fields = pod['spec'];
  pod.metadata.generation = 1;
  const status: Fields = { phase: 'Pending', qosClass: qosClass(spec) };
  pod['status'] = status;
  dropDisabledPodFields(spec);
  if (spec['schedulingGates']?.length) {
    const message = 'Scheduling is blocked due to non-empty scheduling gates';
    setPodCondition(
      status,
      { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message },
      context.now,
    );
  }
  applyMatchLabelKeys(spec, pod.metadata.labels);
  const warnings = adoptAppArmorAnnotations(pod.metadata.annotations, spec);
  if (warnings.length) prepared.set(pod, warnings);
}

/** Everything but labels, annotations and the like goes back to what is stored (metav1.ResetObjectMetaForStatus). */
function keepMetadata(pod: KubeObject, old: KubeObject): void {
  const { managedFields, resourceVersion } = pod.metadata;
  pod.metadata = { ...old.metadata };
  if (managedFields) pod.metadata.managedFields = managedFields;
  if (resourceVersion !== undefined) pod.metadata.resourceVersion = resourceVersion;
}

function prepareForUpdate(pod: KubeObject, old: KubeObject, context: StrategyContext): void {
  if (context.subresource === BIND) return;
  if (context.subresource === 'ephemeralcontainers') {
    const ephemeral: Fields[] | undefined = pod['spec'].ephemeralContainers;
    keepMetadata(pod, old);
    const { ephemeralContainers: _, ...rest } = old['spec'];
    pod['spec'] = ephemeral ? { ...rest, ephemeralContainers: ephemeral } : rest;
  } else if (context.subresource === 'resize') {
    keepToResize(pod, old);
    if (pod['status'] === old['status']) keepMetadata(pod, old);
  }
  pod['status'] = old['status'];
  dropDisabledPodFields(pod['spec']);
  if (!deepEqual(pod['spec'], old['spec'])) pod.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function optionsFor(context: StrategyContext, old?: KubeObject): PodValidationOptions {
  return podValidationOptions(context.options.allowPrivileged, true, old?.['spec'], old?.metadata);
}

/** v1 Pod (pkg/registry/core/pod/strategy.go). */
export const pods: Strategy = {
  defaults,
  prepareForCreate,
  prepareForUpdate,
  validate: (pod, context) => podCreateErrors(pod, optionsFor(context)),
  validateUpdate(pod, old, context) {
    switch (context.subresource) {
      case BIND:
        return [];
      case 'ephemeralcontainers':
        return ephemeralContainersUpdateErrors(pod, old, optionsFor(context, old));
      case 'resize':
        return podResizeErrors(pod, old, optionsFor(context, old));
      default:
        return podUpdateErrors(pod, old, optionsFor(context, old));
    }
  },
  warnings(pod, old, context) {
    if (old) return context.subresource === 'status' ? statusWarnings(pod['status'] ?? {}) : [];
    const early = prepared.get(pod) ?? [];
    prepared.delete(pod);
    return [
      ...early,
      ...hostnameWarning(dns1123LabelFaults(pod.metadata.name ?? ''), true),
      ...podWarnings(pod['spec'], pod.metadata, ''),
    ];
  },
  status: {
    prepareForUpdate(pod, old) {
      pod['spec'] = old['spec'];
      delete pod.metadata.deletionTimestamp;
      if (old.metadata.ownerReferences) pod.metadata.ownerReferences = old.metadata.ownerReferences;
      else delete pod.metadata.ownerReferences;
      const status: Fields = part(pod, 'status');
      if (!status['qosClass'] && old['status']?.qosClass) status['qosClass'] = old['status'].qosClass;
      keepObservedGenerations(status, old['status'] ?? {});
      dropDisabledPodStatusFields(status);
    },
    validateUpdate: (pod, old, context) => podStatusErrors(pod, old, optionsFor(context, old)),
  },
  indexedFields: ['spec.nodeName'],
  selectableFields: {
    'spec.nodeName': (pod) => pod['spec']?.nodeName ?? '',
    'spec.host': (pod) => pod['spec']?.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod['spec']?.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod['spec']?.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod['spec']?.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod['spec']?.hostNetwork ?? false),
    'status.phase': (pod) => pod['status']?.phase ?? '',
    'status.podIP': (pod) => pod['status']?.podIPs?.[0]?.ip ?? '',
    // Known by name, but kept for no pod: kube-apiserver finds those without one.
    'status.podIPs': () => '',
    'status.nominatedNodeName': (pod) => pod['status']?.nominatedNodeName ?? '',
  },
  deleteReturnsObject: true,
  gracePeriod(pod, asked) {
    const phase = pod['status']?.phase;
    if (!pod['spec']?.nodeName || phase === 'Failed' || phase === 'Succeeded') return 0;
    const seconds: number = asked ?? pod['spec'].terminationGracePeriodSeconds ?? 0;
    return seconds < 0 ? 1 : seconds;
  },
  row: podRow,
};

function statusWarnings(status: Fields): string[] {
  return ['podIPs', 'hostIPs'].flatMap((list) =>
    (status[list] ?? []).flatMap((entry: Fields, i: number) =>
      ipWarnings(entry['ip'] ?? '', `status.${list}[${i}].ip`),
    ),
  );
}
