import {
  type Ast,
  type CallExpr,
  type ComprehensionExpr,
  type Expr,
  type IdentExpr,
  type ListExpr,
  type MapExpr,
  OP,
  qualifiedName,
  type Reference,
  type SelectExpr,
  type StructExpr,
} from './ast.ts';
import { type FunctionDecl, typeParameters, type VariableDecl } from './declarations.ts';
import { Issues } from './issues.ts';
import {
  BOOL,
  CelType,
  DYN,
  ERROR,
  formatType,
  INT,
  isDyn,
  isExactType,
  isOptionalType,
  listType,
  mapType,
  optionalType,
  typeParam,
} from './types.ts';
import { formatSignature, moreGeneral, Substitutions, substitute, unify, unifyAll } from './unification.ts';
import { typeOfValue } from './values.ts';

/** What the checker needs to know of an environment. */
export interface CheckerScope {
  container: string;
  /** A variable, constant or type by its full name. */
  findIdent(name: string): VariableDecl | undefined;
  findFunction(name: string): FunctionDecl | undefined;
  /** A struct's field; undefined = no such field. */
  findField(typeName: string, field: string): CelType | undefined;
  isStruct(typeName: string): boolean;
  homogeneousLiterals: boolean;
  /** Overloads that are declared but switched off. */
  isDisabled(overloadId: string): boolean;
}

/** A name in each scope it may be meant in, the innermost first. */
export function candidateNames(container: string, name: string): string[] {
  if (name.startsWith('.')) return [name.slice(1)];
  if (container === '') return [name];
  const out: string[] = [];
  for (let scope = container; ; scope = scope.slice(0, scope.lastIndexOf('.'))) {
    out.push(`${scope}.${name}`);
    if (!scope.includes('.')) break;
  }
  return [...out, name];
}

interface LocalScope {
  parent: LocalScope | undefined;
  variables: Map<string, CelType>;
}

/** Finds the type of every node and what its names mean; fills ast.types and ast.references. */
export function check(ast: Ast, scope: CheckerScope): Issues {
  const issues = new Issues(ast.source);
  const checker = new Checker(ast, scope, issues);
  checker.check(ast.root);
  checker.finish();
  return issues;
}

class Checker {
  readonly #ast: Ast;
  readonly #scope: CheckerScope;
  readonly #issues: Issues;
  readonly #subs = new Substitutions();
  #locals: LocalScope | undefined;
  #freeVariables = 0;

  constructor(ast: Ast, scope: CheckerScope, issues: Issues) {
    this.#ast = ast;
    this.#scope = scope;
    this.#issues = issues;
  }

  /** Unbound type variables of the finished tree are dyn. */
  finish(): void {
    for (const [id, type] of this.#ast.types) this.#ast.types.set(id, substitute(this.#subs, type, true));
  }

  check(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return this.#setType(expr, typeOfValue(expr.value));
      case 'ident':
        return this.#checkIdent(expr);
      case 'select':
        return this.#checkSelect(expr);
      case 'call':
        return this.#checkCall(expr);
      case 'list':
        return this.#checkList(expr);
      case 'map':
        return this.#checkMap(expr);
      case 'struct':
        return this.#checkStruct(expr);
      case 'comprehension':
        return this.#checkComprehension(expr);
      default:
        return this.#setType(expr, ERROR);
    }
  }

