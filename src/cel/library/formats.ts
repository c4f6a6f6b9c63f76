import {
  dns1035LabelFaults,
  dns1123LabelFaults,
  dns1123SubdomainFaults,
  labelValueFaults,
  qualifiedNameFaults,
} from '../../meta/names.ts';
import { member, overload } from '../declarations.ts';
import { noSuchOverload } from '../errors.ts';
import { StringList } from '../json.ts';
import type { Library } from '../library.ts';
import { listType, objectType, optionalType, STRING } from '../types.ts';
import { type CelError, CelObject, CelOptional, type CelValue, OPTIONAL_NONE } from '../values.ts';
import { parseUrl } from './go-url.ts';

export const FORMAT_TYPE = objectType('kubernetes.NamedFormat');

/** A format that texts can be validated against. */
export class CelFormat extends CelObject {
  readonly type = FORMAT_TYPE;
  readonly name: string;
  /** How long the pattern behind it is, for costs. */
  readonly maxRegexSize: number;
  readonly faults: (text: string) => string[];
  constructor(name: string, maxRegexSize: number, faults: (text: string) => string[]) {
    super();
    this.name = name;
    this.maxRegexSize = maxRegexSize;
    this.faults = faults;
  }
  equalTo(other: CelValue): boolean | CelError {
    return other instanceof CelFormat ? other.name === this.name : noSuchOverload(other);
  }
}

type Faults = (text: string) => string[];

/** These count characters in their words, others bytes. */
const dns =
  (faults: Faults): Faults =>
  (text) =>
    faults(text).map((fault) => fault.replace(/^(must be no more than [0-9]+) bytes$/, '$1 characters'));

/** A name that something will be put behind may end in a dash. */
const prefix =
  (faults: Faults): Faults =>
  (text) =>
    faults(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -2)}a` : text);

const matching =
  (test: (text: string) => boolean, fault: string): Faults =>
  (text) =>
    test(text) ? [] : [fault];

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const UUID_PATTERN_LENGTH = 78;
const TIME_PATTERN_LENGTH = 71;

function isDate(text: string): boolean {
  const found = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
  if (!found) return false;
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function isDateTime(text: string): boolean {
  const [date, time, ...more] = text.toLowerCase().split('t');
  if (text.length < 4 || time === undefined || more.length > 0 || !isDate(date!)) return false;
  const found = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})$/.exec(time);
  if (!found) return false;
  return Number(found[1]) <= 23 && Number(found[2]) <= 59 && Number(found[3]) <= 59;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

const label = dns(dns1123LabelFaults);
const subdomain = dns(dns1123SubdomainFaults);
const label1035 = dns(dns1035LabelFaults);

/** The formats there are, by the names that expressions have for them. */
export const FORMATS: ReadonlyMap<string, CelFormat> = new Map<string, CelFormat>([
  ['dns1123Label', new CelFormat('DNS1123Label', 30, label)],
  ['dns1123Subdomain', new CelFormat('DNS1123Subdomain', 60, subdomain)],
  ['dns1035Label', new CelFormat('DNS1035Label', 30, label1035)],
  ['qualifiedName', new CelFormat('QualifiedName', 60, qualifiedNameFaults)],
  ['dns1123LabelPrefix', new CelFormat('DNS1123LabelPrefix', 30, prefix(label))],
  ['dns1123SubdomainPrefix', new CelFormat('DNS1123SubdomainPrefix', 60, prefix(subdomain))],
  ['dns1035LabelPrefix', new CelFormat('DNS1035LabelPrefix', 30, prefix(label1035))],
  ['labelValue', new CelFormat('LabelValue', 40, labelValueFaults)],
  [
    'uri',
    new CelFormat('URI', 1103, (text) => {
      const parsed = parseUrl(text, true);
      return 'problem' in parsed ? [parsed.problem] : [];
    }),
  ],
  [
    'uuid',
    new CelFormat(
      'uuid',
      UUID_PATTERN_LENGTH,
      matching((text) => UUID.test(text), 'does not match the UUID format'),
    ),
  ],
  [
    'byte',
    new CelFormat(
      'byte',
      84,
      matching((text) => BASE64.test(text), 'invalid base64'),
    ),
  ],
  ['date', new CelFormat('date', TIME_PATTERN_LENGTH, matching(isDate, 'invalid date'))],
  ['datetime', new CelFormat('datetime', TIME_PATTERN_LENGTH, matching(isDateTime, 'invalid datetime'))],
]);

function validate(format: CelValue, text: CelValue): CelValue {
  const faults = (format as CelFormat).faults(text as string);
  return faults.length === 0 ? OPTIONAL_NONE : new CelOptional(new StringList(faults));
}

/** Named formats (apiserver pkg/cel/library/format.go). */
export const FORMAT: Library = {
  name: 'kubernetes.format',
  functions: [
    {
      name: 'validate',
      overloads: [member('format-validate', [FORMAT_TYPE, STRING], optionalType(listType(STRING)), validate)],
    },
    {
      name: 'format.named',
      overloads: [
        overload('format-named', [STRING], optionalType(FORMAT_TYPE), (name) => {
          const format = FORMATS.get(name as string);
          return format ? new CelOptional(format) : OPTIONAL_NONE;
        }),
      ],
    },
    ...[...FORMATS].map(([name, format]) => ({
      name: `format.${name}`,
      overloads: [overload(`format.${name}`, [], FORMAT_TYPE, () => format)],
    })),
  ],
};
