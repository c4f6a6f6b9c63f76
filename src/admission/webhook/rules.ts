import type { GroupVersionResource } from '../../meta/object.ts';
import type { ResourceVersion } from '../../registry/admission-hook.ts';
import type { AdmissionAttributes, AdmissionOperation } from '../plugin.ts';
import { type ResourceVersions, requestedVersion } from '../versions.ts';

/** admissionregistration.k8s.io/v1 RuleWithOperations; with `resourceNames` a NamedRuleWithOperations. */
export interface Rule {
  operations?: readonly string[] | null;
  apiGroups?: readonly string[] | null;
  apiVersions?: readonly string[] | null;
  resources?: readonly string[] | null;
  scope?: string | null;
  resourceNames?: readonly string[] | null;
}

/** The parts of a request that rules look at. */
export interface RuleRequest {
  operation: AdmissionOperation;
  resource: GroupVersionResource;
  subresource: string;
  /** A Namespace's own name, for requests of namespaces. */
  namespace: string;
}

const has = (items: readonly string[] | null | undefined, wanted: string): boolean =>
  items?.some((item) => item === '*' || item === wanted) ?? false;

/** Whether a rule takes a request in (apiserver pkg/admission/plugin/webhook/predicates/rules). Names are not looked at. */
export function ruleFits(rule: Rule, { operation, resource, subresource, namespace }: RuleRequest): boolean {
  const clusterScoped = namespace === '' || (resource.group === '' && resource.resource === 'namespaces');
  if (rule.scope === 'Namespaced' && clusterScoped) return false;
  if (rule.scope === 'Cluster' && !clusterScoped) return false;
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    (rule.resources?.some((one) => resourceFits(one, resource.resource, subresource)) ?? false)
  );
}

/**
 * The version in which rules take a request in: its own, or with the policy `Equivalent` the first of the others
 * (pkg/admission/plugin/webhook/generic/webhook.go, ShouldCallHook). Undefined: they do not.
 */
export function matchedVersion(
  fits: (request: RuleRequest) => boolean,
  matchPolicy: string | null | undefined,
  attributes: AdmissionAttributes,
  versions: ResourceVersions,
): ResourceVersion | undefined {
  const { operation, subresource, namespace } = attributes;
  const as = ({ resource }: ResourceVersion) => fits({ operation, subresource, namespace, resource });
  const own = requestedVersion(attributes);
  if (as(own)) return own;
  return matchPolicy === 'Exact' ? undefined : versions.others(attributes).find(as);
}

function resourceFits(wanted: string, resource: string, subresource: string): boolean {
  const slash = wanted.indexOf('/');
  const main = slash < 0 ? wanted : wanted.slice(0, slash);
  const sub = slash < 0 ? '' : wanted.slice(slash + 1);
  return (main === '*' || main === resource) && (sub === '*' || sub === subresource);
}

const CONFIGURATION = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]);

/** What webhooks and policies are made of is never put to them: a bad one could not be taken away again. */
export function isAdmissionConfiguration({ kind }: AdmissionAttributes): boolean {
  return kind.group === 'admissionregistration.k8s.io' && CONFIGURATION.has(kind.kind);
}

/** The key under which all requests that rules cannot tell apart are remembered. */
export function ruleKey(attributes: AdmissionAttributes): string {
  const { operation, subresource, namespace } = attributes;
  const { group, version, resource: plural } = requestedVersion(attributes).resource;
  return `${operation} ${group}/${version}/${plural}/${subresource}${namespace === '' ? '' : ' n'}`;
}
