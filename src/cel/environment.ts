import { standardCallCost } from './call-cost.ts';
import { type CheckerScope, check } from './checker.ts';
import type { CallEstimator } from './cost-estimate.ts';
import { addFunction, type FunctionDecl, type VariableDecl } from './declarations.ts';
import { CROSS_TYPE_COMPARISONS, STANDARD } from './library/standard.ts';
import type { CallCost, Library, Validator } from './library.ts';
import type { Macro } from './macros.ts';
import { macroKey, parse } from './parser.ts';
import type { PlanScope } from './planned.ts';
import { type CelType, typeOf } from './types.ts';
import type { CelValue } from './values.ts';

/** A type with declared fields. */
export interface StructType {
  readonly type: CelType;
  /** A field's type; undefined = no such field. */
  field(name: string): CelType | undefined;
  /** Makes a value of it (`Name{field: value}`); undefined = it cannot be made in an expression. */
  create?(fields: Map<string, CelValue>): CelValue;
}

/** Types that are found by name when an expression asks for them. */
export type StructResolver = (name: string) => StructType | undefined;

/** What an environment can be given beyond what it has. */
export interface EnvironmentOptions {
  /** Namespace in which names are looked up first. */
  container?: string;
  libraries?: readonly Library[];
  variables?: Readonly<Record<string, CelType>>;
  constants?: readonly VariableDecl[];
  functions?: readonly FunctionDecl[];
  structs?: readonly StructType[];
  structResolver?: StructResolver;
  /** List and map literals must be of one type. */
  homogeneousLiterals?: boolean;
  /** `1 < 1.5` type-checks. */
  crossTypeComparisons?: boolean;
  /** Whether constant parts are evaluated when a program is made, and cost nothing; on by default. */
  foldConstants?: boolean;
  /** Whether has() costs a unit; on by default. */
  presenceTestCosts?: boolean;
  /** Whether has() and optional selection of what has no fields is an error instead of false. */
  strictPresenceTests?: boolean;
  /** Field names in backquotes. */
  escapedIdentifiers?: boolean;
  validators?: readonly Validator[];
  /** Costs of calls by function name, asked before the standard ones and after those of libraries. */
  callCost?: (fn: string, overloadId: string) => number | CallCost | undefined;
  /** Estimates of the costs of calls by function name, likewise. */
  callEstimate?: (fn: string, overloadId: string) => CallEstimator | undefined;
}

/**
 * What expressions are compiled in: variables, types, functions and macros. Environments do not change; `extend`
 * makes a new one that shares what both have.
 */
export class Environment implements CheckerScope, PlanScope {
  readonly container: string;
  readonly homogeneousLiterals: boolean;
  readonly foldConstants: boolean;
  readonly presenceTestCosts: boolean;
  readonly strictPresenceTests: boolean;
  readonly validators: readonly Validator[];
  /** Functions within whose arguments literals may mix types. */
  readonly mixedLiterals: ReadonlySet<string>;
  readonly libraries: ReadonlySet<string>;
  readonly estimates: ReadonlyMap<string, CallEstimator>;
  readonly callEstimate: EnvironmentOptions['callEstimate'];
  private readonly base: Environment | undefined;
  private readonly functionTable: Map<string, FunctionDecl>;
  private readonly macroTable: Map<string, Macro>;
  private readonly identTable: Map<string, VariableDecl>;
  private readonly structTable: Map<string, StructType>;
  private readonly structResolver: StructResolver | undefined;
  private readonly overloadCosts: Map<string, CallCost>;
  private readonly costOf: EnvironmentOptions['callCost'];
  private readonly crossType: boolean;
  private readonly optionalSyntax: boolean;
  private readonly escapedIdentifiers: boolean;

