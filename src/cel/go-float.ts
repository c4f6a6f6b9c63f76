/** Doubles as text the way Go's strconv and fmt write them. */

/** The shortest digits that read back as x, and the place of the decimal point: 0.d1d2… × 10^point. */
function shortest(x: number): { digits: string; point: number } {
  const [mantissa, exponent] = Math.abs(x).toExponential().split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  return { digits: digits === '0' ? '' : digits, point: digits === '0' ? 0 : Number(exponent) + 1 };
}

function special(x: number): string | undefined {
  if (Number.isNaN(x)) return 'NaN';
  if (x === Number.POSITIVE_INFINITY) return '+Inf';
  if (x === Number.NEGATIVE_INFINITY) return '-Inf';
  return undefined;
}

function sign(x: number): string {
  return x < 0 || Object.is(x, -0) ? '-' : '';
}

function exponentText(exponent: number): string {
  const abs = Math.abs(exponent);
  return `e${exponent < 0 ? '-' : '+'}${abs < 10 ? '0' : ''}${abs}`;
}

/** %g: the shortest text, with an exponent below 1e-4 and from 1e6 (1e+06, 1.5e+07). */
export function formatG(x: number): string {
  const odd = special(x);
  if (odd) return odd;
  const { digits, point } = shortest(x);
  if (digits === '') return `${sign(x)}0`;
  const exponent = point - 1;
  if (exponent >= -4 && exponent < 6) return sign(x) + plain(digits, point);
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  return sign(x) + mantissa + exponentText(exponent);
}

function plain(digits: string, point: number): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (digits.length <= point) return digits + '0'.repeat(point - digits.length);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** FormatFloat(x, 'f', -1): the shortest text, never with an exponent. */
export function formatF(x: number): string {
  const odd = special(x);
  if (odd) return odd;
  const { digits, point } = shortest(x);
  return sign(x) + (digits === '' ? '0' : plain(digits, point));
}

/** x as an exact fraction: value = n / 10^scale. */
function exact(x: number): { n: bigint; scale: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(x));
  const bits = view.getBigUint64(0);
  const exponentBits = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = exponentBits === 0 ? fraction : fraction | 0x10000000000000n;
  const exponent = (exponentBits === 0 ? 1 : exponentBits) - 1075;
  if (exponent >= 0) return { n: mantissa << BigInt(exponent), scale: 0 };
  return { n: mantissa * 5n ** BigInt(-exponent), scale: -exponent };
}

/** n / 10^drop, to the nearest, ties to even. */
function roundOff(n: bigint, drop: number): bigint {
  if (drop <= 0) return n * 10n ** BigInt(-drop);
  const unit = 10n ** BigInt(drop);
  const quotient = n / unit;
  const twice = (n % unit) * 2n;
  return twice > unit || (twice === unit && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/** %.Nf: correctly rounded. */
export function formatFixed(x: number, precision: number): string {
  const odd = special(x);
  if (odd) return odd;
  const { n, scale } = exact(x);
  const digits = roundOff(n, scale - precision)
    .toString()
    .padStart(precision + 1, '0');
  const whole = digits.slice(0, digits.length - precision);
  return sign(x) + (precision === 0 ? whole : `${whole}.${digits.slice(-precision)}`);
}

/** %.Ne: correctly rounded, two digits of exponent at least. */
export function formatExponent(x: number, precision: number): string {
  const odd = special(x);
  if (odd) return odd;
  const { n, scale } = exact(x);
  if (n === 0n) return `${sign(x)}0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}e+00`;
  const length = n.toString().length;
  let exponent = length - 1 - scale;
  let digits = roundOff(n, length - 1 - precision).toString();
  if (digits.length > precision + 1) {
    exponent++;
    digits = digits.slice(0, precision + 1);
  }
  const mantissa = precision > 0 ? `${digits[0]}.${digits.slice(1)}` : digits;
  return sign(x) + mantissa + exponentText(exponent);
}
