import { index } from '../meta/field-error.ts';
import type { Fields } from '../meta/object.ts';

/** Labels of nodes that have had their day (pkg/api/node/util.go). */
const DEPRECATED: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region':
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone':
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type':
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods':
    'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

/** What is to be said of a deprecated label of nodes; undefined of any other. */
export const deprecatedNodeLabel = (label: string): string | undefined =>
  Object.hasOwn(DEPRECATED, label) ? DEPRECATED[label] : undefined;

/** Warnings about the labels that a selector of nodes names (GetWarningsForNodeSelector). */
export function nodeSelectorWarnings(selector: Fields | undefined, path: string): string[] {
  const warnings: string[] = [];
  ((selector?.['matchExpressions'] ?? []) as Fields[]).forEach((expression, i) => {
    const message = deprecatedNodeLabel(expression['key'] ?? '');
    if (message)
      warnings.push(`${index(`${path}.matchExpressions`, i)}.key: ${expression['key']} is ${message}`);
  });
  for (const label of Object.keys(selector?.['matchLabels'] ?? {}).sort()) {
    const message = deprecatedNodeLabel(label);
    if (message) warnings.push(`${path}.matchLabels.${label}: ${message}`);
  }
  return warnings;
}
