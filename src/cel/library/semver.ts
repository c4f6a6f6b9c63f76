import { quote } from '../../meta/go-quote.ts';
import { type FunctionDecl, member, overload } from '../declarations.ts';
import { error, noSuchOverload } from '../errors.ts';
import type { Library } from '../library.ts';
import { BOOL, INT, objectType, STRING } from '../types.ts';
import { type CelError, CelObject, type CelValue, int, intOf, MAX_UINT64 } from '../values.ts';

export const SEMVER_TYPE = objectType('kubernetes.Semver');

interface Version {
  /** Major, minor, patch. */
  numbers: readonly [bigint, bigint, bigint];
  prerelease: readonly (bigint | string)[];
  text: string;
}

/** A semantic version. */
export class CelSemver extends CelObject {
  readonly type = SEMVER_TYPE;
  readonly version: Version;
  constructor(version: Version) {
    super();
    this.version = version;
  }
  equalTo(other: CelValue): boolean | CelError {
    return other instanceof CelSemver
      ? compareVersions(this.version, other.version) === 0
      : noSuchOverload(other);
  }
  override toString(): string {
    return this.version.text;
  }
}

const DIGITS = /^[0-9]*$/;
const WORD = /^[A-Za-z0-9-]*$/;

function number(text: string): bigint | string {
  if (text === '') return 'strconv.ParseUint: parsing "": invalid syntax';
  const value = text.length > 40 ? MAX_UINT64 + 1n : BigInt(text);
  return value > MAX_UINT64 ? `strconv.ParseUint: parsing ${quote(text)}: value out of range` : value;
}

function part(text: string, name: string): bigint | string {
  if (!DIGITS.test(text)) return `Invalid character(s) found in ${name} number ${quote(text)}`;
  if (text.length > 1 && text.startsWith('0')) {
    return `${name[0]!.toUpperCase()}${name.slice(1)} number must not contain leading zeroes ${quote(text)}`;
  }
  return number(text);
}

function prereleasePart(text: string): { value: bigint | string } | string {
  if (text === '') return 'Prerelease is empty';
  if (DIGITS.test(text)) {
    if (text.length > 1 && text.startsWith('0')) {
      return `Numeric PreRelease version must not contain leading zeroes ${quote(text)}`;
    }
    const value = number(text);
    return typeof value === 'string' ? value : { value };
  }
  return WORD.test(text) ? { value: text } : `Invalid character(s) found in prerelease ${quote(text)}`;
}

/** Parses a version; a string is what is wrong with it. */
function parseSemver(text: string): Version | string {
  if (text === '') return 'Version string empty';
  const [majorText, minorText, ...others] = text.split('.');
  if (others.length === 0) return 'No Major.Minor.Patch elements found';
  let rest = others.join('.');
  const numbers: bigint[] = [];
  for (const [name, value] of [
    ['major', majorText!],
    ['minor', minorText!],
  ] as const) {
    const read = part(value, name);
    if (typeof read === 'string') return read;
    numbers.push(read);
  }
  const plus = rest.indexOf('+');
  const build = plus < 0 ? [] : rest.slice(plus + 1).split('.');
  if (plus >= 0) rest = rest.slice(0, plus);
  const dash = rest.indexOf('-');
  const tags = dash < 0 ? [] : rest.slice(dash + 1).split('.');
  if (dash >= 0) rest = rest.slice(0, dash);
  const patch = part(rest, 'patch');
  if (typeof patch === 'string') return patch;
  const prerelease: (bigint | string)[] = [];
  for (const tag of tags) {
    const read = prereleasePart(tag);
    if (typeof read === 'string') return read;
    prerelease.push(read.value);
  }
  for (const tag of build) {
    if (tag === '') return 'Build meta data is empty';
    if (!WORD.test(tag)) return `Invalid character(s) found in build meta data ${quote(tag)}`;
  }
  return { numbers: [numbers[0]!, numbers[1]!, patch], prerelease, text };
}

