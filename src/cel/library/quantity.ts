import { parseQuantity, Quantity } from '../../meta/quantity.ts';
import { type FunctionDecl, member, overload } from '../declarations.ts';
import { error, noSuchOverload } from '../errors.ts';
import type { Library } from '../library.ts';
import { BOOL, type CelType, DOUBLE, INT, objectType, STRING } from '../types.ts';
import {
  type CelError,
  type CelInt,
  CelObject,
  type CelValue,
  int,
  intOf,
  MAX_INT64,
  MIN_INT64,
} from '../values.ts';

export const QUANTITY_TYPE = objectType('kubernetes.Quantity');

/** A quantity, with what Kubernetes' representation lets slip through. */
export class CelQuantity extends CelObject {
  readonly type = QUANTITY_TYPE;
  readonly quantity: Quantity;
  /** Held as a decimal of any length, which has no integer value even where it is whole. */
  readonly decimal: boolean;
  /** Came of add() or sub(): nothing is equal to it from the left. */
  readonly computed: boolean;
  constructor(quantity: Quantity, decimal: boolean, computed = false) {
    super();
    this.quantity = quantity;
    this.decimal = decimal;
    this.computed = computed;
  }
  equalTo(other: CelValue): boolean | CelError {
    if (!(other instanceof CelQuantity) || other.computed) return noSuchOverload(other);
    return this.quantity.equals(other.quantity);
  }
  override toString(): string {
    return this.quantity.toString();
  }
}

const fits = (value: bigint): boolean => value <= MAX_INT64 && value >= MIN_INT64;

/** Whether ParseQuantity takes its slow path, by how many digits the text has (apimachinery resource/quantity.go). */
function isDecimal(text: string): boolean {
  const found = /^[+-]?0*([0-9]*)(?:\.([0-9]*))?(.*)$/.exec(text);
  if (!found) return true;
  const [, whole, fraction = '', suffix] = found;
  const digits = Math.max(1, whole!.length);
  const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].indexOf(suffix!);
  if (binary >= 0) return fraction !== '' || 15 - digits - (binary + 1) * 3 - 1 < 0;
  return digits + fraction.length > 18;
}

function toQuantity(text: string): CelQuantity | CelError {
  const quantity = parseQuantity(text);
  return typeof quantity === 'string' ? error(quantity) : new CelQuantity(quantity, isDecimal(text));
}

function integer(value: CelQuantity): bigint | undefined {
  const { quantity, decimal } = value;
  if (decimal || quantity.exponent < 0) return undefined;
  const whole = quantity.integer();
  return whole !== undefined && fits(whole) ? whole : undefined;
}

function combine(a: CelQuantity, b: Quantity, decimal: boolean, sum: boolean): CelQuantity {
  const result = sum ? a.quantity.add(b) : a.quantity.sub(b);
  return new CelQuantity(result, a.decimal || decimal || !fits(result.mantissa), true);
}

const q = (value: CelValue | undefined): CelQuantity => value as CelQuantity;

const method = (
  name: string,
  id: string,
  args: CelType[],
  result: CelType,
  run: (a: CelQuantity, b: CelQuantity) => CelValue,
): FunctionDecl => ({
  name,
  overloads: [member(id, [QUANTITY_TYPE, ...args], result, (a, b) => run(q(a), q(b)))],
});

const arithmetic = (name: 'add' | 'sub'): FunctionDecl => ({
  name,
  overloads: [
    member(`quantity_${name}`, [QUANTITY_TYPE, QUANTITY_TYPE], QUANTITY_TYPE, (a, b) =>
      combine(q(a), q(b).quantity, q(b).decimal, name === 'add'),
    ),
    member(`quantity_${name}_int`, [QUANTITY_TYPE, INT], QUANTITY_TYPE, (a, b) =>
      combine(q(a), Quantity.of((b as CelInt).toBigInt(), 'DecimalExponent'), false, name === 'add'),
    ),
  ],
});

const pow10 = (exponent: number): number => Number(`1e${exponent}`);

/** Quantities (apiserver pkg/cel/library/quantity.go). */
export const QUANTITY: Library = {
  name: 'kubernetes.quantity',
  functions: [
    {
      name: 'quantity',
      overloads: [
        overload('string_to_quantity', [STRING], QUANTITY_TYPE, (text) => toQuantity(text as string)),
      ],
    },
    {
      name: 'isQuantity',
      overloads: [
        overload(
          'is_quantity_string',
          [STRING],
          BOOL,
          (text) => typeof parseQuantity(text as string) !== 'string',
        ),
      ],
    },
    {
      name: 'sign',
      overloads: [overload('quantity_sign', [QUANTITY_TYPE], INT, (a) => int(q(a).quantity.sign))],
    },
    method(
      'isGreaterThan',
      'quantity_is_greater_than',
      [QUANTITY_TYPE],
      BOOL,
      (a, b) => a.quantity.compare(b.quantity) === 1,
    ),
    method(
      'isLessThan',
      'quantity_is_less_than',
      [QUANTITY_TYPE],
      BOOL,
      (a, b) => a.quantity.compare(b.quantity) === -1,
    ),
    method('compareTo', 'quantity_compare_to', [QUANTITY_TYPE], INT, (a, b) =>
      int(a.quantity.compare(b.quantity)),
    ),
    method('asApproximateFloat', 'quantity_get_float', [], DOUBLE, ({ quantity }) =>
      quantity.exponent === 0
        ? Number(quantity.mantissa)
        : Number(quantity.mantissa) * pow10(quantity.exponent),
    ),
    method('asInteger', 'quantity_get_int', [], INT, (a) => {
      const whole = integer(a);
      return whole === undefined ? error('cannot convert value to integer') : intOf(whole);
    }),
    method('isInteger', 'quantity_is_integer', [], BOOL, (a) => integer(a) !== undefined),
    arithmetic('add'),
    arithmetic('sub'),
  ],
};
