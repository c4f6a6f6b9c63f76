import { type CelType, DYN, type TypeKind } from './types.ts';
import { CelList, CelMap, type CelValue, typeOfValue } from './values.ts';

/** What a function does with its arguments. Errors are values; only non-strict functions ever see one. */
export type Implementation = (...args: CelValue[]) => CelValue;

/** One way of calling a function. */
export interface Overload {
  id: string;
  args: readonly CelType[];
  result: CelType;
  /** Called as `args[0].name(args[1], …)`. */
  member: boolean;
  run?: Implementation;
  /** Sees errors as arguments. */
  nonStrict?: boolean;
}

/** A function with its overloads, in the order in which they are tried. */
export interface FunctionDecl {
  name: string;
  overloads: readonly Overload[];
  /** One implementation for all overloads, instead of one for each. */
  run?: Implementation;
  /** What the first argument has to be for `run`; others are answered with `no such overload`. */
  accepts?: (value: CelValue) => boolean;
  /** Arguments are not looked at before an overload's implementation is called. */
  unguarded?: boolean;
}

/** A declared variable. */
export interface VariableDecl {
  name: string;
  type: CelType;
  /** For constants. */
  value?: CelValue;
}

/**
 * Declares an overload of a global function.
 * @example overload('string_to_url', [STRING], URL_TYPE, (s) => …)
 */
export function overload(id: string, args: CelType[], result: CelType, run?: Implementation): Overload {
  return run ? { id, args, result, member: false, run } : { id, args, result, member: false };
}

/** Declares an overload called on its first argument. */
export function member(id: string, args: CelType[], result: CelType, run?: Implementation): Overload {
  return { ...overload(id, args, result, run), member: true };
}

/** Adds a function to others, joining the overloads of functions of one name; an overload of the same id is replaced. */
export function addFunction(functions: Map<string, FunctionDecl>, added: FunctionDecl): void {
  const known = functions.get(added.name);
  if (!known) {
    functions.set(added.name, added);
    return;
  }
  const overloads = [...known.overloads];
  for (const one of added.overloads) {
    const at = overloads.findIndex((o) => o.id === one.id);
    if (at < 0) overloads.push(one);
    // A declaration without an implementation leaves the one there is.
    else if (one.run || !overloads[at]!.run) overloads[at] = one;
  }
  functions.set(added.name, { ...known, ...added, overloads });
}

/** Whether a value can be an argument of a type: elements of lists and maps are judged by the first. */
export function fitsType(type: CelType, value: CelValue): boolean {
  const kind: TypeKind = type.kind;
  if (kind === 'dyn' || kind === 'any' || kind === 'typeParam') return true;
  const actual = typeOfValue(value);
  if (type.name !== actual.name) return type.nullable && value === null;
  if (kind === 'list' && value instanceof CelList) {
    const element = type.parameters[0] ?? DYN;
    return value.length === 0 || isWild(element) || fitsType(element, value.at(0));
  }
  if (kind === 'map' && value instanceof CelMap) {
    const [key, val] = [type.parameters[0] ?? DYN, type.parameters[1] ?? DYN];
    if (value.size === 0 || (isWild(key) && isWild(val))) return true;
    for (const first of value.keys()) return fitsType(key, first) && fitsType(val, value.get(first)!);
  }
  return true;
}

function isWild(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'any' || type.kind === 'typeParam';
}

/** The names of the type parameters in an overload's signature. */
export function typeParameters(o: Overload): string[] {
  const names = new Set<string>();
  const collect = (type: CelType): void => {
    if (type.kind === 'typeParam') names.add(type.name);
    type.parameters.forEach(collect);
  };
  collect(o.result);
  o.args.forEach(collect);
  return [...names];
}
