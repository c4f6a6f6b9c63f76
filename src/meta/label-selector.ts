import {
  aggregateText,
  child,
  errorText,
  type FieldError,
  forbidden,
  index,
  invalid,
  required,
} from './field-error.ts';
import { labelValueFaults, qualifiedNameFaults } from './names.ts';

/** Labels and what selects by them (apimachinery pkg/labels, pkg/apis/meta/v1/validation). */

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface LabelRequirement {
  key: string;
  operator: LabelOperator;
  /** Sorted, each once. */
  values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

const WORDS: Record<string, LabelOperator> = { in: 'in', notin: 'notin' };
const SYMBOLS: Record<string, string> = {
  ')': ')',
  ',': ',',
  '!': '!',
  '==': '==',
  '=': '=',
  '>': '>',
  '<': '<',
  '!=': '!=',
  '(': '(',
};

interface Token {
  /** `identifier`, `end`, or the symbol or word itself. */
  kind: string;
  literal: string;
}

function scan(text: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  const special = (char: string | undefined): boolean => char !== undefined && '=!(),><'.includes(char);
  const blank = (char: string | undefined): boolean => char !== undefined && ' \t\r\n'.includes(char);
  for (;;) {
    while (blank(text[i])) i++;
    if (i >= text.length) break;
    let literal = '';
    if (special(text[i])) {
      // The longest symbol wins; what is no symbol is cut back to the last one that was.
      let end = i;
      while (special(text[end])) end++;
      let known = '';
      let at = i;
      while (at < end) {
        const longer = text.slice(i, at + 1);
        if (SYMBOLS[longer]) known = longer;
        else if (known) break;
        at++;
      }
      literal = known;
      i += literal.length;
      tokens.push({ kind: literal, literal });
    } else {
      while (i < text.length && !special(text[i]) && !blank(text[i])) literal += text[i++];
      tokens.push({ kind: WORDS[literal] ?? 'identifier', literal });
    }
  }
  tokens.push({ kind: 'end', literal: '' });
  return tokens;
}

const EXPECTED_OPERATOR = 'in, notin, =, ==, !=, gt, lt';

class Refused extends Error {}

class Parser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = scan(text);
  }

  /** Where a value is expected, `in` and `notin` are identifiers like any other. */
  #peek(asValue = true): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]!;
    return asValue && (token.kind === 'in' || token.kind === 'notin')
      ? { kind: 'identifier', literal: token.literal }
      : token;
  }

  #take(asValue = true): Token {
    const token = this.#peek(asValue);
    this.#at++;
    return token;
  }

  parse(): LabelRequirement[] {
    const out: LabelRequirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'end') return out;
      if (token.kind !== 'identifier' && token.kind !== '!') {
        throw new Refused(`found '${token.literal}', expected: !, identifier, or 'end of string'`);
      }
      try {
        out.push(this.#requirement());
      } catch (error) {
        if (error instanceof Refused) throw new Refused(`unable to parse requirement: ${error.message}`);
        throw error;
      }
      const next = this.#take();
      if (next.kind === 'end') return out;
      if (next.kind !== ',') throw new Refused(`found '${next.literal}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.kind !== 'identifier' && after.kind !== '!') {
        throw new Refused(`found '${after.literal}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#take();
    const absent = token.kind === '!';
    if (absent) token = this.#take();
    if (token.kind !== 'identifier') throw new Refused(`found '${token.literal}', expected: identifier`);
    const key = token.literal;
    const keyErrors = labelNameErrors(key, 'key');
    if (keyErrors.length) throw new Refused(invalidKeyText(key, keyErrors));
    if (absent) return this.#made(key, '!', []);
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === ',') return this.#made(key, 'exists', []);
    const operator = this.#take(false);
    switch (operator.kind) {
      case 'in':
      case 'notin':
        return this.#made(key, operator.kind, this.#values());
      case '=':
      case '==':
      case '!=':
        return this.#made(key, operator.kind, [this.#exact()]);
      case '>':
        return this.#made(key, 'gt', [this.#exact()]);
      case '<':
        return this.#made(key, 'lt', [this.#exact()]);
      default:
        throw new Refused(`found '${operator.literal}', expected: ${EXPECTED_OPERATOR}`);
    }
  }

  #exact(): string {
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === ',') return '';
    const token = this.#take();
    if (token.kind === 'identifier') return token.literal;
    throw new Refused(`found '${token.literal}', expected: identifier`);
  }

  #values(): string[] {
    const open = this.#take();
    if (open.kind !== '(') throw new Refused(`found '${open.literal}' expected: '('`);
    const first = this.#peek();
    if (first.kind === ')') {
      this.#take();
      return [''];
    }
    if (first.kind !== 'identifier' && first.kind !== ',') {
      throw new Refused(`found '${first.literal}', expected: ',', ')' or identifier`);
    }
    const values = new Set<string>();
    for (;;) {
      const token = this.#take();
      if (token.kind === 'identifier') {
        values.add(token.literal);
        const next = this.#peek();
        if (next.kind === ',') continue;
        if (next.kind !== ')') throw new Refused(`found '${next.literal}', expected: ',' or ')'`);
        break;
      }
      if (token.kind !== ',') throw new Refused(`found '${token.literal}', expected: ',', or identifier`);
      if (values.size === 0) values.add('');
      const next = this.#peek();
      if (next.kind === ')') {
        values.add('');
        break;
      }
      if (next.kind === ',') values.add('');
    }
    this.#take();
    return [...values].sort();
  }

  #made(key: string, operator: LabelOperator, values: string[]): LabelRequirement {
    const errors: FieldError[] = [];
    if (operator === 'gt' || operator === 'lt') {
      for (const [i, value] of values.entries()) {
        if (integer(value) === undefined)
          errors.push(
            invalid(`values[${i}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"),
          );
      }
    }
    for (const [i, value] of values.entries()) {
      const faults = labelValueFaults(value);
      if (faults.length) errors.push(invalid(`values[${i}][${key}]`, value, faults.join('; ')));
    }
    if (errors.length) throw new Refused(aggregateText(errors.map(errorText)));
    return { key, operator, values };
  }
}

function invalidKeyText(key: string, errors: readonly FieldError[]): string {
  return errorText(invalid('key', key, errors.map((e) => e.detail).join('; ')));
}

function integer(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value : undefined;
}

/** A selector ready to be matched against labels. */
export class LabelSelector {
  readonly requirements: readonly LabelRequirement[];

  constructor(requirements: readonly LabelRequirement[]) {
    this.requirements = [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  get empty(): boolean {
    return this.requirements.length === 0;
  }

  matches(labels: Labels | undefined): boolean {
    for (const requirement of this.requirements) if (!meets(requirement, labels)) return false;
    return true;
  }
}

function meets({ key, operator, values }: LabelRequirement, labels: Labels | undefined): boolean {
  const value = labels && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    default: {
      const own = value === undefined ? undefined : integer(value);
      const bound = integer(values[0] ?? '');
      if (own === undefined || bound === undefined) return false;
      return operator === 'gt' ? own > bound : own < bound;
    }
  }
}

/** Reads a selector as a query carries it. The error is in Go's words. */
export function parseLabelSelector(text: string): { selector: LabelSelector } | { error: string } {
  try {
    return { selector: new LabelSelector(new Parser(text).parse()) };
  } catch (error) {
    if (error instanceof Refused) return { error: error.message };
    throw error;
  }
}

/** metav1.LabelSelector as objects carry it. */
export interface LabelSelectorObject {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

const EXPRESSION: Record<string, LabelOperator> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/** An object's selector: undefined selects nothing, an empty one everything (metav1.LabelSelectorAsSelector). */
export function compileLabelSelector(
  object: LabelSelectorObject | undefined | null,
): LabelSelector | undefined {
  if (!object) return undefined;
  const requirements: LabelRequirement[] = Object.entries(object.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: '=',
    values: [value],
  }));
  for (const { key, operator, values } of object.matchExpressions ?? []) {
    const known = EXPRESSION[operator];
    if (!known) return undefined;
    requirements.push({ key, operator: known, values: values ?? [] });
  }
  return new LabelSelector(requirements);
}

export function matchesLabelSelector(
  object: LabelSelectorObject | undefined | null,
  labels: Labels | undefined,
): boolean {
  return compileLabelSelector(object)?.matches(labels) ?? false;
}

export function labelNameErrors(name: string, path: string): FieldError[] {
  return qualifiedNameFaults(name).map((fault) => invalid(path, name, fault));
}

/** Faults of a map of labels (ValidateLabels). */
export function labelsErrors(labels: Record<string, string> | undefined | null, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(labels ?? {})) {
    errors.push(...labelNameErrors(name, path));
    for (const fault of labelValueFaults(value)) errors.push(invalid(path, value, fault));
  }
  return errors;
}

/** Faults of a metav1.LabelSelector; `lenient` lets values pass that no label can have (ValidateLabelSelector). */
export function labelSelectorErrors(
  selector: LabelSelectorObject | undefined | null,
  path: string,
  lenient = false,
): FieldError[] {
  if (!selector) return [];
  const errors = labelsErrors(selector.matchLabels, child(path, 'matchLabels'));
  for (const [i, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const at = index(child(path, 'matchExpressions'), i);
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(required(child(at, 'values'), "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length)
        errors.push(
          forbidden(
            child(at, 'values'),
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          ),
        );
    } else errors.push(invalid(child(at, 'operator'), operator ?? '', 'not a valid selector operator'));
    errors.push(...labelNameErrors(key ?? '', child(at, 'key')));
    if (lenient) continue;
    for (const [j, value] of values.entries()) {
      for (const fault of labelValueFaults(value))
        errors.push(invalid(index(child(at, 'values'), j), value, fault));
    }
  }
  return errors;
}

export function labelSelectorHasInvalidValue(selector: LabelSelectorObject | undefined | null): boolean {
  return (selector?.matchExpressions ?? []).some(({ values = [] }) =>
    values.some((v) => labelValueFaults(v).length > 0),
  );
}