  #report(id: number, message: string): void {
    this.#issues.report(this.#ast.offsets[id] ?? -1, message, id);
  }

  #setType(expr: Expr, type: CelType): CelType {
    this.#ast.types.set(expr.id, type);
    return type;
  }

  #typeOf(expr: Expr): CelType {
    return this.#ast.types.get(expr.id) ?? ERROR;
  }

  #setReference(expr: Expr, reference: Reference): void {
    this.#ast.references.set(expr.id, reference);
  }

  #lookUp(name: string): VariableDecl | undefined {
    for (const candidate of candidateNames(this.#scope.container, name)) {
      for (let local = this.#locals; local; local = local.parent) {
        const type = local.variables.get(candidate);
        if (type) return { name: candidate, type };
      }
      const found = this.#scope.findIdent(candidate);
      if (found) return found;
    }
    return undefined;
  }

  #lookUpFunction(name: string): FunctionDecl | undefined {
    for (const candidate of candidateNames(this.#scope.container, name)) {
      const found = this.#scope.findFunction(candidate);
      if (found) return found;
    }
    return undefined;
  }

  #undeclared(expr: Expr, name: string): CelType {
    this.#report(expr.id, `undeclared reference to '${name}' (in container '${this.#scope.container}')`);
    return this.#setType(expr, ERROR);
  }

  #resolveTo(expr: Expr, found: VariableDecl): CelType {
    this.#setReference(expr, {
      name: found.name,
      ...(found.value !== undefined ? { value: found.value } : {}),
    });
    return this.#setType(expr, found.type);
  }

  #checkIdent(expr: IdentExpr): CelType {
    const found = this.#lookUp(expr.name);
    if (!found) return this.#undeclared(expr, expr.name);
    expr.name = found.name;
    return this.#resolveTo(expr, found);
  }

  #checkSelect(expr: SelectExpr): CelType {
    const name = qualifiedName(expr);
    const found = name === undefined ? undefined : this.#lookUp(name);
    // A qualified name of a variable wins over a field of a shorter one.
    if (found) return this.#resolveTo(expr, found);
    const type = this.#checkField(expr, expr.operand, expr.field, false);
    return this.#setType(expr, expr.testOnly ? BOOL : substitute(this.#subs, type, false));
  }

  #checkOptSelect(expr: CallExpr): CelType {
    const field = expr.args[1];
    if (expr.args.length !== 2 || expr.target) {
      this.#report(
        expr.id,
        `unsupported optional field selection: incorrect signature.${expr.target ? ' member call with' : ''} argument count: ${expr.args.length}`,
      );
      return this.#setType(expr, ERROR);
    }
    if (field?.kind !== 'literal' || typeof field.value !== 'string') {
      this.#report(field!.id, 'unsupported optional field selection');
      return this.#setType(expr, ERROR);
    }
    const type = this.#checkField(expr, expr.args[0]!, field.value, true);
    this.#setReference(expr, { overloads: ['select_optional_field'] });
    return this.#setType(expr, substitute(this.#subs, type, false));
  }

  #checkField(expr: Expr, operand: Expr, field: string, optional: boolean): CelType {
    this.check(operand);
    const operandType = substitute(this.#subs, this.#typeOf(operand), false);
    const wrapped = isOptionalType(operandType);
    const target = wrapped ? operandType.parameters[0]! : operandType;
    let result = ERROR;
    switch (target.kind) {
      case 'map':
        result = target.parameters[1]!;
        break;
      case 'struct':
        result = this.#fieldType(expr.id, target.name, field) ?? ERROR;
        break;
      case 'typeParam':
        unify(this.#subs, DYN, target);
        result = DYN;
        break;
      default:
        if (!isDyn(target) && target.kind !== 'error') {
          this.#report(expr.id, `type '${formatType(target)}' does not support field selection`);
        }
        result = DYN;
    }
    return wrapped || optional ? optionalType(result) : result;
  }

  #fieldType(id: number, typeName: string, field: string): CelType | undefined {
    if (!this.#scope.isStruct(typeName)) {
      this.#report(id, `unexpected failed resolution of '${typeName}'`);
      return undefined;
    }
    const type = this.#scope.findField(typeName, field);
    if (!type) this.#report(id, `undefined field '${field}'`);
    return type;
  }

  #checkCall(expr: CallExpr): CelType {
    if (expr.fn === OP.optSelect) return this.#checkOptSelect(expr);
    for (const arg of expr.args) this.check(arg);
    if (!expr.target) {
      const fn = this.#lookUpFunction(expr.fn);
      if (!fn) return this.#undeclared(expr, expr.fn);
      expr.fn = fn.name;
      return this.#resolveOverload(expr, fn, undefined, expr.args);
    }
    // a.b.c() is the function a.b.c if there is one, else c called on a.b.
    const prefix = qualifiedName(expr.target);
    const namespaced = prefix === undefined ? undefined : this.#lookUpFunction(`${prefix}.${expr.fn}`);
    if (namespaced) {
      expr.fn = namespaced.name;
      expr.target = undefined;
      return this.#resolveOverload(expr, namespaced, undefined, expr.args);
    }
    this.check(expr.target);
    const fn = this.#lookUpFunction(expr.fn);
    if (!fn) return this.#undeclared(expr, expr.fn);
    return this.#resolveOverload(expr, fn, expr.target, expr.args);
  }

  #resolveOverload(expr: CallExpr, fn: FunctionDecl, target: Expr | undefined, args: Expr[]): CelType {
    const types = [...(target ? [target] : []), ...args].map((arg) => this.#typeOf(arg));
    if (fn.name === OP.and || fn.name === OP.or) return this.#checkLogical(expr, fn, args, types);
    let result: CelType | undefined;
    const matched: string[] = [];
    for (const overload of fn.overloads) {
      if (overload.member !== (target !== undefined) || this.#scope.isDisabled(overload.id)) continue;
      const fresh = new Map(typeParameters(overload).map((name) => [name, this.#newVariable()]));
      const params = overload.args.map((type) => instantiate(type, fresh));
      if (!unifyAll(this.#subs, types, params)) continue;
      matched.push(overload.id);
      const type = substitute(this.#subs, instantiate(overload.result, fresh), false);
      if (!result) result = type;
      else if (!isDyn(result) && !isExactType(type, result)) result = DYN;
    }
    if (!result) {
      const signature = formatSignature(
        types.map((type) => substitute(this.#subs, type, true)),
        target !== undefined,
      );
      this.#report(expr.id, `found no matching overload for '${fn.name}' applied to '${signature}'`);
      return this.#setType(expr, ERROR);
    }
    this.#setReference(expr, { overloads: matched });
    return this.#setType(expr, result);
  }

  #checkLogical(expr: CallExpr, fn: FunctionDecl, args: Expr[], types: CelType[]): CelType {
    let ok = true;
    types.forEach((type, i) => {
      if (unify(this.#subs, type, BOOL)) return;
      this.#mismatch(args[i]!, BOOL, type);
      ok = false;
    });
    if (ok) this.#setReference(expr, { overloads: [fn.overloads[0]!.id] });
    return this.#setType(expr, ok ? BOOL : ERROR);
  }

  #mismatch(expr: { id: number }, expected: CelType, actual: CelType): void {
    this.#report(expr.id, `expected type '${formatType(expected)}' but found '${formatType(actual)}'`);
  }

  #newVariable(): CelType {
    return typeParam(`_var${this.#freeVariables++}`);
  }

  #unwrapElement(expr: Expr, type: CelType): CelType {
    if (isOptionalType(type)) return type.parameters[0]!;
    if (!isDyn(type)) this.#mismatch(expr, optionalType(type), type);
    return type;
  }

  #join(expr: Expr, previous: CelType | undefined, current: CelType): CelType {
    if (!previous) return current;
    if (unify(this.#subs, previous, current)) return moreGeneral(previous, current);
    if (!this.#scope.homogeneousLiterals) return DYN;
    this.#mismatch(expr, previous, current);
    return ERROR;
  }

  #checkList(expr: ListExpr): CelType {
    let element: CelType | undefined;
    expr.elements.forEach((e, i) => {
      this.check(e);
      const type = this.#typeOf(e);
      element = this.#join(e, element, expr.optionals.has(i) ? this.#unwrapElement(e, type) : type);
    });
    return this.#setType(expr, listType(element ?? this.#newVariable()));
  }

  #checkMap(expr: MapExpr): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of expr.entries) {
      this.check(entry.key);
      key = this.#join(entry.key, key, this.#typeOf(entry.key));
      this.check(entry.value);
      const type = this.#typeOf(entry.value);
      value = this.#join(entry.value, value, entry.optional ? this.#unwrapElement(entry.value, type) : type);
    }
    return this.#setType(expr, mapType(key ?? this.#newVariable(), value ?? this.#newVariable()));
  }

  #checkStruct(expr: StructExpr): CelType {
    const found = this.#lookUp(expr.typeName);
    if (!found) return this.#undeclared(expr, expr.typeName);
    expr.typeName = found.name;
    this.#setReference(expr, { name: found.name });
    let result = ERROR;
    if (found.type.kind !== 'error') {
      const struct = found.type.parameters[0];
      if (found.type.kind !== 'type') this.#report(expr.id, `'${formatType(found.type)}' is not a type`);
      else if (struct && (struct.kind === 'struct' || this.#scope.isStruct(found.name))) result = struct;
      else this.#report(expr.id, `'${struct ? formatType(struct) : 'type'}' is not a message type`);
    }
    this.#setType(expr, result);
    for (const field of expr.fields) {
      this.check(field.value);
      const declared = this.#fieldType(field.id, found.name, field.name) ?? ERROR;
      let type = this.#typeOf(field.value);
      if (field.optional) type = this.#unwrapElement(field.value, type);
      if (!unify(this.#subs, declared, type)) {
        this.#report(
          field.id,
          `expected type of field '${field.name}' is '${formatType(declared)}' but provided type is '${formatType(type)}'`,
        );
      }
    }
    return result;
  }

  #checkComprehension(expr: ComprehensionExpr): CelType {
    this.check(expr.range);
    this.check(expr.init);
    const range = substitute(this.#subs, this.#typeOf(expr.range), false);
    const accumulator = this.#typeOf(expr.init);
    const outer = this.#locals;
    const withResult: LocalScope = { parent: outer, variables: new Map([[expr.accuVar, accumulator]]) };
    const two = expr.iterVar2 !== '';
    let first: CelType = ERROR;
    let second: CelType = ERROR;
    switch (range.kind) {
      case 'list':
        first = two ? INT : range.parameters[0]!;
        second = range.parameters[0]!;
        break;
      case 'map':
        first = range.parameters[0]!;
        second = range.parameters[1]!;
        break;
      case 'dyn':
      case 'error':
      case 'typeParam':
        unify(this.#subs, DYN, range);
        first = DYN;
        second = DYN;
        break;
      default:
        this.#report(
          expr.range.id,
          `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
    }
    this.#locals = { parent: withResult, variables: new Map([[expr.iterVar, first]]) };
    if (two) this.#locals.variables.set(expr.iterVar2, second);
    this.check(expr.condition);
    this.#assert(expr.condition, BOOL);
    this.check(expr.step);
    this.#assert(expr.step, accumulator);
    this.#locals = withResult;
    this.check(expr.result);
    this.#locals = outer;
    return this.#setType(expr, substitute(this.#subs, this.#typeOf(expr.result), false));
  }

  #assert(expr: Expr, type: CelType): void {
    if (!unify(this.#subs, type, this.#typeOf(expr))) this.#mismatch(expr, type, this.#typeOf(expr));
  }
}

function instantiate(type: CelType, fresh: ReadonlyMap<string, CelType>): CelType {
  if (fresh.size === 0) return type;
  if (type.kind === 'typeParam') return fresh.get(type.name) ?? type;
  if (type.parameters.length === 0) return type;
  return new CelType(
    type.kind,
    type.name,
    type.parameters.map((p) => instantiate(p, fresh)),
    type.nullable,
  );
}
