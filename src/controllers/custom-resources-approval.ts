import type { KubeObject } from '../meta/object.ts';
import { approvalState, isProtectedGroup } from '../registry/apiextensions/api-approval.ts';
import {
  type DefinitionCondition,
  findCondition,
  saysTheSame,
  setCondition,
} from '../registry/apiextensions/conditions.ts';
import { DefinitionLoop } from './custom-resources.ts';

const OUTCOMES = {
  invalid: { status: 'False', reason: 'InvalidAnnotation' },
  missing: { status: 'False', reason: 'MissingAnnotation' },
  approved: { status: 'True', reason: 'ApprovedAnnotation' },
  bypassed: { status: 'False', reason: 'UnapprovedAnnotation' },
} as const;

/** Says of definitions in Kubernetes' own groups whether they are approved (pkg/controller/apiapproval). */
export class CustomResourcesApproval extends DefinitionLoop {
  readonly name = 'crd-api-approval';

  protected async handle(name: string): Promise<void> {
    const found = this.find(name);
    if (!found || !this.#outdated(found)) return;
    await this.updateStatus(name, (definition) => {
      const condition = this.#outdated(definition);
      if (!condition) return false;
      setCondition(definition, condition, this.now());
      return true;
    });
  }

  #outdated(definition: KubeObject): DefinitionCondition | undefined {
    if (!isProtectedGroup(definition['spec'].group)) return undefined;
    const { state, reason: message } = approvalState(definition.metadata.annotations);
    const condition: DefinitionCondition = {
      type: 'KubernetesAPIApprovalPolicyConformant',
      ...OUTCOMES[state],
      message,
    };
    return saysTheSame(findCondition(definition, condition.type), condition) ? undefined : condition;
  }
}
