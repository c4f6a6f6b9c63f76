/** What a CEL expression of admission is to be checked for (apiserver pkg/admission/plugin/cel/compile.go). */
export interface AdmissionExpression {
  expression: string;
  /** What it may give. */
  result: 'bool' | 'string' | 'stringOrNull' | 'applyConfiguration' | 'jsonPatch' | 'any';
  /** `params` is declared. */
  params: boolean;
  /** `authorizer` is declared. */
  authorizer: boolean;
  /** The types of patches are declared, and functions for them. */
  patchTypes: boolean;
}

/** The expressions of one policy or webhook: its variables are known to those checked after them. */
export interface ExpressionScope {
  /** The words of what is wrong with it, such as `compilation failed: …`; undefined: nothing. */
  fault(expression: AdmissionExpression): string | undefined;
  /** The same for `variables.<name>`, which those that follow may use. Without it, there are no `variables`. */
  addVariable(name: string, expression: AdmissionExpression): string | undefined;
}

/** Opens a scope; `variables`: whether the policy declares any. Kept beside the kinds, as CEL's environment is admission's. */
export type ExpressionCompiler = (variables: boolean) => ExpressionScope;

/** Takes every expression. */
export const UNCHECKED: ExpressionScope = { fault: () => undefined, addVariable: () => undefined };
