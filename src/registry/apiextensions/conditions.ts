import type { Fields, KubeObject } from '../../meta/object.ts';

/** Conditions in the status of a CustomResourceDefinition (apiextensions-apiserver pkg/apihelpers). */

export type ConditionType =
  | 'Established'
  | 'NamesAccepted'
  | 'NonStructuralSchema'
  | 'Terminating'
  | 'KubernetesAPIApprovalPolicyConformant';

export interface DefinitionCondition {
  type: ConditionType;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
}

type Found = DefinitionCondition & { lastTransitionTime?: string | null };

export function findCondition(definition: KubeObject, type: ConditionType): Found | undefined {
  const conditions: Found[] = (definition['status'] as Fields | undefined)?.['conditions'] ?? [];
  return conditions.find((condition) => condition.type === type);
}

export const isConditionTrue = (definition: KubeObject, type: ConditionType): boolean =>
  findCondition(definition, type)?.status === 'True';

/** Whether a condition says the same already, but for the time since when. */
export function saysTheSame(found: DefinitionCondition | undefined, condition: DefinitionCondition): boolean {
  return (
    found?.status === condition.status &&
    found.reason === condition.reason &&
    found.message === condition.message
  );
}

/** Sets a condition in place; the time is that of the last change of `status`. `now` is RFC 3339. */
export function setCondition(definition: KubeObject, condition: DefinitionCondition, now: string): void {
  definition['status'] ??= {};
  const status: Fields = definition['status'];
  status['conditions'] ??= [];
  const conditions: Found[] = status['conditions'];
  const { type, reason, message } = condition;
  const found = conditions.find((one) => one.type === type);
  if (!found) {
    conditions.push({ type, status: condition.status, lastTransitionTime: now, reason, message });
    return;
  }
  if (found.status !== condition.status || !found.lastTransitionTime) found.lastTransitionTime = now;
  Object.assign(found, { status: condition.status, reason, message });
}

export function removeCondition(definition: KubeObject, type: ConditionType): void {
  const status = definition['status'] as Fields | undefined;
  if (status?.['conditions'])
    status['conditions'] = status['conditions'].filter((one: Found) => one.type !== type);
}
