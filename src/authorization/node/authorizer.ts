import type { AuthorizationVerdict, Facts } from '../../explain/verdict.ts';
import { quote } from '../../meta/go-quote.ts';
import type { UserInfo } from '../../meta/user.ts';
import type { AuthorizationAttributes, Authorizer, RuleResolver } from '../authorizer.ts';
import { bootstrapObjects } from '../rbac/bootstrap.ts';
import { compileRule, type PolicyRule } from '../rbac/rule.ts';
import { RuleIndex } from '../rbac/rule-index.ts';
import type { NodeGraph, VertexType } from './graph.ts';

const PREFIX = 'system:node:';
const NODES = 'system:nodes';
const LEASES = 'kube-node-lease';

/** A node's name out of who it is; undefined for callers that are no nodes, empty for a node without a name. */
export function nodeNameOf(user: UserInfo): string | undefined {
  return user.name.startsWith(PREFIX) && user.groups.includes(NODES)
    ? user.name.slice(PREFIX.length)
    : undefined;
}

const verdict = (
  decision: 'allow' | 'noOpinion',
  code: string,
  reason: string,
  facts: Facts = {},
): AuthorizationVerdict => ({
  decision,
  by: 'Node',
  code,
  facts,
  reason,
});

const NOT_A_NODE = verdict('noOpinion', 'NODE_NOT_A_NODE', '');
const NO_RULE = verdict('noOpinion', 'NODE_NO_RULE', '');
const ALLOWED = verdict('allow', 'NODE_ALLOWED', '');

const notThis = (reason: string, facts: Facts = {}): AuthorizationVerdict =>
  verdict('noOpinion', 'NODE_NOT_ALLOWED', reason, facts);

type Rule = (node: string, asked: AuthorizationAttributes, graph: NodeGraph) => AuthorizationVerdict;

/**
 * Allows kubelets what the pods bound to their node need (plugin/pkg/auth/authorizer/node). Whether what a kubelet
 * writes is its own is the NodeRestriction admission plugin's to check.
 */
export class NodeAuthorizer implements Authorizer, RuleResolver {
  readonly name = 'Node';
  readonly #graph: NodeGraph;
  readonly #rules: RuleIndex<undefined>;

  constructor(graph: NodeGraph) {
    this.#graph = graph;
    const rules: PolicyRule[] = bootstrapObjects('clusterroles').find(
      (role) => role.metadata.name === 'system:node',
    )!['rules'];
    this.#rules = new RuleIndex(
      rules.map((rule, order) => ({ order, rule: compileRule(rule), grant: undefined })),
    );
  }

  authorize(asked: AuthorizationAttributes): AuthorizationVerdict {
    const node = nodeNameOf(asked.user);
    if (node === undefined) return NOT_A_NODE;
    if (node === '')
      return verdict('noOpinion', 'NODE_UNNAMED', `unknown node for user ${quote(asked.user.name)}`);
    const rule = asked.isResourceRequest ? RULES[`${asked.apiGroup}/${asked.resource}`] : undefined;
    if (rule) return rule(node, asked, this.#graph);
    return this.#rules.find(asked) ? ALLOWED : NO_RULE;
  }

  rulesFor(user: UserInfo): ReturnType<RuleResolver['rulesFor']> {
    const none = { resourceRules: [], nonResourceRules: [] };
    if (nodeNameOf(user) === undefined) return { ...none, incomplete: false };
    return { ...none, incomplete: true, error: 'node authorizer does not support user rule resolution' };
  }
}

const RULES: Readonly<Record<string, Rule>> = {
  '/secrets': readOne('secret'),
  '/configmaps': readOne('configmap'),
  '/persistentvolumeclaims': (node, asked, graph) =>
    asked.subresource === 'status'
      ? updateStatus('pvc')(node, asked, graph)
      : getOne('pvc')(node, asked, graph),
  '/persistentvolumes': getOne('pv'),
  'resource.k8s.io/resourceclaims': getOne('resourceclaim'),
  'storage.k8s.io/volumeattachments': getOne('volumeattachment'),
  '/serviceaccounts': (node, asked, graph) =>
    asked.verb === 'get' && asked.subresource === ''
      ? readOne('serviceaccount')(node, asked, graph)
      : createToken(node, asked, graph),
  'coordination.k8s.io/leases': lease,
  'storage.k8s.io/csinodes': csiNode,
  'resource.k8s.io/resourceslices': resourceSlice,
  '/nodes': ownNode,
  '/pods': pod,
  'certificates.k8s.io/podcertificaterequests': () => NO_RULE,
};

function related(
  node: string,
  asked: AuthorizationAttributes,
  graph: NodeGraph,
  type: VertexType,
): AuthorizationVerdict {
  if (asked.name === '') return notThis('No Object name found');
  if (graph.leadsTo(node, type, asked.namespace, asked.name)) return ALLOWED;
  return verdict(
    'noOpinion',
    'NODE_NOT_RELATED',
    `no relationship found between node '${node}' and this object`,
    {
      node,
      type,
      namespace: asked.namespace,
      name: asked.name,
    },
  );
}

