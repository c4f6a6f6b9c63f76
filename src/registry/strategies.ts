import { admissionregistrationStrategies } from './admissionregistration/index.ts';
import { apiextensionsStrategies } from './apiextensions/index.ts';
import { apiregistrationStrategies } from './apiregistration/index.ts';
import { appsStrategies } from './apps/index.ts';
import { autoscalingStrategies } from './autoscaling/index.ts';
import { batchStrategies } from './batch/index.ts';
import { certificatesStrategies } from './certificates/index.ts';
import { coordinationStrategies } from './coordination/index.ts';
import { coreStrategies } from './core/index.ts';
import { discoveryStrategies } from './discovery/index.ts';
import { eventsStrategies } from './events/index.ts';
import { flowcontrolStrategies } from './flowcontrol/index.ts';
import { withQualifiedFinalizers } from './kube-finalizers.ts';
import { networkingStrategies } from './networking/index.ts';
import { nodeStrategies } from './node-k8s-io/index.ts';
import { policyStrategies } from './policy/index.ts';
import { rbacStrategies } from './rbac/index.ts';
import { resourceStrategies } from './resource/index.ts';
import { schedulingStrategies } from './scheduling/index.ts';
import { storageStrategies } from './storage-k8s-io/index.ts';
import type { Strategy } from './strategy.ts';

const BY_GROUP: Readonly<Record<string, Readonly<Record<string, Strategy>>>> = {
  '': coreStrategies,
  'admissionregistration.k8s.io': admissionregistrationStrategies,
  'apiextensions.k8s.io': apiextensionsStrategies,
  'apiregistration.k8s.io': apiregistrationStrategies,
  apps: appsStrategies,
  autoscaling: autoscalingStrategies,
  batch: batchStrategies,
  'certificates.k8s.io': certificatesStrategies,
  'coordination.k8s.io': coordinationStrategies,
  'discovery.k8s.io': discoveryStrategies,
  'events.k8s.io': eventsStrategies,
  'flowcontrol.apiserver.k8s.io': flowcontrolStrategies,
  'networking.k8s.io': networkingStrategies,
  'node.k8s.io': nodeStrategies,
  policy: policyStrategies,
  'rbac.authorization.k8s.io': rbacStrategies,
  'resource.k8s.io': resourceStrategies,
  'scheduling.k8s.io': schedulingStrategies,
  'storage.k8s.io': storageStrategies,
};

const NOTHING: Strategy = {};
/** Groups whose kinds take finalizers of any name. */
const ANY_FINALIZERS = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'coordination.k8s.io',
  'policy',
]);
const made = new Map<Strategy, Strategy>();

/** What the kind of a built-in resource does beyond the generic store; an empty strategy where that is nothing. */
export function strategyOf(group: string, plural: string): Strategy {
  const own = BY_GROUP[group]?.[plural];
  if (!own) return NOTHING;
  if (ANY_FINALIZERS.has(group)) return own;
  let strategy = made.get(own);
  if (!strategy) {
    strategy = withQualifiedFinalizers(own);
    made.set(own, strategy);
  }
  return strategy;
}
