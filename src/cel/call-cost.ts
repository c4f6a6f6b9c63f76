import type { CallCost } from './library.ts';
import { sizeForCost } from './values.ts';

/** Cost units of what a program does (cel-go common/cost.go). */
export const COST = {
  /** Reading a variable or selecting a field. */
  select: 1,
  createList: 10,
  createMap: 30,
  createStruct: 40,
  /** For each character walked over. */
  perCharacter: 0.1,
  /** For each character of a pattern, per character of the text. */
  perPatternCharacter: 0.25,
} as const;

const walkFirst: CallCost = (args) => Math.ceil(sizeForCost(args[0]!) * COST.perCharacter);
const walkBoth: CallCost = (args) =>
  Math.ceil((sizeForCost(args[0]!) + sizeForCost(args[1]!)) * COST.perCharacter);
const walkShorter: CallCost = (args) =>
  Math.ceil(Math.min(sizeForCost(args[0]!), sizeForCost(args[1]!)) * COST.perCharacter);

/** The cost of a search for a pattern in a text. */
export const matchCost: CallCost = (args) =>
  Math.ceil((1 + sizeForCost(args[0]!)) * COST.perCharacter) *
  Math.ceil(sizeForCost(args[1]!) * COST.perPatternCharacter);

const BY_OVERLOAD: Readonly<Record<string, CallCost>> = {
  starts_with_string: walkFirst,
  ends_with_string: walkFirst,
  string_to_bytes: walkFirst,
  bytes_to_string: walkFirst,
  strings_quote: walkFirst,
  string_format: walkFirst,
  in_list: (args) => sizeForCost(args[1]!),
  less_string: walkShorter,
  greater_string: walkShorter,
  less_equals_string: walkShorter,
  greater_equals_string: walkShorter,
  less_bytes: walkShorter,
  greater_bytes: walkShorter,
  less_equals_bytes: walkShorter,
  greater_equals_bytes: walkShorter,
  equals: walkShorter,
  not_equals: walkShorter,
  add_string: walkBoth,
  add_bytes: walkBoth,
  matches_string: matchCost,
  contains_string: (args) =>
    Math.ceil(sizeForCost(args[0]!) * COST.perCharacter) *
    Math.ceil(sizeForCost(args[1]!) * COST.perCharacter),
};

/** What an overload costs when no library says otherwise; undefined = 1. */
export function standardCallCost(overloadId: string): CallCost | undefined {
  return BY_OVERLOAD[overloadId];
}