/** Makes `v1.02` into `1.2.0` before reading it. */
function parseNormalized(text: string): Version | string {
  const [first = '', second, ...others] = text.replace(/^v/, '').split('.');
  const parts = [first];
  if (second !== undefined) parts.push(second);
  if (others.length > 0) parts.push(others.join('.'));
  const trimmed = parts.map((p) => {
    if (p.length <= 1) return p;
    const stripped = p.replace(/^0+/, '');
    return /^[0-9]/.test(stripped) ? stripped : `0${stripped}`;
  });
  if (trimmed.length < 3) {
    if (/[+-]/.test(trimmed.at(-1)!)) return 'short version cannot contain PreRelease/Build meta data';
    while (trimmed.length < 3) trimmed.push('0');
  }
  return parseSemver(trimmed.join('.'));
}

function compareVersions(a: Version, b: Version): number {
  for (let i = 0; i < 3; i++)
    if (a.numbers[i] !== b.numbers[i]) return a.numbers[i]! > b.numbers[i]! ? 1 : -1;
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return Math.sign(b.prerelease.length - a.prerelease.length);
  }
  for (let i = 0; i < a.prerelease.length && i < b.prerelease.length; i++) {
    const [x, y] = [a.prerelease[i]!, b.prerelease[i]!];
    if (x === y) continue;
    if (typeof x !== typeof y) return typeof x === 'bigint' ? -1 : 1;
    return x > y ? 1 : -1;
  }
  return Math.sign(a.prerelease.length - b.prerelease.length);
}

const v = (value: CelValue | undefined): Version => (value as CelSemver).version;
const read = (text: CelValue, normalize: CelValue | undefined): Version | string =>
  normalize === true ? parseNormalized(text as string) : parseSemver(text as string);
const make = (text: CelValue, normalize?: CelValue): CelValue => {
  const version = read(text, normalize);
  return typeof version === 'string' ? error(version) : new CelSemver(version);
};
const test = (text: CelValue, normalize?: CelValue): CelValue => typeof read(text, normalize) !== 'string';

const comparing = (
  name: string,
  id: string,
  type: typeof BOOL,
  result: (order: number) => CelValue,
): FunctionDecl => ({
  name,
  overloads: [member(id, [SEMVER_TYPE, SEMVER_TYPE], type, (a, b) => result(compareVersions(v(a), v(b))))],
});
const numberOf = (name: string, index: 0 | 1 | 2): FunctionDecl => ({
  name,
  overloads: [
    member(`semver_${name}`, [SEMVER_TYPE], INT, (a) => intOf(BigInt.asIntN(64, v(a).numbers[index]))),
  ],
});

/** Semantic versions (apiserver pkg/cel/library/semverlib.go). Version 1 can normalize. */
export function semver(version: 0 | 1): Library {
  const normalizing = version >= 1;
  return {
    name: 'kubernetes.Semver',
    functions: [
      {
        name: 'semver',
        overloads: [
          overload('string_to_semver', [STRING], SEMVER_TYPE, (text) => make(text)),
          ...(normalizing ? [overload('string_bool_to_semver', [STRING, BOOL], SEMVER_TYPE, make)] : []),
        ],
      },
      {
        name: 'isSemver',
        overloads: [
          overload('is_semver_string', [STRING], BOOL, (text) => test(text)),
          ...(normalizing ? [overload('is_semver_string_bool', [STRING, BOOL], BOOL, test)] : []),
        ],
      },
      comparing('isGreaterThan', 'semver_is_greater_than', BOOL, (order) => order === 1),
      comparing('isLessThan', 'semver_is_less_than', BOOL, (order) => order === -1),
      comparing('compareTo', 'semver_compare_to', INT, int),
      numberOf('major', 0),
      numberOf('minor', 1),
      numberOf('patch', 2),
    ],
  };
}
