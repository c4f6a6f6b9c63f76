import type { Expr } from '../ast.ts';
import { compare } from '../comparison.ts';
import { type FunctionDecl, type Implementation, type Overload, overload } from '../declarations.ts';
import { error, noSuchOverload } from '../errors.ts';
import type { Library } from '../library.ts';
import { type Macro, MacroError } from '../macros.ts';
import { BOOL, type CelType, DOUBLE, DYN, INT, listType, UINT } from '../types.ts';
import {
  CelError,
  CelInt,
  type CelList,
  CelUint,
  type CelValue,
  int,
  intOf,
  MIN_INT64,
  uint,
  uintOf,
} from '../values.ts';

const NAMES: readonly [string, CelType][] = [
  ['double', DOUBLE],
  ['int', INT],
  ['uint', UINT],
];

function isNumeric(expr: Expr): boolean {
  if (expr.kind === 'literal') {
    return typeof expr.value === 'number' || expr.value instanceof CelInt || expr.value instanceof CelUint;
  }
  return expr.kind !== 'list' && expr.kind !== 'map' && expr.kind !== 'struct';
}

/** math.least() and math.greatest(): calls of two arguments as they are, of more as a list. */
function extremeMacro(name: 'least' | 'greatest', fn: string): Macro {
  return {
    name,
    receiver: true,
    args: 'any',
    expand(make, target, args) {
      if (target?.kind !== 'ident' || target.name !== 'math') return undefined;
      const call = `math.${name}()`;
      if (args.length === 0) return new MacroError(target.id, `${call} requires at least one argument`);
      if (args.length === 1) {
        const only = args[0]!;
        const listed = only.kind === 'list' && only.elements.length > 0 && only.elements.every(isNumeric);
        if (listed || isNumeric(only)) return make.call(fn, only);
        return new MacroError(only.id, `${call} invalid single argument value`);
      }
      const wrong = args.find((arg) => !isNumeric(arg));
      if (wrong) return new MacroError(wrong.id, `${call} simple literal arguments must be numeric`);
      return args.length === 2 ? make.call(fn, ...args) : make.call(fn, make.list(...args));
    },
  };
}

function extreme(fn: string, replaces: number): FunctionDecl {
  const pair = (a: CelValue, b: CelValue): CelValue => {
    const order = compare(a, b);
    if (order instanceof CelError) return error(`${order.message}: ${fn}`);
    return order === replaces ? b : a;
  };
  const ofList = (list: CelList): CelValue => {
    if (list.length === 0) return error(`${fn}(list) argument must not be empty`);
    let best = list.at(0);
    for (let i = 1; i < list.length; i++) {
      best = pair(best, list.at(i));
      if (best instanceof CelError) return best;
    }
    return typeof best === 'number' || best instanceof CelInt || best instanceof CelUint
      ? best
      : error(`no such overload: ${fn}`);
  };
  const id = fn.replace('.', '_');
  const overloads: Overload[] = NAMES.map(([name, type]) =>
    overload(`${id}_${name}`, [type], type, (a) => a),
  );
  for (const [left, a] of NAMES) {
    for (const [right, b] of NAMES) {
      overloads.push(
        overload(`${id}_${left}_${right}`, [a, b], left === right ? a : DYN, (x, y) => pair(x!, y!)),
      );
    }
  }
  for (const [name, type] of NAMES) {
    overloads.push(overload(`${id}_list_${name}`, [listType(type)], type, (list) => ofList(list as CelList)));
  }
  return { name: fn, overloads };
}

const onDouble = (name: string, result: CelType, run: (x: number) => CelValue): FunctionDecl => ({
  name: `math.${name}`,
  overloads: [overload(`math_${name}_double`, [DOUBLE], result, (x) => run(x as number))],
});

/** Halves away from zero. */
const round = (x: number): number => {
  if (!Number.isFinite(x)) return x;
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
};

function sign(x: CelValue): CelValue {
  if (typeof x === 'number') return Number.isNaN(x) ? x : x > 0 ? 1 : x < 0 ? -1 : 0;
  if (x instanceof CelInt) return int(Math.sign(x.n));
  return x instanceof CelUint ? uint(Math.sign(x.n)) : noSuchOverload(x);
}

