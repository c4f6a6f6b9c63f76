import type { Ast } from './ast.ts';
import type { CallEstimator } from './cost-estimate.ts';
import type { FunctionDecl } from './declarations.ts';
import type { Issues } from './issues.ts';
import type { Macro } from './macros.ts';
import type { CelType } from './types.ts';
import type { CelValue } from './values.ts';

/** The cost of one call, in cost units, given what it was called with and what came of it. */
export type CallCost = (args: readonly CelValue[], result: CelValue) => number;

/** A check of a typed expression beyond the type checker's. */
export type Validator = (ast: Ast, issues: Issues) => void;

/** A set of functions, macros and types that an environment can be given. */
export interface Library {
  readonly name: string;
  readonly functions?: readonly FunctionDecl[];
  readonly macros?: readonly Macro[];
  /** Types that expressions may name. */
  readonly types?: readonly CelType[];
  readonly optionalSyntax?: boolean;
  readonly validators?: readonly Validator[];
  /** Functions within whose arguments list and map literals may mix types. */
  readonly mixedLiterals?: readonly string[];
  /** By overload id. */
  readonly costs?: Readonly<Record<string, CallCost>>;
  readonly estimates?: Readonly<Record<string, CallEstimator>>;
}
