import { quote } from '../../meta/go-quote.ts';
import { toText } from '../conversion.ts';
import { error } from '../errors.ts';
import { formatExponent, formatF, formatFixed } from '../go-float.ts';
import { formatDuration, formatTimestamp } from '../time.ts';
import { CelType } from '../types.ts';
import {
  CelDuration,
  CelError,
  CelInt,
  CelList,
  CelMap,
  CelTimestamp,
  CelUint,
  type CelValue,
  typeOfValue,
} from '../values.ts';
import { charge } from '../work.ts';

/** One clause of a format: `%s`, `%.3f`. The precision is undefined where none is given. */
export interface Clause {
  verb: 's' | 'd' | 'f' | 'e' | 'b' | 'x' | 'X' | 'o';
  precision: number | undefined;
}

/** What the words for a wrong argument are, by clause; the older formatter's and the newer one's. */
export const FORMAT_WORDS: Readonly<Record<string, readonly [string, string]>> = {
  s: [
    'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  ],
  d: [
    'decimal clause can only be used on integers',
    'decimal clause can only be used on ints, uints, and doubles',
  ],
  f: [
    'fixed-point clause can only be used on doubles',
    'fixed-point clause can only be used on ints, uints, and doubles',
  ],
  e: [
    'scientific clause can only be used on doubles',
    'scientific clause can only be used on ints, uints, and doubles',
  ],
  b: [
    'only integers and bools can be formatted as binary',
    'only ints, uints, and bools can be formatted as binary',
  ],
  x: [
    'only integers, byte buffers, and strings can be formatted as hex',
    'only ints, uints, bytes, and strings can be formatted as hex',
  ],
  o: ['octal clause can only be used on integers', 'octal clause can only be used on ints and uints'],
};

/** A clause given a value it cannot show. */
export class FormatMismatch extends Error {}

const MAX_PRECISION = 1000;

/**
 * Walks a format: `argument(i, clause)` is asked for each clause's text. Gives the whole text or the words of what
 * is wrong.
 */
export function walkFormat(
  format: string,
  count: number,
  argument: (index: number, clause: Clause) => string,
): { text: string } | { problem: string; mismatch?: unknown } {
  let out = '';
  let index = 0;
  for (let at = 0; at < format.length; ) {
    const next = format.indexOf('%', at);
    if (next < 0) return { text: out + format.slice(at) };
    out += format.slice(at, next);
    if (format[next + 1] === '%') {
      out += '%';
      at = next + 2;
      continue;
    }
    if (index >= count) return { problem: `index ${index} out of range` };
    if (next + 1 >= format.length) return { problem: 'unexpected end of string' };
    const read = readClause(format, next + 1);
    if (typeof read === 'string') return { problem: `could not parse formatting clause: ${read}` };
    try {
      out += argument(index, read.clause);
    } catch (mismatch) {
      if (!(mismatch instanceof FormatMismatch)) throw mismatch;
      return { problem: `error during formatting: ${mismatch.message}`, mismatch };
    }
    index++;
    at = read.end;
  }
  return { text: out };
}

function readClause(format: string, from: number): { clause: Clause; end: number } | string {
  let at = from;
  let precision: number | undefined;
  if (format[at] === '.') {
    const digits = /[0-9]*/y;
    digits.lastIndex = at + 1;
    const text = digits.exec(format)![0];
    at += 1 + text.length;
    if (at >= format.length)
      return 'error while parsing precision: could not find end of precision specifier';
    if (text === '' || text.length > 9) {
      const reason = text === '' ? 'invalid syntax' : 'value out of range';
      return `error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing ${quote(text)}: ${reason}`;
    }
    precision = Math.min(Number(text), MAX_PRECISION);
  }
  const verb = format[at]!;
  if (!'sdfebxXo'.includes(verb)) return `unrecognized formatting clause "${verb}"`;
  return { clause: { verb: verb as Clause['verb'], precision }, end: at + 1 };
}

/** `format.format(args)`. `plain` is the newer formatter, which knows no locales. */
export function formatString(format: string, args: CelList, plain: boolean): CelValue {
  const done = walkFormat(format, args.length, (index, clause) => {
    const text = formatClause(clause, args.at(index), plain);
    charge(text.length);
    return text;
  });
  return 'text' in done ? done.text : error(done.problem);
}

function mismatch(verb: string, value: CelValue, plain: boolean): FormatMismatch {
  const words = FORMAT_WORDS[verb.toLowerCase()]![plain ? 1 : 0];
  return new FormatMismatch(`${words}, was given ${typeOfValue(value).name}`);
}

const isInteger = (value: CelValue): value is CelInt | CelUint =>
  value instanceof CelInt || value instanceof CelUint;

function formatClause(clause: Clause, value: CelValue, plain: boolean): string {
  const { verb, precision = 6 } = clause;
  switch (verb) {
    case 's':
      return plain ? plainText(value) : localText(value);
    case 'd':
      if (isInteger(value)) return value.toString();
      if (plain && typeof value === 'number') return plainDouble(value) ?? formatF(value);
      break;
    case 'f':
    case 'e': {
      if (plain && isInteger(value)) break;
      const double = plain ? value : specialText(value);
      if (typeof double !== 'number') break;
      if (plain) {
        return (
          plainDouble(double) ??
          (verb === 'f' ? formatFixed(double, precision) : formatExponent(double, precision))
        );
      }
      return verb === 'f' ? localFixed(double, precision) : localScientific(double, precision);
    }
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      if (isInteger(value)) return value.toBigInt().toString(2);
      break;
    case 'x':
    case 'X': {
      const hex = hexText(value);
      if (hex === undefined) break;
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    case 'o':
      if (isInteger(value)) return value.toBigInt().toString(8);
      break;
  }
  if (plain && (verb === 'f' || verb === 'e') && isInteger(value)) {
    return verb === 'f'
      ? formatFixed(Number(value.n), precision)
      : formatExponent(Number(value.n), precision);
  }
  throw mismatch(verb, value, plain);
}

function hexText(value: CelValue): string | undefined {
  if (isInteger(value)) return value.toBigInt().toString(16);
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return undefined;
}

/** The three texts that stand for doubles JSON has no number for. */
function specialText(value: CelValue): CelValue {
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  return value;
}

function plainDouble(x: number): string | undefined {
  if (Number.isNaN(x)) return 'NaN';
  return Number.isFinite(x) ? undefined : x < 0 ? '-Infinity' : 'Infinity';
}

/** As en-US writes what is no number. */
function localSpecial(x: number): string | undefined {
  if (Number.isNaN(x)) return 'NaN';
  return Number.isFinite(x) ? undefined : x < 0 ? '-∞' : '∞';
}

/** With thousands grouped. */
function localFixed(x: number, precision: number): string {
  const special = localSpecial(x);
  if (special) return special;
  const [whole, fraction] = formatFixed(x === 0 ? 0 : x, precision).split('.') as [string, string?];
  const grouped = whole.replace(/\B(?=(?:[0-9]{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** The older formatter takes the precision of `%.Ne` for the least width, and always shows six digits. */
function localScientific(x: number, width: number): string {
  return (localSpecial(x) ?? raisedExponent(x)).padStart(width);
}

/** `1.052033×10⁰³` */
function raisedExponent(x: number): string {
  const [mantissa, exponent] = formatExponent(x === 0 ? 0 : x, 6).split('e') as [string, string];
  const raised = exponent
    .replace(/^\+/, '')
    .replace(/^-/, '⁻')
    .replace(/[0-9]/g, (digit) => SUPERSCRIPTS[Number(digit)]!);
  return `${mantissa}×10${raised}`;
}

/** %s of the older formatter: lists and maps show their parts as literals. */
function localText(value: CelValue): string {
  if (value instanceof CelList || value instanceof CelMap) return literalText(value);
  const text = toText(value instanceof CelType ? value.name : value);
  if (typeof text === 'string') return text;
  if (value instanceof Uint8Array && text instanceof CelError) {
    throw new FormatMismatch(`could not convert argument ${quote(text.message)} to string`);
  }
  throw mismatch('s', value, false);
}

function literalText(value: CelValue): string {
  charge(1);
  if (value instanceof CelList) {
    const parts: string[] = [];
    for (let i = 0; i < value.length; i++) parts.push(literalText(value.at(i)));
    return `[${parts.join(', ')}]`;
  }
  if (value instanceof CelMap) {
    const pairs: [string, string][] = [];
    for (const key of value.keys()) {
      if (typeof key !== 'string' && typeof key !== 'boolean' && !isInteger(key)) {
        throw new FormatMismatch(`no formatting function for map key of type ${typeOfValue(key).name}`);
      }
      pairs.push([literalText(key), literalText(value.get(key)!)]);
    }
    pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${pairs.map(([k, v]) => `${k}:${v}`).join(', ')}}`;
  }
  if (typeof value === 'string') return quote(value);
  if (value instanceof Uint8Array) return `b${quote(localText(value))}`;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return formatFixed(value, 6);
    return quote(Number.isNaN(value) ? 'NaN' : value < 0 ? '-Inf' : '+Inf');
  }
  if (value instanceof CelTimestamp) return `timestamp(${quote(formatTimestamp(value))})`;
  if (value instanceof CelDuration) return `duration(${quote(formatDuration(value))})`;
  if (value === null || typeof value === 'boolean' || isInteger(value) || value instanceof CelType) {
    return localText(value);
  }
  throw new FormatMismatch(`no formatting function for ${typeOfValue(value).name}`);
}

/** %s of the newer formatter: the same text inside lists and maps as outside. */
function plainText(value: CelValue): string {
  charge(1);
  if (typeof value === 'number') return plainDouble(value) ?? formatF(value);
  if (value instanceof CelType) return value.name;
  if (value instanceof CelTimestamp) return formatTimestamp(new CelTimestamp(value.seconds, value.nanos));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (value instanceof CelList) {
    const parts: string[] = [];
    for (let i = 0; i < value.length; i++) parts.push(plainText(value.at(i)));
    return `[${parts.join(', ')}]`;
  }
  if (value instanceof CelMap) {
    const pairs: [string, string][] = [];
    for (const key of value.keys()) pairs.push([plainText(key), plainText(value.get(key)!)]);
    pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${pairs.map(([k, v]) => `${k}: ${v}`).join(', ')}}`;
  }
  const text = toText(value);
  if (typeof text === 'string') return text;
  throw mismatch('s', value, true);
}
