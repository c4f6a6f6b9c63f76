/** Quantities: `100m`, `1.5Gi`, `2e3` (apimachinery pkg/api/resource). A value is mantissa × 10^exponent, exact. */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

const FORMAT_WRONG =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_WRONG = "unable to parse quantity's suffix";

const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL_SUFFIX = new Map(Object.entries(DECIMAL).map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIX = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const MAX = 2n ** 63n - 1n;
/** Exponents further apart than this are not brought to one scale; no quantity in earnest has them. */
const FAR = 4096;

export class Quantity {
  /** The value is mantissa × 10^exponent. */
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly format: QuantityFormat;
  #text: string | undefined;

  constructor(mantissa: bigint, exponent: number, format: QuantityFormat, text?: string) {
    this.mantissa = mantissa;
    this.exponent = exponent;
    this.format = format;
    this.#text = text;
  }

  static of(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(BigInt(value), 0, format);
  }

  get isZero(): boolean {
    return this.mantissa === 0n;
  }

  /** -1, 0 or 1. */
  get sign(): number {
    return this.mantissa === 0n ? 0 : this.mantissa < 0n ? -1 : 1;
  }

  compare(other: Quantity): number {
    if (this.sign !== other.sign || this.sign === 0) return Math.sign(this.sign - other.sign);
    const size = magnitude(this) - magnitude(other);
    if (size !== 0) return Math.sign(size) * this.sign;
    const [a, b] = aligned(this, other);
    return a === b ? 0 : a < b ? -1 : 1;
  }

  compareInteger(value: number | bigint): number {
    return this.compare(Quantity.of(value));
  }

  equals(other: Quantity): boolean {
    return this.compare(other) === 0;
  }

  /** The sum; a zero takes on the format of what is added. */
  add(other: Quantity): Quantity {
    const format = this.isZero ? other.format : this.format;
    if (other.isZero) return new Quantity(this.mantissa, this.exponent, format);
    if (this.isZero) return new Quantity(other.mantissa, other.exponent, format);
    if (Math.abs(this.exponent - other.exponent) > FAR) {
      const larger = magnitude(this) > magnitude(other) ? this : other;
      return new Quantity(larger.mantissa, larger.exponent, format);
    }
    const [a, b] = aligned(this, other);
    return new Quantity(a + b, Math.min(this.exponent, other.exponent), format);
  }

  sub(other: Quantity): Quantity {
    return this.add(other.negate());
  }

  negate(): Quantity {
    return new Quantity(-this.mantissa, this.exponent, this.format);
  }

  /** The value as a whole number, rounded away from zero (Quantity.Value, which caps at an int64). */
  value(): bigint {
    return capped(this.scaled(0));
  }

  /** The value in thousandths, rounded away from zero (Quantity.MilliValue). */
  milliValue(): bigint {
    return capped(this.scaled(-3));
  }

  /** A whole number that is the value exactly, or undefined. */
  integer(): bigint | undefined {
    if (this.exponent < 0 && this.mantissa % power10(-this.exponent) !== 0n) return undefined;
    return this.scaled(0);
  }

  toNumber(): number {
    return Number(`${this.mantissa}e${this.exponent}`);
  }

  /** As clients see it. A text that is nearly canonical stays as it was written, as Go's cache has it. */
  toString(): string {
    this.#text ??= this.#canonical();
    return this.#text;
  }

  /** mantissa × 10^exponent in units of 10^scale, rounded away from zero. */
  scaled(scale: number): bigint {
    const shift = this.exponent - scale;
    if (shift >= 0) return shift > FAR ? MAX * BigInt(this.sign) : this.mantissa * power10(shift);
    if (-shift > digits(this.mantissa) + 1) return BigInt(this.sign);
    const divisor = power10(-shift);
    const quotient = this.mantissa / divisor;
    return this.mantissa % divisor === 0n ? quotient : quotient + BigInt(this.sign);
  }

  #canonical(): string {
    if (this.mantissa === 0n) return '0';
    if (this.format === 'BinarySI' && !(this.compareInteger(-1024) > 0 && this.compareInteger(1024) < 0)) {
      let value = this.integer();
      if (value !== undefined) {
        let times = 0;
        while (value !== 0n && value % 1024n === 0n) {
          value /= 1024n;
          times++;
        }
        return `${value}${BINARY_SUFFIX[times] ?? ''}`;
      }
    }
    let { mantissa, exponent } = this;
    while (mantissa % 10n === 0n) {
      mantissa /= 10n;
      exponent++;
    }
    const over = ((exponent % 3) + 3) % 3;
    mantissa *= power10(over);
    exponent -= over;
    if (this.format === 'DecimalExponent')
      return exponent === 0 ? String(mantissa) : `${mantissa}e${exponent}`;
    return `${mantissa}${DECIMAL_SUFFIX.get(exponent) ?? ''}`;
  }
}

