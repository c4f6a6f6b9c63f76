import type { Ast } from './ast.ts';
import type { Environment } from './environment.ts';
import { type Issue, Issues } from './issues.ts';
import { PlanError } from './planned.ts';
import { Program } from './program.ts';
import { type CelType, DYN } from './types.ts';

export type Compilation =
  | { ok: true; program: Program; type: CelType; ast: Ast }
  | {
      ok: false;
      /** Where it failed: reading, type-checking, the expected type, or making a program of it. */
      stage: 'syntax' | 'type' | 'result' | 'program';
      issues: readonly Issue[];
      /** All of it in words: for syntax and type errors cel-go's, with the source line and a mark. */
      text: string;
    };

export interface CompileOptions {
  /** Types one of which the expression must have. `any` accepts all. */
  expectedTypes?: readonly CelType[];
}

/** Reads, type-checks and compiles an expression. */
export function compile(env: Environment, source: string, options: CompileOptions = {}): Compilation {
  const { ast, issues } = env.parse(source);
  if (issues.count > 0) return failed('syntax', issues);
  const found = env.check(ast);
  if (found.count > 0) return failed('type', found);
  const validation = new Issues(ast.source);
  for (const validate of env.validators) validate(ast, validation);
  if (validation.count > 0) return failed('type', validation);
  const type = ast.types.get(ast.root.id) ?? DYN;
  const wrong = options.expectedTypes && unexpected(type, options.expectedTypes);
  if (wrong) return { ok: false, stage: 'result', issues: [], text: wrong };
  try {
    return { ok: true, program: new Program(ast, env), type, ast };
  } catch (problem) {
    if (!(problem instanceof PlanError)) throw problem;
    return { ok: false, stage: 'program', issues: [], text: problem.message };
  }
}

function failed(stage: 'syntax' | 'type', issues: Issues): Compilation {
  return { ok: false, stage, issues: issues.list, text: issues.toString() };
}

function unexpected(type: CelType, expected: readonly CelType[]): string | undefined {
  if (expected.some((one) => one.kind === 'any' || one.toString() === type.toString())) return undefined;
  const names = expected.map((one) => one.toString());
  return names.length === 1 ? `must evaluate to ${names[0]}` : `must evaluate to one of [${names.join(' ')}]`;
}

/** Reads an expression without type-checking it, and makes it a program (for test suites that ask for it). */
export function compileUnchecked(env: Environment, source: string): Compilation {
  const { ast, issues } = env.parse(source);
  if (issues.count > 0) return failed('syntax', issues);
  try {
    return { ok: true, program: new Program(ast, env), type: DYN, ast };
  } catch (problem) {
    if (!(problem instanceof PlanError)) throw problem;
    return { ok: false, stage: 'program', issues: [], text: problem.message };
  }
}