  /** The standard functions and macros, and what the options add. */
  constructor(options: EnvironmentOptions = {}, parent?: Environment) {
    const libraries = [...(parent ? [] : [STANDARD]), ...(options.libraries ?? [])];
    this.base = parent;
    this.container = options.container ?? parent?.container ?? '';
    this.homogeneousLiterals = options.homogeneousLiterals ?? parent?.homogeneousLiterals ?? false;
    this.strictPresenceTests = options.strictPresenceTests ?? parent?.strictPresenceTests ?? false;
    this.foldConstants = options.foldConstants ?? parent?.foldConstants ?? true;
    this.presenceTestCosts = options.presenceTestCosts ?? parent?.presenceTestCosts ?? true;
    this.crossType = options.crossTypeComparisons ?? parent?.crossType ?? false;
    this.escapedIdentifiers = options.escapedIdentifiers ?? parent?.escapedIdentifiers ?? false;
    this.optionalSyntax = (parent?.optionalSyntax ?? false) || libraries.some((l) => l.optionalSyntax);
    this.structResolver = options.structResolver;
    this.callEstimate = options.callEstimate ?? parent?.callEstimate;
    this.costOf = options.callCost ?? parent?.costOf;
    this.libraries = new Set([...(parent?.libraries ?? []), ...libraries.map((l) => l.name)]);
    this.validators = [
      ...(parent?.validators ?? []),
      ...libraries.flatMap((l) => l.validators ?? []),
      ...(options.validators ?? []),
    ];
    this.mixedLiterals = new Set([
      ...(parent?.mixedLiterals ?? []),
      ...libraries.flatMap((l) => l.mixedLiterals ?? []),
    ]);
    this.estimates = new Map([
      ...(parent?.estimates ?? []),
      ...libraries.flatMap((l) => Object.entries(l.estimates ?? {})),
    ]);

    const functions = [...libraries.flatMap((l) => l.functions ?? []), ...(options.functions ?? [])];
    // What adds no functions shares its parent's: extending by variables alone has to be cheap.
    this.functionTable =
      parent && functions.length === 0 ? parent.functionTable : new Map(parent?.functionTable);
    for (const fn of functions) addFunction(this.functionTable, fn);

    const macros = libraries.flatMap((l) => l.macros ?? []);
    this.macroTable = parent && macros.length === 0 ? parent.macroTable : new Map(parent?.macroTable);
    for (const macro of macros) this.macroTable.set(macroKey(macro.name, macro.args, macro.receiver), macro);

    this.overloadCosts = new Map(parent?.overloadCosts);
    for (const library of libraries) {
      for (const [id, cost] of Object.entries(library.costs ?? {})) this.overloadCosts.set(id, cost);
    }

    this.identTable = new Map(parent?.identTable);
    for (const type of libraries.flatMap((l) => l.types ?? [])) {
      this.identTable.set(type.name, { name: type.name, type: typeOf(type), value: type });
    }
    for (const [name, type] of Object.entries(options.variables ?? {}))
      this.identTable.set(name, { name, type });
    for (const constant of options.constants ?? []) this.identTable.set(constant.name, constant);

    this.structTable = new Map(parent?.structTable);
    for (const struct of options.structs ?? []) this.structTable.set(struct.type.name, struct);
  }

  /** A new environment with what this one has and what is added. */
  extend(options: EnvironmentOptions): Environment {
    return new Environment(options, this);
  }

  parse(text: string): ReturnType<typeof parse> {
    return parse(text, {
      macros: this.macroTable,
      optionalSyntax: this.optionalSyntax,
      escapedIdentifiers: this.escapedIdentifiers,
    });
  }

  check(ast: Parameters<typeof check>[0]): ReturnType<typeof check> {
    return check(ast, this);
  }

  findIdent(name: string): VariableDecl | undefined {
    const known = this.identTable.get(name);
    if (known) return known;
    const struct = this.findStruct(name);
    return struct ? { name, type: typeOf(struct.type) } : undefined;
  }

  findStruct(name: string): StructType | undefined {
    const known = this.structTable.get(name);
    if (known) return known;
    for (let env: Environment | undefined = this; env; env = env.base) {
      const found = env.structResolver?.(name);
      if (found) return found;
    }
    return undefined;
  }

  findFunction(name: string): FunctionDecl | undefined {
    return this.functionTable.get(name);
  }

  isStruct(typeName: string): boolean {
    return this.findStruct(typeName) !== undefined;
  }

  findField(typeName: string, field: string): CelType | undefined {
    return this.findStruct(typeName)?.field(field);
  }

  isDisabled(overloadId: string): boolean {
    return !this.crossType && CROSS_TYPE_COMPARISONS.has(overloadId);
  }

  findConstant(name: string): CelValue | undefined {
    return this.identTable.get(name)?.value ?? this.findStruct(name)?.type;
  }

  construct(typeName: string): ((fields: Map<string, CelValue>) => CelValue) | undefined {
    const struct = this.findStruct(typeName);
    return struct?.create ? (fields) => struct.create!(fields) : undefined;
  }

  callCost(fn: string, overloadId: string): number | CallCost {
    return (
      this.overloadCosts.get(overloadId) ?? this.costOf?.(fn, overloadId) ?? standardCallCost(overloadId) ?? 1
    );
  }
}