function readOne(type: VertexType): Rule {
  return (node, asked, graph) => {
    if (!['get', 'list', 'watch'].includes(asked.verb))
      return notThis('can only read resources of this type');
    if (asked.subresource !== '') return notThis('cannot read subresource');
    if (asked.namespace === '') return notThis('can only read namespaced object of this type');
    return related(node, asked, graph, type);
  };
}

function getOne(type: VertexType): Rule {
  return (node, asked, graph) => {
    if (asked.verb !== 'get') return notThis('can only get individual resources of this type');
    if (asked.subresource !== '') return notThis('cannot get subresource');
    return related(node, asked, graph, type);
  };
}

function updateStatus(type: VertexType): Rule {
  return (node, asked, graph) => {
    if (asked.verb !== 'update' && asked.verb !== 'patch')
      return notThis('can only get/update/patch this type');
    return related(node, asked, graph, type);
  };
}

function createToken(node: string, asked: AuthorizationAttributes, graph: NodeGraph): AuthorizationVerdict {
  if (asked.verb !== 'create' || asked.name === '')
    return notThis('can only create tokens for individual service accounts');
  if (asked.subresource !== 'token') return notThis('can only create token subresource of serviceaccount');
  return related(node, asked, graph, 'serviceaccount');
}

const OWN_VERBS = ['get', 'create', 'update', 'patch', 'delete'];

function lease(node: string, asked: AuthorizationAttributes): AuthorizationVerdict {
  if (!OWN_VERBS.includes(asked.verb))
    return notThis('can only get, create, update, patch, or delete a node lease');
  if (asked.namespace !== LEASES)
    return notThis(`can only access leases in the ${quote(LEASES)} system namespace`);
  if (asked.verb !== 'create' && asked.name !== node)
    return notThis('can only access node lease with the same name as the requesting node');
  return ALLOWED;
}

function csiNode(node: string, asked: AuthorizationAttributes): AuthorizationVerdict {
  if (!OWN_VERBS.includes(asked.verb))
    return notThis('can only get, create, update, patch, or delete a CSINode');
  if (asked.subresource !== '') return notThis('cannot authorize CSINode subresources');
  if (asked.verb !== 'create' && asked.name !== node)
    return notThis('can only access CSINode with the same name as the requesting node');
  return ALLOWED;
}

function resourceSlice(node: string, asked: AuthorizationAttributes, graph: NodeGraph): AuthorizationVerdict {
  if (asked.subresource !== '') return notThis('cannot authorize ResourceSlice subresources');
  switch (asked.verb) {
    case 'create':
      return ALLOWED;
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return related(node, asked, graph, 'resourceslice');
    case 'watch':
    case 'list':
    case 'deletecollection':
      if (selectsNode(asked, node)) return ALLOWED;
      return notThis('can only list/watch/deletecollection resourceslices with nodeName field selector');
    default:
      return notThis(
        'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
      );
  }
}

function ownNode(node: string, asked: AuthorizationAttributes): AuthorizationVerdict {
  const { verb, subresource, name } = asked;
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? ALLOWED : NO_RULE;
  if (subresource !== '') return NO_RULE;
  if (verb === 'create' || verb === 'update' || verb === 'patch') return ALLOWED;
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return NO_RULE;
  // By name and not by the graph: a kubelet looks for its Node before there is one.
  if (name === node) return ALLOWED;
  if (name === '') return notThis(`node '${node}' cannot read all nodes, only its own Node object`, { node });
  return notThis(`node '${node}' cannot read '${name}', only its own Node object`, { node, name });
}

function pod(node: string, asked: AuthorizationAttributes, graph: NodeGraph): AuthorizationVerdict {
  const { verb, subresource } = asked;
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? ALLOWED : NO_RULE;
  if (subresource === 'eviction') return verb === 'create' ? ALLOWED : NO_RULE;
  if (subresource !== '') return NO_RULE;
  switch (verb) {
    case 'get':
      return related(node, asked, graph, 'pod');
    case 'list':
    case 'watch':
      if (selectsNode(asked, node)) return ALLOWED;
      if (asked.name !== '') return related(node, asked, graph, 'pod');
      return notThis('can only list/watch pods with spec.nodeName field selector');
    case 'create':
    case 'delete':
      return ALLOWED;
    default:
      return NO_RULE;
  }
}

/** Whether a field selector asks for this node's objects alone; further terms only narrow that. */
function selectsNode(asked: AuthorizationAttributes, node: string): boolean {
  return (asked.fieldSelector?.requirements ?? []).some(
    ({ key, operator, values }) =>
      key === 'spec.nodeName' && operator === 'In' && values.length === 1 && values[0] === node,
  );
}
