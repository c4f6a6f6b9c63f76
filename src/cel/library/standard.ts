import { add, divide, modulo, multiply, negate, subtract } from '../arithmetic.ts';
import { OP } from '../ast.ts';
import { compare, contains, isOrdered } from '../comparison.ts';
import {
  toBool,
  toBytes,
  toDouble,
  toDuration,
  toInt,
  toText,
  toTimestamp,
  toType,
  toUint,
} from '../conversion.ts';
import { type FunctionDecl, member, type Overload, overload } from '../declarations.ts';
import { error, noSuchOverload } from '../errors.ts';
import type { Library } from '../library.ts';
import { STANDARD_MACROS } from '../macros.ts';
import { compileRegex } from '../regex.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  NULL,
  STRING,
  TIMESTAMP,
  TYPE,
  typeOf,
  typeParam,
  UINT,
} from '../types.ts';
import {
  CelDuration,
  CelError,
  CelInt,
  CelList,
  CelMap,
  CelTimestamp,
  CelUint,
  type CelValue,
  codePoints,
  int,
} from '../values.ts';
import { TIME_FUNCTIONS } from './time-functions.ts';

const A = typeParam('A');
const B = typeParam('B');
const LIST_A = listType(A);
const MAP_AB = mapType(A, B);

const isNumber = (v: CelValue): boolean =>
  typeof v === 'number' || v instanceof CelInt || v instanceof CelUint;
const isInteger = (v: CelValue): boolean => v instanceof CelInt || v instanceof CelUint;
const isTime = (v: CelValue): boolean => v instanceof CelDuration || v instanceof CelTimestamp;

/** What orders: each with the types it compares, in the order in which overloads are tried. */
function ordering(name: string, prefix: string, holds: (order: number) => boolean): FunctionDecl {
  const one = (suffix: string, a: CelType, b: CelType = a): Overload =>
    overload(`${prefix}_${suffix}`, [a, b], BOOL);
  return {
    name,
    overloads: [
      one('bool', BOOL),
      one('int64', INT),
      one('int64_double', INT, DOUBLE),
      one('int64_uint64', INT, UINT),
      one('uint64', UINT),
      one('uint64_double', UINT, DOUBLE),
      one('uint64_int64', UINT, INT),
      one('double', DOUBLE),
      one('double_int64', DOUBLE, INT),
      one('double_uint64', DOUBLE, UINT),
      one('string', STRING),
      one('bytes', BYTES),
      one('timestamp', TIMESTAMP),
      one('duration', DURATION),
    ],
    accepts: isOrdered,
    run: (a, b) => {
      const order = compare(a!, b!);
      return order instanceof CelError ? order : holds(order);
    },
  };
}

/** The overloads that compare numbers of different types; environments may leave them out. */
export const CROSS_TYPE_COMPARISONS: ReadonlySet<string> = new Set(
  ['less', 'less_equals', 'greater', 'greater_equals'].flatMap((prefix) =>
    ['int64_double', 'int64_uint64', 'uint64_double', 'uint64_int64', 'double_int64', 'double_uint64'].map(
      (suffix) => `${prefix}_${suffix}`,
    ),
  ),
);

function conversion(
  name: string,
  run: (value: CelValue) => CelValue,
  to: CelType,
  from: [string, CelType][],
): FunctionDecl {
  return { name, overloads: from.map(([id, type]) => overload(id, [type], to, run)) };
}

function onStrings(name: string, id: string, run: (text: string, other: string) => boolean): FunctionDecl {
  return {
    name,
    unguarded: true,
    overloads: [
      member(id, [STRING, STRING], BOOL, (a, b) => {
        if (typeof a !== 'string') return noSuchOverload(a);
        return typeof b === 'string' ? run(a, b) : noSuchOverload(b);
      }),
    ],
  };
}

function size(value: CelValue): CelValue {
  if (typeof value === 'string') return int(codePoints(value));
  if (value instanceof CelList || value instanceof Uint8Array) return int(value.length);
  if (value instanceof CelMap) return int(value.size);
  return noSuchOverload(value);
}

function matches(text: CelValue, pattern: CelValue): CelValue {
  if (typeof pattern !== 'string') return noSuchOverload(pattern);
  const compiled = compileRegex(pattern);
  return compiled.ok ? compiled.regex.test(text as string) : error(compiled.message);
}

