import type { Fields, KubeObject } from '../../meta/object.ts';

/**
 * The flow schemas and priority levels of a new server (apiserver pkg/apis/flowcontrol/bootstrap/default.go): the mandatory
 * ones are kept as they are here, the suggested ones until somebody says otherwise in their annotation.
 */

export const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec';
const GROUP = 'flowcontrol.apiserver.k8s.io/v1';

function priorityLevel(name: string, spec: Fields): KubeObject {
  return {
    apiVersion: GROUP,
    kind: 'PriorityLevelConfiguration',
    metadata: { name, annotations: { [AUTO_UPDATE]: 'true' } },
    spec,
  };
}

const queued = (
  name: string,
  shares: number,
  lendable: number,
  queues: number,
  handSize: number,
): KubeObject =>
  priorityLevel(name, {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      lendablePercent: lendable,
      limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
    },
  });

export const MANDATORY_PRIORITY_LEVELS: readonly KubeObject[] = [
  priorityLevel('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
  priorityLevel('catch-all', {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
  }),
];

export const SUGGESTED_PRIORITY_LEVELS: readonly KubeObject[] = [
  queued('system', 30, 33, 64, 6),
  queued('node-high', 40, 25, 64, 6),
  queued('leader-election', 10, 0, 16, 4),
  queued('workload-high', 40, 50, 128, 6),
  queued('workload-low', 100, 90, 128, 6),
  queued('global-default', 20, 50, 128, 6),
];

const groups = (...names: string[]): Fields[] => names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: string[]): Fields[] => names.map((name) => ({ kind: 'User', user: { name } }));
const SYSTEM_ACCOUNTS: Fields[] = [
  { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } },
];

function resources(verbs: string[], apiGroups: string[], names: string[], clusterScope: boolean): Fields {
  return { verbs, apiGroups, resources: names, ...(clusterScope ? { clusterScope } : {}), namespaces: ['*'] };
}

const everything = (subjects: Fields[]): Fields => ({
  subjects,
  resourceRules: [resources(['*'], ['*'], ['*'], true)],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
});

function flowSchema(name: string, level: string, precedence: number, by: string, rule: Fields): KubeObject {
  return {
    apiVersion: GROUP,
    kind: 'FlowSchema',
    metadata: { name, annotations: { [AUTO_UPDATE]: 'true' } },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: precedence,
      ...(by ? { distinguisherMethod: { type: by } } : {}),
      rules: [rule],
    },
  };
}

const EVERYBODY = ['system:unauthenticated', 'system:authenticated'];
const BY_USER = 'ByUser';
const BY_NAMESPACE = 'ByNamespace';

export const MANDATORY_FLOW_SCHEMAS: readonly KubeObject[] = [
  flowSchema('exempt', 'exempt', 1, '', everything(groups('system:masters'))),
  flowSchema('catch-all', 'catch-all', 10_000, BY_USER, everything(groups(...EVERYBODY))),
];

export const SUGGESTED_FLOW_SCHEMAS: readonly KubeObject[] = [
  flowSchema('probes', 'exempt', 2, '', {
    subjects: groups(...EVERYBODY),
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
  }),
  flowSchema('system-leader-election', 'leader-election', 100, BY_USER, {
    subjects: [...users('system:kube-controller-manager', 'system:kube-scheduler'), ...SYSTEM_ACCOUNTS],
    resourceRules: [resources(['get', 'create', 'update'], ['coordination.k8s.io'], ['leases'], false)],
  }),
  flowSchema('system-node-high', 'node-high', 400, BY_USER, {
    subjects: groups('system:nodes'),
    resourceRules: [
      resources(['*'], [''], ['nodes', 'nodes/status'], true),
      resources(['*'], ['coordination.k8s.io'], ['leases'], false),
    ],
  }),
  flowSchema('system-nodes', 'system', 500, BY_USER, everything(groups('system:nodes'))),
  flowSchema(
    'kube-controller-manager',
    'workload-high',
    800,
    BY_NAMESPACE,
    everything(users('system:kube-controller-manager')),
  ),
  flowSchema(
    'kube-scheduler',
    'workload-high',
    800,
    BY_NAMESPACE,
    everything(users('system:kube-scheduler')),
  ),
  flowSchema('kube-system-service-accounts', 'workload-high', 900, BY_NAMESPACE, everything(SYSTEM_ACCOUNTS)),
  flowSchema('service-accounts', 'workload-low', 9000, BY_USER, everything(groups('system:serviceaccounts'))),
  flowSchema('global-default', 'global-default', 9900, BY_USER, everything(groups(...EVERYBODY))),
];
