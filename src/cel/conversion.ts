import { conversionError, error } from './errors.ts';
import { formatG } from './go-float.ts';
import { formatDuration, formatTimestamp, inTimestampRange, parseDuration, parseTimestamp } from './time.ts';
import { BOOL, BYTES, DOUBLE, DURATION, INT, STRING, TIMESTAMP, UINT } from './types.ts';
import {
  CelDuration,
  CelError,
  CelInt,
  CelTimestamp,
  CelUint,
  type CelValue,
  intOf,
  MAX_INT64,
  MAX_UINT64,
  MIN_INT64,
  typeOfValue,
  uintOf,
} from './values.ts';

const TWO_TO_63 = 2 ** 63;

/** `int(x)`: doubles are cut off, durations are in nanoseconds, timestamps in seconds since 1970. */
export function toInt(value: CelValue): CelValue {
  if (value instanceof CelInt) return value;
  if (value instanceof CelUint) {
    const big = value.toBigInt();
    return big > MAX_INT64 ? error('integer overflow') : intOf(big);
  }
  if (typeof value === 'number') {
    // The bounds themselves are refused: as doubles they cannot be told from what lies beyond.
    if (!(value > -TWO_TO_63 && value < TWO_TO_63)) return error('integer overflow');
    return intOf(BigInt(Math.trunc(value)));
  }
  if (typeof value === 'string') {
    if (/^[+-]?[0-9]{1,40}$/.test(value)) {
      const big = BigInt(value.replace(/^\+/, ''));
      if (big <= MAX_INT64 && big >= MIN_INT64) return intOf(big);
    }
    return conversionError(STRING, INT);
  }
  if (value instanceof CelDuration) return intOf(value.nanos);
  if (value instanceof CelTimestamp) return intOf(BigInt(value.seconds));
  return conversionError(typeOfValue(value), INT);
}

/** `uint(x)` */
export function toUint(value: CelValue): CelValue {
  if (value instanceof CelUint) return value;
  if (value instanceof CelInt) {
    return value.n < 0 ? error('unsigned integer overflow') : uintOf(value.toBigInt());
  }
  if (typeof value === 'number') {
    if (!(value >= 0 && value < 2 * TWO_TO_63)) return error('unsigned integer overflow');
    return uintOf(BigInt(Math.trunc(value)));
  }
  if (typeof value === 'string') {
    if (/^[0-9]{1,40}$/.test(value)) {
      const big = BigInt(value);
      if (big <= MAX_UINT64) return uintOf(big);
    }
    return conversionError(STRING, UINT);
  }
  return conversionError(typeOfValue(value), UINT);
}

const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** Reads a double as Go's ParseFloat does; undefined if it is none or too large. */
function parseDouble(text: string): number | undefined {
  if (text.length <= 1000 && DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  switch (text.toLowerCase().replace(/^\+/, '')) {
    case 'nan':
      return text[0] === '+' ? undefined : Number.NaN;
    case 'inf':
    case 'infinity':
      return Number.POSITIVE_INFINITY;
    case '-inf':
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
    default:
      return undefined;
  }
}

/** `double(x)` */
export function toDouble(value: CelValue): CelValue {
  if (typeof value === 'number') return value;
  if (value instanceof CelInt || value instanceof CelUint) return value.n;
  if (typeof value === 'string') return parseDouble(value) ?? conversionError(STRING, DOUBLE);
  return conversionError(typeOfValue(value), DOUBLE);
}

/** `string(x)` */
export function toText(value: CelValue): CelValue {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatG(value);
  if (typeof value === 'boolean') return String(value);
  if (value === null) return 'null';
  if (value instanceof CelInt || value instanceof CelUint) return value.toString();
  if (value instanceof Uint8Array)
    return decodeUtf8(value) ?? error('invalid UTF-8 in bytes, cannot convert to string');
  if (value instanceof CelDuration) return formatDuration(value);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  return conversionError(typeOfValue(value), STRING);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** `bytes(x)` */
export function toBytes(value: CelValue): CelValue {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return new TextEncoder().encode(value);
  return conversionError(typeOfValue(value), BYTES);
}

/** `bool(x)` */
export function toBool(value: CelValue): CelValue {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return conversionError(typeOfValue(value), BOOL);
  switch (value) {
    case '1':
    case 't':
    case 'T':
    case 'true':
    case 'TRUE':
    case 'True':
      return true;
    case '0':
    case 'f':
    case 'F':
    case 'false':
    case 'FALSE':
    case 'False':
      return false;
    default:
      return conversionError(STRING, BOOL);
  }
}

/** `timestamp(x)` of RFC 3339 text or of seconds since 1970. */
export function toTimestamp(value: CelValue): CelValue {
  if (value instanceof CelTimestamp) return value;
  if (typeof value === 'string') return parseTimestamp(value) ?? conversionError(STRING, TIMESTAMP);
  if (value instanceof CelInt) {
    return inTimestampRange(value.n) ? new CelTimestamp(value.n, 0) : error('timestamp overflow');
  }
  return conversionError(typeOfValue(value), TIMESTAMP);
}

/** `duration(x)` */
export function toDuration(value: CelValue): CelValue {
  if (value instanceof CelDuration) return value;
  if (typeof value === 'string') return parseDuration(value) ?? conversionError(STRING, DURATION);
  return conversionError(typeOfValue(value), DURATION);
}

/** `type(x)`: an error has no type of its own and stays one. */
export function toType(value: CelValue): CelValue {
  return value instanceof CelError ? value : typeOfValue(value);
}
