/**
 * The Common Expression Language as Kubernetes has it: parser, type checker, evaluator with costs, and Kubernetes'
 * libraries. See docs/cel.md.
 */
export { type Ast, children, type Expr, qualifiedName, type Source, walk } from './ast.ts';
export { type Compilation, type CompileOptions, compile } from './compile.ts';
export type { Range, SizeEstimator } from './cost-estimate.ts';
export { estimateCost } from './cost-estimator.ts';
export { type FunctionDecl, type Implementation, member, type Overload, overload } from './declarations.ts';
export { Environment, type EnvironmentOptions, type StructResolver, type StructType } from './environment.ts';
export { error } from './errors.ts';
export { escapeName, unescapeName } from './escaping.ts';
export type { Bindings } from './frame.ts';
export { type FieldPath, fieldPaths, variablesOf } from './inspect.ts';
export type { Issue } from './issues.ts';
export { claimsValue, type JsonOptions, jsonValue, LazyMap, StringList, toJson } from './json.ts';
export {
  kubernetesEnvironment,
  PER_CALL_LIMIT,
  RUNTIME_CEL_COST_BUDGET,
  RUNTIME_CEL_COST_BUDGET_MATCH_CONDITIONS,
} from './kubernetes.ts';
export {
  AUTHORIZER_TYPE,
  type AuthorizationAnswer,
  type AuthorizationCheck,
  authorizerValue,
  type CheckAuthorization,
  RESOURCE_CHECK_TYPE,
  requestResourceValue,
} from './library/authorization.ts';
export { BINDINGS } from './library/bindings.ts';
export { ENCODERS } from './library/encoders.ts';
export { JSON_PATCH } from './library/jsonpatch.ts';
export { lists } from './library/lists.ts';
export { MATH } from './library/math.ts';
export { OPTIONALS } from './library/optionals.ts';
export { SETS } from './library/sets.ts';
export { strings } from './library/strings.ts';
export type { Library } from './library.ts';
export {
  APPLY_OBJECT_TYPE,
  ApplyObject,
  JSON_PATCH_TYPE,
  mutationTypes,
  PatchOperation,
  typeNameFaults,
} from './mutation.ts';
export type { EvaluateOptions, Evaluation, Program } from './program.ts';
export {
  assignTypeName,
  type CelSchema,
  type DeclType,
  declaredSizes,
  listDecl,
  mapDecl,
  maxCardinality,
  objectDecl,
  schemaDeclType,
  structTypes,
} from './schema-types.ts';
export { schemaValue } from './schema-values.ts';
export {
  ANY,
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  formatType,
  INT,
  listType,
  mapType,
  NULL,
  objectType,
  opaqueType,
  optionalType,
  STRING,
  TIMESTAMP,
  UINT,
} from './types.ts';
export {
  ArrayList,
  CelDuration,
  CelError,
  CelInt,
  CelList,
  CelMap,
  CelObject,
  CelOptional,
  CelTimestamp,
  CelUint,
  type CelValue,
  EntryMap,
  int,
  typeOfValue,
  uint,
} from './values.ts';
