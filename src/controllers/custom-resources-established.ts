import type { KubeObject } from '../meta/object.ts';
import {
  type DefinitionCondition,
  findCondition,
  isConditionTrue,
  saysTheSame,
  setCondition,
} from '../registry/apiextensions/conditions.ts';
import { DefinitionLoop, type DefinitionLoopParts } from './custom-resources.ts';

const ESTABLISHED: DefinitionCondition = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
};
const BAD_BUNDLE: DefinitionCondition = {
  type: 'Established',
  status: 'False',
  reason: 'InvalidCABundle',
  message: 'The conversion webhook CABundle is invalid',
};

/**
 * Says of definitions that they are established, once their resources are served in fact
 * (pkg/controller/establish/establishing_controller.go).
 */
export class CustomResourcesEstablished extends DefinitionLoop {
  readonly name = 'crd-establishing';
  readonly #served: (definition: KubeObject) => boolean;
  readonly #validBundle: (bundle: string) => boolean;

  /** `served`: whether the resource answers; whoever knows calls `nowServed` when that changes. */
  constructor(
    parts: DefinitionLoopParts,
    served: (definition: KubeObject) => boolean,
    validBundle: (bundle: string) => boolean,
  ) {
    super(parts);
    this.#served = served;
    this.#validBundle = validBundle;
  }

  nowServed(name: string): void {
    this.queue.add(name);
  }

  protected async handle(name: string): Promise<void> {
    const found = this.find(name);
    if (!found || !this.#waits(found)) return;
    await this.updateStatus(name, (definition) => {
      if (!this.#waits(definition)) return false;
      const bundle: unknown = definition['spec'].conversion?.webhook?.clientConfig?.caBundle;
      const condition = typeof bundle === 'string' && !this.#validBundle(bundle) ? BAD_BUNDLE : ESTABLISHED;
      if (saysTheSame(findCondition(definition, 'Established'), condition)) return false;
      setCondition(definition, condition, this.now());
      return true;
    });
  }

  #waits(definition: KubeObject): boolean {
    return (
      isConditionTrue(definition, 'NamesAccepted') &&
      !isConditionTrue(definition, 'Established') &&
      this.#served(definition)
    );
  }
}