function abs(x: CelValue): CelValue {
  if (typeof x === 'number') return Math.abs(x);
  if (!(x instanceof CelInt)) return x;
  const big = x.toBigInt();
  return big === MIN_INT64 ? error('integer overflow') : intOf(big < 0n ? -big : big);
}

const signed =
  (run: (a: bigint, b: bigint) => bigint): Implementation =>
  (a, b) =>
    intOf(BigInt.asIntN(64, run((a as CelInt).toBigInt(), ((b as CelInt | undefined) ?? int(0)).toBigInt())));
const unsigned =
  (run: (a: bigint, b: bigint) => bigint): Implementation =>
  (a, b) =>
    uintOf(
      BigInt.asUintN(64, run((a as CelUint).toBigInt(), ((b as CelUint | undefined) ?? uint(0)).toBigInt())),
    );

function bitwise(name: string, run: (a: bigint, b: bigint) => bigint): FunctionDecl {
  return {
    name: `math.${name}`,
    overloads: [
      overload(`math_${name}_int_int`, [INT, INT], INT, signed(run)),
      overload(`math_${name}_uint_uint`, [UINT, UINT], UINT, unsigned(run)),
    ],
  };
}

function shift(name: string, run: (a: bigint, by: bigint) => bigint): FunctionDecl {
  const guarded =
    (then: Implementation): Implementation =>
    (a, by) => {
      const { n } = by as CelInt;
      if (n < 0) return error(`math.${name}() negative offset: ${n}`);
      // Beyond 64 places nothing is left; the shift itself must not grow with the number.
      return then(a!, int(Math.min(n, 64)));
    };
  return {
    name: `math.${name}`,
    overloads: [
      overload(
        `math_${name}_int_int`,
        [INT, INT],
        INT,
        guarded(signed((a, by) => run(BigInt.asUintN(64, a), by))),
      ),
      overload(`math_${name}_uint_int`, [UINT, INT], UINT, guarded(unsigned(run))),
    ],
  };
}

/** The math extension. */
export const MATH: Library = {
  name: 'cel.lib.ext.math',
  macros: [extremeMacro('least', 'math.@min'), extremeMacro('greatest', 'math.@max')],
  functions: [
    extreme('math.@min', 1),
    extreme('math.@max', -1),
    onDouble('ceil', DOUBLE, Math.ceil),
    onDouble('floor', DOUBLE, Math.floor),
    onDouble('round', DOUBLE, round),
    onDouble('trunc', DOUBLE, Math.trunc),
    onDouble('isInf', BOOL, (x) => x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY),
    onDouble('isNaN', BOOL, Number.isNaN),
    onDouble('isFinite', BOOL, Number.isFinite),
    {
      name: 'math.abs',
      overloads: NAMES.map(([name, type]) => overload(`math_abs_${name}`, [type], type, abs)),
    },
    {
      name: 'math.sign',
      overloads: NAMES.map(([name, type]) => overload(`math_sign_${name}`, [type], type, sign)),
    },
    {
      name: 'math.sqrt',
      overloads: NAMES.map(([name, type]) =>
        overload(`math_sqrt_${name}`, [type], DOUBLE, (x) =>
          Math.sqrt(typeof x === 'number' ? x : (x as CelInt | CelUint).n),
        ),
      ),
    },
    bitwise('bitAnd', (a, b) => a & b),
    bitwise('bitOr', (a, b) => a | b),
    bitwise('bitXor', (a, b) => a ^ b),
    {
      name: 'math.bitNot',
      overloads: [
        overload(
          'math_bitNot_int_int',
          [INT],
          INT,
          signed((a) => ~a),
        ),
        overload(
          'math_bitNot_uint_uint',
          [UINT],
          UINT,
          unsigned((a) => ~a),
        ),
      ],
    },
    shift('bitShiftLeft', (a, by) => a << by),
    shift('bitShiftRight', (a, by) => a >> by),
  ],
};
