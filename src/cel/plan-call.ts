import { type FunctionDecl, fitsType, type Implementation, type Overload } from './declarations.ts';
import { error, noOverloadFor, noSuchOverload } from './errors.ts';
import { StringList } from './json.ts';
import type { CallCost } from './library.ts';
import { compileRegex, findAll, findFirst } from './regex.ts';
import {
  CelDuration,
  CelError,
  CelInt,
  type CelList,
  CelTimestamp,
  CelUint,
  type CelValue,
} from './values.ts';

/** What calls are planned with. */
export interface CallContext {
  findFunction(name: string): FunctionDecl | undefined;
  /** What a call costs: a number where it is always the same. The overload is empty if only the run can tell. */
  callCost(fn: string, overloadId: string): number | CallCost;
}

/** What a call runs, or the words of why it cannot. */
export function implementationOf(
  context: CallContext,
  fn: string,
  overloadId: string,
): Implementation | string {
  const decl = context.findFunction(fn);
  if (!decl) return (...args) => unknownCall(fn, args);
  if (decl.run) return accepting(decl, decl.run);
  const bound = decl.overloads.filter((o) => o.run);
  if (bound.length === 0) return (...args) => unknownCall(fn, args);
  const chosen = bound.find((o) => o.id === overloadId) ?? (bound.length === 1 ? bound[0] : undefined);
  return chosen ? guarded(decl, chosen) : dispatching(decl, bound);
}

/** What is called of values that no function takes: some kinds of values have methods of their own. */
function unknownCall(fn: string, args: readonly CelValue[]): CelError {
  const first = args[0];
  if (first instanceof CelError) return first;
  const receives = typeof first === 'string' || first instanceof CelDuration || first instanceof CelTimestamp;
  return receives ? noSuchOverload() : error(`no such overload: ${fn}`);
}

function accepting(decl: FunctionDecl, run: Implementation): Implementation {
  const { accepts, name } = decl;
  if (!accepts) return run;
  return (...args) => (accepts(args[0]!) ? run(...args) : unknownCall(name, args));
}

function guarded(decl: FunctionDecl, overload: Overload): Implementation {
  const run = overload.run!;
  if (decl.unguarded) return run;
  return (...args) => (takes(overload, args) ? run(...args) : noOverloadFor(decl.name, args));
}

function dispatching(decl: FunctionDecl, overloads: readonly Overload[]): Implementation {
  return (...args) => {
    for (const overload of overloads) {
      if (overload.args.length === args.length && (decl.unguarded || takes(overload, args))) {
        return overload.run!(...args);
      }
    }
    return noOverloadFor(decl.name, args);
  };
}

function takes(overload: Overload, args: readonly CelValue[]): boolean {
  for (let i = 0; i < overload.args.length; i++) {
    const arg = args[i]!;
    if (arg instanceof CelError) {
      if (!overload.nonStrict) return false;
    } else if (!fitsType(overload.args[i]!, arg)) return false;
  }
  return true;
}

/** matches(), find() and findAll() with a constant pattern: compiled once, refused when the program is made. */
export function constantRegex(
  fn: string,
  constants: (CelValue | undefined)[],
): Implementation | string | undefined {
  const pattern = constants[1];
  if (typeof pattern !== 'string' || (fn !== 'matches' && fn !== 'find' && fn !== 'findAll'))
    return undefined;
  const compiled = compileRegex(pattern);
  if (!compiled.ok) return compiled.message;
  const { regex } = compiled;
  if (fn === 'matches') return (text) => (typeof text === 'string' ? regex.test(text) : noSuchOverload(text));
  if (fn === 'find')
    return (text) => (typeof text === 'string' ? findFirst(regex, text) : noSuchOverload(text));
  return (text, _pattern, limit) => {
    if (typeof text !== 'string') return noSuchOverload(text);
    if (limit !== undefined && !(limit instanceof CelInt)) return noSuchOverload(limit);
    return new StringList(findAll(regex, text, limit === undefined ? -1 : limit.n));
  };
}

/**
 * `x in [constants]` as a look-up: false for an empty list, undefined where the list holds more than strings,
 * numbers and booleans.
 */
export function membership(list: CelList): ((value: CelValue) => boolean) | false | undefined {
  if (list.length === 0) return false;
  const keys = new Set<string | number | bigint | boolean>();
  for (let i = 0; i < list.length; i++) {
    const value = list.at(i);
    const key = scalarKey(value);
    if (key === undefined) return undefined;
    if (!Number.isNaN(key)) keys.add(key);
  }
  return (value) => {
    const key = scalarKey(value);
    return key !== undefined && keys.has(key);
  };
}

/** One key for equal scalars: numbers by their value, whatever their type. */
function scalarKey(value: CelValue): string | number | bigint | boolean | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value instanceof CelInt || value instanceof CelUint) return value.big ?? value.n;
  return undefined;
}