const FUNCTIONS: readonly FunctionDecl[] = [
  { name: OP.conditional, overloads: [{ ...overload('conditional', [BOOL, A, A], A), nonStrict: true }] },
  { name: OP.and, overloads: [{ ...overload('logical_and', [BOOL, BOOL], BOOL), nonStrict: true }] },
  { name: OP.or, overloads: [{ ...overload('logical_or', [BOOL, BOOL], BOOL), nonStrict: true }] },
  {
    name: OP.not,
    overloads: [overload('logical_not', [BOOL], BOOL)],
    run: (a) => (typeof a === 'boolean' ? !a : noSuchOverload(a)),
  },
  {
    name: OP.notStrictlyFalse,
    overloads: [
      {
        ...overload('not_strictly_false', [BOOL], BOOL, (a) => (typeof a === 'boolean' ? a : true)),
        nonStrict: true,
      },
    ],
  },
  { name: OP.equals, overloads: [overload('equals', [A, A], BOOL)] },
  { name: OP.notEquals, overloads: [overload('not_equals', [A, A], BOOL)] },
  {
    name: OP.add,
    overloads: [
      overload('add_bytes', [BYTES, BYTES], BYTES),
      overload('add_double', [DOUBLE, DOUBLE], DOUBLE),
      overload('add_duration_duration', [DURATION, DURATION], DURATION),
      overload('add_duration_timestamp', [DURATION, TIMESTAMP], TIMESTAMP),
      overload('add_timestamp_duration', [TIMESTAMP, DURATION], TIMESTAMP),
      overload('add_int64', [INT, INT], INT),
      overload('add_list', [LIST_A, LIST_A], LIST_A),
      overload('add_string', [STRING, STRING], STRING),
      overload('add_uint64', [UINT, UINT], UINT),
    ],
    accepts: (v) =>
      isNumber(v) || typeof v === 'string' || v instanceof CelList || isTime(v) || v instanceof Uint8Array,
    run: (a, b) => add(a!, b!),
  },
  {
    name: OP.divide,
    overloads: [
      overload('divide_double', [DOUBLE, DOUBLE], DOUBLE),
      overload('divide_int64', [INT, INT], INT),
      overload('divide_uint64', [UINT, UINT], UINT),
    ],
    accepts: isNumber,
    run: (a, b) => divide(a!, b!),
  },
  {
    name: OP.modulo,
    overloads: [overload('modulo_int64', [INT, INT], INT), overload('modulo_uint64', [UINT, UINT], UINT)],
    accepts: isInteger,
    run: (a, b) => modulo(a!, b!),
  },
  {
    name: OP.multiply,
    overloads: [
      overload('multiply_double', [DOUBLE, DOUBLE], DOUBLE),
      overload('multiply_int64', [INT, INT], INT),
      overload('multiply_uint64', [UINT, UINT], UINT),
    ],
    accepts: isNumber,
    run: (a, b) => multiply(a!, b!),
  },
  {
    name: OP.negate,
    overloads: [overload('negate_double', [DOUBLE], DOUBLE), overload('negate_int64', [INT], INT)],
    accepts: (v) =>
      typeof v === 'number' || v instanceof CelInt || v instanceof CelDuration || typeof v === 'boolean',
    run: (a) => negate(a!),
  },
  {
    name: OP.subtract,
    overloads: [
      overload('subtract_double', [DOUBLE, DOUBLE], DOUBLE),
      overload('subtract_duration_duration', [DURATION, DURATION], DURATION),
      overload('subtract_int64', [INT, INT], INT),
      overload('subtract_timestamp_duration', [TIMESTAMP, DURATION], TIMESTAMP),
      overload('subtract_timestamp_timestamp', [TIMESTAMP, TIMESTAMP], DURATION),
      overload('subtract_uint64', [UINT, UINT], UINT),
    ],
    accepts: (v) => isNumber(v) || isTime(v),
    run: (a, b) => subtract(a!, b!),
  },
  ordering(OP.less, 'less', (order) => order < 0),
  ordering(OP.lessEquals, 'less_equals', (order) => order <= 0),
  ordering(OP.greater, 'greater', (order) => order > 0),
  ordering(OP.greaterEquals, 'greater_equals', (order) => order >= 0),
  {
    name: OP.index,
    overloads: [overload('index_list', [LIST_A, INT], A), overload('index_map', [MAP_AB, A], B)],
  },
  {
    name: OP.in,
    overloads: [overload('in_list', [A, LIST_A], BOOL), overload('in_map', [A, MAP_AB], BOOL)],
    run: (value, container) => {
      if (container instanceof CelList) return contains(container, value!);
      if (!(container instanceof CelMap)) return noSuchOverload(container);
      const found = container.get(value!);
      return found instanceof CelError ? found : found !== undefined;
    },
  },
  {
    name: 'size',
    overloads: [
      overload('size_bytes', [BYTES], INT),
      member('bytes_size', [BYTES], INT),
      overload('size_list', [LIST_A], INT),
      member('list_size', [LIST_A], INT),
      overload('size_map', [MAP_AB], INT),
      member('map_size', [MAP_AB], INT),
      overload('size_string', [STRING], INT),
      member('string_size', [STRING], INT),
    ],
    accepts: (v) =>
      typeof v === 'string' || v instanceof CelList || v instanceof CelMap || v instanceof Uint8Array,
    run: (a) => size(a!),
  },
  { name: 'type', overloads: [overload('type', [A], typeOf(A))], run: (a) => toType(a!) },
  conversion('bool', toBool, BOOL, [
    ['bool_to_bool', BOOL],
    ['string_to_bool', STRING],
  ]),
  conversion('bytes', toBytes, BYTES, [
    ['bytes_to_bytes', BYTES],
    ['string_to_bytes', STRING],
  ]),
  conversion('double', toDouble, DOUBLE, [
    ['double_to_double', DOUBLE],
    ['int64_to_double', INT],
    ['string_to_double', STRING],
    ['uint64_to_double', UINT],
  ]),
  conversion('duration', toDuration, DURATION, [
    ['duration_to_duration', DURATION],
    ['int64_to_duration', INT],
    ['string_to_duration', STRING],
  ]),
  { name: 'dyn', overloads: [overload('to_dyn', [A], DYN)], run: (a) => a! },
  conversion('int', toInt, INT, [
    ['int64_to_int64', INT],
    ['double_to_int64', DOUBLE],
    ['duration_to_int64', DURATION],
    ['string_to_int64', STRING],
    ['timestamp_to_int64', TIMESTAMP],
    ['uint64_to_int64', UINT],
  ]),
  conversion('string', toText, STRING, [
    ['string_to_string', STRING],
    ['bool_to_string', BOOL],
    ['bytes_to_string', BYTES],
    ['double_to_string', DOUBLE],
    ['duration_to_string', DURATION],
    ['int64_to_string', INT],
    ['timestamp_to_string', TIMESTAMP],
    ['uint64_to_string', UINT],
  ]),
  conversion('timestamp', toTimestamp, TIMESTAMP, [
    ['timestamp_to_timestamp', TIMESTAMP],
    ['int64_to_timestamp', INT],
    ['string_to_timestamp', STRING],
  ]),
  conversion('uint', toUint, UINT, [
    ['uint64_to_uint64', UINT],
    ['double_to_uint64', DOUBLE],
    ['int64_to_uint64', INT],
    ['string_to_uint64', STRING],
  ]),
  onStrings('contains', 'contains_string', (text, part) => text.includes(part)),
  onStrings('endsWith', 'ends_with_string', (text, part) => text.endsWith(part)),
  onStrings('startsWith', 'starts_with_string', (text, part) => text.startsWith(part)),
  {
    name: 'matches',
    overloads: [
      overload('matches', [STRING, STRING], BOOL),
      member('matches_string', [STRING, STRING], BOOL),
    ],
    accepts: (v) => typeof v === 'string',
    run: (text, pattern) => matches(text!, pattern!),
  },
  ...TIME_FUNCTIONS,
];

/** What every environment has: operators, conversions, times, and the macros of the language. */
export const STANDARD: Library = {
  name: 'standard',
  functions: FUNCTIONS,
  macros: STANDARD_MACROS,
  types: [BOOL, BYTES, DOUBLE, DURATION, INT, LIST_A, MAP_AB, NULL, STRING, TIMESTAMP, TYPE, UINT],
};

/** Functions that convert types: calls of constants are evaluated when a program is made. */
export const CONVERSIONS: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
]);
