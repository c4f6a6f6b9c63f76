import type { FieldFilter } from './field-filter.ts';
import { setOfAll } from './field-set.ts';

/**
 * Fields that an endpoint of a kind resets, and so lets nobody own (GetResetFields and GetResetFieldsFilter of the
 * strategies in pkg/registry/<group>/<kind>).
 */
export type ResetFields = Readonly<Record<string, FieldFilter>>;

const path = (dotted: string): string[] => dotted.split('.').map((name) => `f:${name}`);
const exclude = (...dotted: string[]): FieldFilter => ({ exclude: setOfAll(dotted.map(path)) });
/** A prefix of paths, `*` standing for any item. */
const include = (...dotted: string[]): FieldFilter => ({
  include: dotted.map((text) => text.split('.').map((name) => (name === '*' ? name : `f:${name}`))),
});

const STATUS = exclude('status');
const SPEC = exclude('spec');
const SPEC_AND_METADATA = exclude('spec', 'metadata');

/** The usual pair: the resource resets status, the subresource resets spec. */
const USUAL: ResetFields = { '': STATUS, status: SPEC };
const STRICT: ResetFields = { '': STATUS, status: SPEC_AND_METADATA };

const TABLE: Readonly<Record<string, ResetFields>> = {
  '/Namespace': { '': STATUS, status: SPEC, finalize: STATUS },
  '/Node': USUAL,
  '/PersistentVolume': USUAL,
  '/PersistentVolumeClaim': USUAL,
  '/Pod': {
    '': STATUS,
    status: exclude('spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'),
    ephemeralcontainers: include('spec.ephemeralContainers'),
    resize: include(
      'spec.containers.*.resources',
      'spec.containers.*.resizePolicy',
      'spec.initContainers.*.resources',
      'spec.initContainers.*.resizePolicy',
    ),
  },
  '/ReplicationController': USUAL,
  '/ResourceQuota': USUAL,
  '/Service': USUAL,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': STRICT,
  'apiextensions.k8s.io/CustomResourceDefinition': USUAL,
  'apiregistration.k8s.io/APIService': STRICT,
  'apps/DaemonSet': USUAL,
  'apps/Deployment': { '': STATUS, status: exclude('spec', 'metadata.labels') },
  'apps/ReplicaSet': USUAL,
  'apps/StatefulSet': USUAL,
  'autoscaling/HorizontalPodAutoscaler': USUAL,
  'batch/CronJob': USUAL,
  'batch/Job': USUAL,
  'certificates.k8s.io/CertificateSigningRequest': {
    '': exclude('spec', 'status'),
    status: exclude('spec', 'status.conditions'),
    approval: exclude('spec', 'status.certificate'),
  },
  'flowcontrol.apiserver.k8s.io/FlowSchema': STRICT,
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': STRICT,
  'networking.k8s.io/Ingress': USUAL,
  'networking.k8s.io/ServiceCIDR': STRICT,
  'policy/PodDisruptionBudget': USUAL,
  'resource.k8s.io/ResourceClaim': STRICT,
  'storage.k8s.io/VolumeAttachment': STRICT,
};

const NOTHING: ResetFields = {};

/** Of a built-in kind, by subresource. */
export const resetFields = (group: string, kind: string): ResetFields => TABLE[`${group}/${kind}`] ?? NOTHING;

/** Of a version of a custom resource; `status` tells whether it has that subresource. */
export const customResetFields = (status: boolean): ResetFields => (status ? STRICT : NOTHING);
