import { OP } from '../ast.ts';
import { member, overload } from '../declarations.ts';
import { display, error } from '../errors.ts';
import type { Library } from '../library.ts';
import { bind, type Macro, MacroError } from '../macros.ts';
import { BOOL, DYN, INT, listType, mapType, OPTIONAL, optionalType, STRING, typeParam } from '../types.ts';
import {
  ArrayList,
  CelDuration,
  CelInt,
  CelList,
  CelMap,
  CelObject,
  CelOptional,
  CelTimestamp,
  CelUint,
  type CelValue,
  OPTIONAL_NONE,
} from '../values.ts';

const K = typeParam('K');
const V = typeParam('V');
const OPTIONAL_V = optionalType(V);
const LIST_V = listType(V);
const MAP_KV = mapType(K, V);

function isZero(value: CelValue): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true;
  if (value instanceof CelInt || value instanceof CelUint) return value.n === 0;
  if (value instanceof CelList || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof CelMap) return value.size === 0;
  if (value instanceof CelDuration) return value.nanos === 0n;
  if (value instanceof CelTimestamp) return value.seconds === -62135596800 && value.nanos === 0;
  return value instanceof CelObject && (value.isZero?.() ?? false);
}

/** optMap() and optFlatMap(): the value, if there is one, bound to a name. */
function optionalMap(name: 'optMap' | 'optFlatMap'): Macro {
  return {
    name,
    receiver: true,
    args: 2,
    expand(make, target, args) {
      const [variable, body] = args;
      if (variable?.kind !== 'ident') {
        return new MacroError(variable!.id, `${name}() variable name must be a simple identifier`);
      }
      const bound = bind(make, variable.name, make.memberCall('value', make.copy(target!)), body!);
      return make.call(
        OP.conditional,
        make.memberCall('hasValue', target!),
        name === 'optMap' ? make.call('optional.of', bound) : bound,
        make.call('optional.none'),
      );
    },
  };
}

function unwrap(list: CelList): CelValue {
  const items: CelValue[] = [];
  for (let i = 0; i < list.length; i++) {
    const element = list.at(i);
    if (!(element instanceof CelOptional)) return error(`value ${display(element)} is not optional`);
    if (element.value !== undefined) items.push(element.value);
  }
  return new ArrayList(items);
}

function edge(list: CelList, index: number): CelValue {
  return list.length === 0 ? OPTIONAL_NONE : new CelOptional(list.at(index));
}

/** Optional values and the syntax for them. */
export const OPTIONALS: Library = {
  name: 'cel.lib.optional',
  optionalSyntax: true,
  types: [OPTIONAL],
  macros: [optionalMap('optMap'), optionalMap('optFlatMap')],
  functions: [
    { name: 'optional.of', overloads: [overload('optional_of', [V], OPTIONAL_V, (v) => new CelOptional(v))] },
    {
      name: 'optional.ofNonZeroValue',
      overloads: [
        overload('optional_ofNonZeroValue', [V], OPTIONAL_V, (v) =>
          isZero(v) ? OPTIONAL_NONE : new CelOptional(v),
        ),
      ],
    },
    { name: 'optional.none', overloads: [overload('optional_none', [], OPTIONAL_V, () => OPTIONAL_NONE)] },
    {
      name: 'value',
      overloads: [
        member(
          'optional_value',
          [OPTIONAL_V],
          V,
          (o) => (o as CelOptional).value ?? missingValue(o as CelOptional),
        ),
      ],
    },
    {
      name: 'hasValue',
      overloads: [
        member('optional_hasValue', [OPTIONAL_V], BOOL, (o) => (o as CelOptional).value !== undefined),
      ],
    },
    { name: 'or', overloads: [member('optional_or_optional', [OPTIONAL_V, OPTIONAL_V], OPTIONAL_V)] },
    { name: 'orValue', overloads: [member('optional_orValue_value', [OPTIONAL_V, V], V)] },
    { name: OP.optSelect, overloads: [overload('select_optional_field', [DYN, STRING], OPTIONAL_V)] },
    {
      name: OP.optIndex,
      overloads: [
        overload('list_optindex_optional_int', [LIST_V, INT], OPTIONAL_V),
        overload('optional_list_optindex_optional_int', [optionalType(LIST_V), INT], OPTIONAL_V),
        overload('map_optindex_optional_value', [MAP_KV, K], OPTIONAL_V),
        overload('optional_map_optindex_optional_value', [optionalType(MAP_KV), K], OPTIONAL_V),
      ],
    },
    {
      name: OP.index,
      overloads: [
        overload('optional_list_index_int', [optionalType(LIST_V), INT], OPTIONAL_V),
        overload('optional_map_index_value', [optionalType(MAP_KV), K], OPTIONAL_V),
      ],
    },
    { name: 'last', overloads: [member('list_last', [LIST_V], OPTIONAL_V, (l) => lastOf(l as CelList))] },
    { name: 'first', overloads: [member('list_first', [LIST_V], OPTIONAL_V, (l) => edge(l as CelList, 0))] },
    {
      name: 'optional.unwrap',
      overloads: [overload('optional_unwrap', [listType(OPTIONAL_V)], LIST_V, (l) => unwrap(l as CelList))],
    },
    {
      name: 'unwrapOpt',
      overloads: [member('optional_unwrapOpt', [listType(OPTIONAL_V)], LIST_V, (l) => unwrap(l as CelList))],
    },
  ],
};

function lastOf(list: CelList): CelValue {
  return edge(list, list.length - 1);
}

/** A null inside an optional is a value; only absence is not. */
function missingValue(optional: CelOptional): CelValue {
  return optional.value === undefined ? error('optional.none() dereference') : optional.value;
}
