import {
  type CelType,
  DYN,
  formatType,
  isAssignableType,
  isDyn,
  isExactType,
  listType,
  mapType,
  opaqueType,
  CelType as Type,
  typeOf,
} from './types.ts';

/**
 * What type parameters were found to stand for. Changes of a trial that fails are taken back, so nothing is copied.
 */
export class Substitutions {
  readonly #bound = new Map<string, CelType>();
  readonly #journal: [string, CelType | undefined][] = [];

  find(type: CelType): CelType | undefined {
    return type.kind === 'typeParam' ? this.#bound.get(type.name) : undefined;
  }

  bind(parameter: CelType, to: CelType): void {
    this.#journal.push([parameter.name, this.#bound.get(parameter.name)]);
    this.#bound.set(parameter.name, to);
  }

  /** Runs a trial; if it answers false, what it bound is unbound again. */
  attempt(trial: () => boolean): boolean {
    const mark = this.#journal.length;
    if (trial()) return true;
    while (this.#journal.length > mark) {
      const [name, before] = this.#journal.pop()!;
      if (before) this.#bound.set(name, before);
      else this.#bound.delete(name);
    }
    return false;
  }
}

/** Whether a value of type `from` can stand where `to` is asked for; binds type parameters on both sides. */
export function unify(subs: Substitutions, from: CelType, to: CelType): boolean {
  return subs.attempt(() => assignable(subs, from, to));
}

/** unify() for each pair of two lists; all or nothing. */
export function unifyAll(subs: Substitutions, from: readonly CelType[], to: readonly CelType[]): boolean {
  return subs.attempt(() => assignableAll(subs, from, to));
}

function assignable(subs: Substitutions, a: CelType, b: CelType): boolean {
  if (b.kind === 'typeParam') {
    const { valid, bound } = substitutable(subs, a, b);
    if (valid) return true;
    if (bound) return false;
  }
  if (a.kind === 'typeParam') return substitutable(subs, b, a).valid;
  if (isDyn(a) || isDyn(b) || a.kind === 'error' || b.kind === 'error') return true;
  if (a.kind === 'null') return takesNull(b);
  if (b.kind === 'null') return takesNull(a);
  switch (a.kind) {
    case 'type':
      return b.kind === 'type';
    case 'opaque':
    case 'list':
    case 'map':
      return a.kind === b.kind && a.name === b.name && assignableAll(subs, a.parameters, b.parameters);
    default:
      return isAssignableType(b, a);
  }
}

function assignableAll(subs: Substitutions, a: readonly CelType[], b: readonly CelType[]): boolean {
  return a.length === b.length && a.every((type, i) => assignable(subs, type, b[i]!));
}

function substitutable(
  subs: Substitutions,
  type: CelType,
  param: CelType,
): { valid: boolean; bound: boolean } {
  if (type.kind === param.kind && isExactType(type, param)) return { valid: true, bound: true };
  const current = subs.find(param);
  if (current) {
    if (type.kind === current.kind && isExactType(type, current)) return { valid: true, bound: true };
    if (!assignable(subs, type, current)) return { valid: false, bound: true };
    const general = moreGeneral(type, current);
    if (!occursIn(subs, param, general)) subs.bind(param, general);
    return { valid: true, bound: true };
  }
  if (occursIn(subs, param, type)) return { valid: false, bound: false };
  subs.bind(param, type);
  return { valid: true, bound: false };
}

function takesNull(type: CelType): boolean {
  switch (type.kind) {
    case 'opaque':
    case 'struct':
    case 'any':
    case 'duration':
    case 'timestamp':
    case 'null':
      return true;
    default:
      return type.nullable;
  }
}

function occursIn(subs: Substitutions, param: CelType, within: CelType): boolean {
  if (isExactType(param, within)) return true;
  if (within.kind === 'typeParam') {
    const bound = subs.find(within);
    return bound !== undefined && occursIn(subs, param, bound);
  }
  return within.parameters.some((p) => occursIn(subs, param, p));
}

/** The more general of two types that unify. */
export function moreGeneral(a: CelType, b: CelType): CelType {
  return lessSpecific(a, b) ? a : b;
}

function lessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === 'typeParam') return true;
  if (isDyn(b) || b.kind === 'typeParam') return false;
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'opaque':
    case 'list':
    case 'map':
      return (
        a.name === b.name &&
        a.parameters.length === b.parameters.length &&
        a.parameters.every((p, i) => lessSpecific(p, b.parameters[i]!))
      );
    case 'type':
      return true;
    default:
      return isExactType(a, b);
  }
}

/** A type with its bound parameters filled in; unbound ones become dyn if asked for. */
export function substitute(subs: Substitutions, type: CelType, unboundToDyn: boolean): CelType {
  const bound = subs.find(type);
  if (bound) return substitute(subs, bound, unboundToDyn);
  if (type.kind === 'typeParam') return unboundToDyn ? DYN : type;
  const { parameters } = type;
  if (parameters.length === 0) return type;
  const filled = parameters.map((p) => substitute(subs, p, unboundToDyn));
  if (filled.every((p, i) => p === parameters[i])) return type;
  switch (type.kind) {
    case 'list':
      return listType(filled[0]!);
    case 'map':
      return mapType(filled[0]!, filled[1]!);
    case 'opaque':
      return opaqueType(type.name, ...filled);
    case 'type':
      return typeOf(filled[0]!);
    default:
      return new Type(type.kind, type.name, filled, type.nullable);
  }
}

/** A call's types in the words of messages: `(int, string)`, `string.(int)` for member calls. */
export function formatSignature(args: readonly CelType[], memberCall: boolean): string {
  const shown = args.map(formatType);
  return memberCall ? `${shown[0]}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`;
}