const power10 = (n: number): bigint => 10n ** BigInt(n);
const digits = (n: bigint): number => String(n < 0n ? -n : n).length;
/** Where the first digit stands. */
const magnitude = (q: Quantity): number => digits(q.mantissa) + q.exponent;
const capped = (n: bigint): bigint => (n > MAX ? MAX : n < -MAX - 1n ? -MAX - 1n : n);

function aligned(a: Quantity, b: Quantity): [bigint, bigint] {
  const shift = a.exponent - b.exponent;
  return shift >= 0 ? [a.mantissa * power10(shift), b.mantissa] : [a.mantissa, b.mantissa * power10(-shift)];
}

/** Reads a quantity; a string is the text of what is wrong with it, in Go's words (ParseQuantity). */
export function parseQuantity(text: string): Quantity | string {
  // No quantity in earnest is longer; turning a million digits into a number would hold up everybody else.
  if (text === '' || text.length > 1024) return FORMAT_WRONG;
  if (text === '0') return new Quantity(0n, 0, 'DecimalSI', text);
  // By hand, for an expression that tells digits from digits goes back and forth over long ones.
  let at = text.startsWith('-') || text.startsWith('+') ? 1 : 0;
  const negative = text.startsWith('-');
  while (text.charCodeAt(at) === 48) at++;
  if (at === text.length) return new Quantity(0n, 0, 'DecimalSI');
  const start = at;
  at = skipDigits(text, at);
  const whole = start === at ? '0' : text.slice(start, at);
  let fraction = '';
  if (text[at] === '.') {
    const point = at + 1;
    at = skipDigits(text, point);
    fraction = text.slice(point, at);
  }
  const suffix = text.slice(at);
  while (at < text.length && 'eEinumkKMGTP'.includes(text[at]!)) at++;
  if (text[at] === '-' || text[at] === '+') at++;
  if (skipDigits(text, at) !== text.length) return FORMAT_WRONG;
  const found = interpret(suffix);
  if (!found) return SUFFIX_WRONG;
  const { base, exponent } = found;
  let { format } = found;
  const shifted = whole + fraction;
  const scale = base === 2 ? 0 : exponent - fraction.length;
  const quick =
    base === 2
      ? fraction === '' && 15 - whole.length - Math.trunc((exponent * 3) / 10) - 1 >= 0
      : 18 - shifted.length >= 0 && scale >= -9;
  if (quick) {
    const value = BigInt(shifted);
    const mantissa = base === 2 ? value << BigInt(exponent) : value;
    const kept =
      base === 2
        ? (value & 7n) !== 0n
        : scale % 3 === 0 && !shifted.endsWith('000') && shifted.charCodeAt(0) !== 48;
    return new Quantity(negative ? -mantissa : mantissa, scale, format, kept ? text : undefined);
  }
  let mantissa = BigInt(shifted);
  let power = -fraction.length;
  if (base === 2) mantissa <<= BigInt(exponent);
  else power += exponent;
  if (power < -9 && mantissa !== 0n) {
    mantissa = new Quantity(mantissa, power, format).scaled(-9);
    power = -9;
  }
  if (format === 'BinarySI') {
    const value = new Quantity(mantissa, power, format);
    if (value.compareInteger(MAX) > 0) {
      mantissa = MAX;
      power = 0;
    } else if (!value.isZero && value.compareInteger(1) < 0) format = 'DecimalSI';
  }
  return new Quantity(negative ? -mantissa : mantissa, power, format);
}

const SHORT = /^([1-9]\d{0,5})(|m|k|[MGT]|[KMGT]i)$/;

/** Whether a text is a quantity that prints as it is written; false where that takes a closer look. */
export function isCanonical(text: string): boolean {
  if (text.length > 8) return false;
  const parts = SHORT.exec(text);
  if (!parts) return false;
  return parts[2]!.length === 2 ? Number(parts[1]) % 1024 !== 0 : !parts[1]!.endsWith('000');
}

function skipDigits(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
  return at;
}

function interpret(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } | undefined {
  const decimal = DECIMAL[suffix];
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const binary = BINARY[suffix];
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'BinarySI' };
  if (/^[eE][+-]?\d{1,18}$/.test(suffix)) {
    return {
      base: 10,
      exponent: Number(BigInt.asIntN(32, BigInt(plain(suffix.slice(1))))),
      format: 'DecimalExponent',
    };
  }
  return undefined;
}

const plain = (integer: string): string => (integer.startsWith('+') ? integer.slice(1) : integer);
