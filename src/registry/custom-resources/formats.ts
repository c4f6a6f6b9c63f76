import { RE2JS } from 're2js';
import { parseUrl } from '../../cel/library/go-url.ts';
import { parseDuration } from '../../meta/duration.ts';
import { parseCidr, parseIp } from '../../meta/ip.ts';
import { isEmailAddress } from './email-address.ts';

/** Formats of strings that schemas may ask for (kube-openapi pkg/validation/strfmt, apiextensions-apiserver formats.go). */

const matches =
  (form: RegExp) =>
  (text: string): boolean =>
    form.test(text);

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;
const RGB_PART = String.raw`\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*`;
const HOSTNAME =
  '^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|([a-zA-Z0-9\\p{S}\\p{L}](([a-zA-Z0-9-\\p{S}\\p{L}]{0,61}[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$';
const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

let hostname: RE2JS | undefined;

function isHostname(text: string): boolean {
  // The form nests what it repeats: no work for an engine that backtracks.
  hostname ??= RE2JS.compile(HOSTNAME);
  if (Buffer.byteLength(text) > 255) return false;
  return hostname.test(text) && text.split('.').every((part) => Buffer.byteLength(part) <= 63);
}

function isUuid(version: string, variant: string): (text: string) => boolean {
  return matches(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?${variant}-?[0-9a-f]{12}$`, 'i'));
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += (i + 1) * (digits[i] === 'X' ? 10 : Number(digits[i]));
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^[0-9]{13}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += (i % 2 ? 3 : 1) * Number(digits[i]);
  return Number(digits[12]) === (10 - (sum % 10)) % 10;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '');
  if (!CARD.test(digits)) return false;
  let sum = 0;
  for (let i = digits.length - 1, double = false; i >= 0; i--, double = !double) {
    const n = Number(digits[i]) * (double ? 2 : 1);
    sum += n >= 10 ? n - 9 : n;
  }
  return sum % 10 === 0;
}

/** net.ParseMAC: 6, 8 or 20 bytes. */
function isMac(text: string): boolean {
  if (/^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i.test(text)) return [14, 19, 49].includes(text.length);
  const parts = /^[0-9a-f]{2}(:[0-9a-f]{2})+$/i.test(text) || /^[0-9a-f]{2}(-[0-9a-f]{2})+$/i.test(text);
  return parts && [17, 23, 59].includes(text.length);
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** `2006-01-02`, and a day that there is. */
export function isDate(text: string): boolean {
  const parts = DATE.exec(text);
  if (!parts) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  if (month < 1 || month > 12 || day < 1) return false;
  // Leap years come again every 400 years, and Date takes years below 100 for others.
  return day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

const TIME_OF_DAY = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/;

function isDateTime(text: string): boolean {
  if (text.length < 4) return false;
  const parts = text.toLowerCase().split('t');
  if (parts.length < 2 || !isDate(parts[0]!)) return false;
  const time = TIME_OF_DAY.exec(parts[1]!);
  return time !== null && time[1]! <= '23' && time[2]! <= '59' && time[3]! <= '59';
}

const UNITS: readonly [nanos: bigint, ...names: string[]][] = [
  [1n, 'ns', 'nano'],
  [1000n, 'us', 'µs', 'micro'],
  [1_000_000n, 'ms', 'milli'],
  [1_000_000_000n, 's', 'sec'],
  [60_000_000_000n, 'm', 'min'],
  [3_600_000_000_000n, 'h', 'hr', 'hour'],
  [86_400_000_000_000n, 'd', 'day'],
  [604_800_000_000_000n, 'w', 'wk', 'week'],
];

/** A duration in nanoseconds as Go writes it, or as Scala does (`3 days`); undefined where it is none (strfmt.ParseDuration). */
export function parseLongDuration(text: string): bigint | undefined {
  const plain = parseDuration(text);
  if (typeof plain === 'bigint') return plain;
  let sum: bigint | undefined;
  for (const { count, unit } of counted(text)) {
    if (count.length > 20 || BigInt(count) >= 2n ** 63n) return undefined;
    const lower = unit.toLowerCase();
    for (const [nanos, ...names] of UNITS) {
      names.forEach((name, i) => {
        if (name === lower || (i === names.length - 1 && lower.startsWith(name)))
          sum = BigInt.asIntN(64, (sum ?? 0n) + BigInt(count) * nanos);
      });
    }
  }
  return sum;
}

const DIGITS = /\d+/y;
const SPACES = /\s*/y;
const LETTERS = /[A-Za-zµ]+/y;

/** Digits with letters behind them. Each piece is read once: a text may be megabytes long. */
function* counted(text: string): Iterable<{ count: string; unit: string }> {
  const read = (form: RegExp, at: number): number => {
    form.lastIndex = at;
    return form.test(text) ? form.lastIndex : at;
  };
  for (let at = 0; at < text.length; ) {
    const digits = read(DIGITS, at);
    if (digits === at) {
      at++;
      continue;
    }
    const from = read(SPACES, digits);
    const to = read(LETTERS, from);
    if (to > from) yield { count: text.slice(at, digits), unit: text.slice(from, to) };
    at = to;
  }
}

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: matches(/^[0-9a-fA-F]{24}$/),
  uri: (text) => !('problem' in parseUrl(text, true)),
  email: isEmailAddress,
  hostname: isHostname,
  ipv4: (text) => text.includes('.') && parseIp(text) !== undefined,
  ipv6: (text) => text.includes(':') && parseIp(text)?.leadingZeros === false,
  cidr: (text) => parseCidr(text) !== undefined,
  mac: isMac,
  uuid: isUuid('[0-9a-f]{4}', '[0-9a-f]{4}'),
  uuid3: isUuid('3[0-9a-f]{3}', '[0-9a-f]{4}'),
  uuid4: isUuid('4[0-9a-f]{3}', '[89ab][0-9a-f]{3}'),
  uuid5: isUuid('5[0-9a-f]{3}', '[89ab][0-9a-f]{3}'),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (text) => text.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matches(new RegExp(`^rgb\\(${RGB_PART},${RGB_PART},${RGB_PART}\\)$`)),
  byte: matches(BASE64),
  password: () => true,
  date: isDate,
  duration: (text) => parseLongDuration(text) !== undefined,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && LABEL.test(text),
  k8slongname: (text) => text.length <= 253 && text.split('.').every((part) => LABEL.test(part)),
};

/** What strings of a format are checked by; undefined for formats that nobody knows. Dashes in its name do not count. */
export function formatCheck(format: string): ((text: string) => boolean) | undefined {
  const name = format.replaceAll('-', '');
  return Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
}

/** Whether a format means something on a type; `types` is empty where the schema says none. */
export function isKnownFormat(format: string, types: readonly string[]): boolean {
  const type = types.length === 1 ? types[0] : '';
  switch (type) {
    case '':
    case undefined:
    case 'string':
      return formatCheck(format) !== undefined;
    case 'integer':
      return format === 'int32' || format === 'int64';
    case 'number':
      return format === 'float' || format === 'double';
    default:
      return false;
  }
}
