import type { LabelSelectorObject } from '../../meta/label-selector.ts';
import type { MatchConditionObject } from '../evaluation.ts';
import type { Rule } from '../webhook/rules.ts';

/** admissionregistration.k8s.io/v1, as far as deciding needs it. */
export interface MatchResources {
  resourceRules?: readonly Rule[] | null;
  excludeResourceRules?: readonly Rule[] | null;
  namespaceSelector?: LabelSelectorObject | null;
  objectSelector?: LabelSelectorObject | null;
  matchPolicy?: string | null;
}

export interface ParamKind {
  apiVersion: string;
  kind: string;
}

export interface ParamRef {
  name?: string | null;
  namespace?: string | null;
  selector?: LabelSelectorObject | null;
  parameterNotFoundAction?: string | null;
}

export interface VariableObject {
  name: string;
  expression: string;
}

/** What the specs of both kinds of policies have. */
export interface PolicySpec {
  paramKind?: ParamKind | null;
  matchConstraints?: MatchResources | null;
  matchConditions?: readonly MatchConditionObject[] | null;
  variables?: readonly VariableObject[] | null;
  failurePolicy?: string | null;
}

export interface ValidatingSpec extends PolicySpec {
  validations?:
    | readonly { expression: string; message?: string; reason?: string; messageExpression?: string }[]
    | null;
  auditAnnotations?: readonly { key: string; valueExpression: string }[] | null;
}

export interface MutatingSpec extends PolicySpec {
  mutations?:
    | readonly {
        patchType: string;
        applyConfiguration?: { expression: string } | null;
        jsonPatch?: { expression: string } | null;
      }[]
    | null;
  reinvocationPolicy?: string | null;
}

export interface BindingSpec {
  policyName: string;
  paramRef?: ParamRef | null;
  matchResources?: MatchResources | null;
  validationActions?: readonly string[] | null;
}
