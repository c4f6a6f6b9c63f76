import type { Scanner } from './scanner.ts';

/** The three ways to write a scalar, folded as YAML folds lines. */

const FLOW_INDICATORS = new Set(',?[]{}');

/** A scalar without quotes. */
export function scanPlainScalar(scanner: Scanner): string {
  const start = scanner.mark();
  const indent = scanner.indent + 1;
  const blanks = new Blanks();
  const parts: string[] = [];
  for (;;) {
    if (scanner.atDocumentIndicator() || scanner.char() === '#') break;
    const from = scanner.index;
    while (!scanner.isBlankOrEnd()) {
      const char = scanner.char();
      if (char === ':' && scanner.isBlankOrEnd(1)) break;
      if (scanner.flowLevel > 0 && FLOW_INDICATORS.has(char)) break;
      if (scanner.index === from) blanks.flush(parts);
      scanner.skip();
    }
    parts.push(scanner.text.slice(from, scanner.index));
    if (!(scanner.isBlank() || scanner.isBreak())) break;
    while (scanner.isBlank() || scanner.isBreak()) {
      if (scanner.isBlank() && blanks.leading && scanner.column < indent && scanner.char() === '\t') {
        throw scanner.fault('found a tab character that violates indentation', start);
      }
      blanks.take(scanner);
    }
    if (scanner.flowLevel === 0 && scanner.column < indent) break;
  }
  if (blanks.leading) scanner.keyAllowed = true;
  return parts.join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
};
const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** A scalar in single or double quotes. */
export function scanFlowScalar(scanner: Scanner, single: boolean): string {
  const start = scanner.mark();
  const quote = single ? "'" : '"';
  const parts: string[] = [];
  scanner.skip();
  for (;;) {
    if (scanner.atDocumentIndicator()) throw scanner.fault('found unexpected document indicator', start);
    if (scanner.atEnd()) throw scanner.fault('found unexpected end of stream', start);
    const blanks = new Blanks();
    while (!scanner.isBlankOrEnd()) {
      const char = scanner.char();
      if (single && char === "'" && scanner.char(1) === "'") {
        parts.push("'");
        scanner.skip();
        scanner.skip();
      } else if (char === quote) break;
      else if (!single && char === '\\' && scanner.isBreak(1)) {
        scanner.skip();
        scanner.readBreak();
        blanks.leading = true;
        blanks.joined = true;
        break;
      } else if (!single && char === '\\') parts.push(scanEscape(scanner, start));
      else parts.push(readRun(scanner, quote, single));
    }
    if (scanner.char() === quote) break;
    while (scanner.isBlank() || scanner.isBreak()) blanks.take(scanner);
    blanks.flush(parts);
  }
  scanner.skip();
  return parts.join('');
}

/** Characters up to the next one that means something in a quoted scalar. */
function readRun(scanner: Scanner, quote: string, single: boolean): string {
  const from = scanner.index;
  do scanner.skip();
  while (!scanner.isBlankOrEnd() && scanner.char() !== quote && (single || scanner.char() !== '\\'));
  return scanner.text.slice(from, scanner.index);
}

function scanEscape(scanner: Scanner, start: ReturnType<Scanner['mark']>): string {
  const code = scanner.char(1);
  const plain = ESCAPES[code];
  if (plain !== undefined) {
    scanner.skip();
    scanner.skip();
    return plain;
  }
  const length = HEX_LENGTHS[code];
  if (length === undefined) throw scanner.fault('found unknown escape character', start);
  scanner.skip();
  scanner.skip();
  const digits = scanner.text.slice(scanner.index, scanner.index + length);
  if (digits.length < length || !/^[0-9a-fA-F]+$/.test(digits)) {
    throw scanner.fault('did not find expected hexdecimal number', start);
  }
  const point = Number.parseInt(digits, 16);
  if ((point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) {
    throw scanner.fault('found invalid Unicode character escape code', start);
  }
  for (let i = 0; i < length; i++) scanner.skip();
  return String.fromCodePoint(point);
}

/** A block scalar after `|` or `>`. */
export function scanBlockScalar(scanner: Scanner, literal: boolean): string {
  const start = scanner.mark();
  scanner.skip();
  let keep: '' | '+' | '-' = '';
  let increment = 0;
  for (let i = 0; i < 2; i++) {
    const char = scanner.char();
    if (keep === '' && (char === '+' || char === '-')) {
      keep = char;
      scanner.skip();
    } else if (increment === 0 && char >= '0' && char <= '9') {
      if (char === '0') throw scanner.fault('found an indentation indicator equal to 0', start);
      increment = Number(char);
      scanner.skip();
    }
  }
  while (scanner.isBlank()) scanner.skip();
  if (scanner.char() === '#') while (!scanner.atEnd() && !scanner.isBreak()) scanner.skip();
  if (!scanner.atEnd() && !scanner.isBreak())
    throw scanner.fault('did not find expected comment or line break', start);
  if (scanner.isBreak()) scanner.readBreak();
  let indent = increment === 0 ? 0 : Math.max(scanner.indent, 0) + increment;
  const parts: string[] = [];
  let leadingBreak = '';
  let [trailing, found] = scanBlockBreaks(scanner, indent, start);
  indent = found;
  let afterBlank = false;
  while (scanner.column === indent && !scanner.atEnd()) {
    const blank = scanner.isBlank();
    if (!literal && leadingBreak === '\n' && !afterBlank && !blank) {
      if (trailing === '') parts.push(' ');
    } else parts.push(leadingBreak);
    parts.push(trailing);
    afterBlank = blank;
    const from = scanner.index;
    while (!scanner.atEnd() && !scanner.isBreak()) scanner.skip();
    parts.push(scanner.text.slice(from, scanner.index));
    leadingBreak = scanner.isBreak() ? scanner.readBreak() : '';
    [trailing, found] = scanBlockBreaks(scanner, indent, start);
  }
  if (keep !== '-') parts.push(leadingBreak);
  if (keep === '+') parts.push(trailing);
  return parts.join('');
}

/** Empty lines of a block scalar, and its indentation where it is not known yet. */
function scanBlockBreaks(
  scanner: Scanner,
  known: number,
  start: ReturnType<Scanner['mark']>,
): [string, number] {
  let breaks = '';
  let deepest = 0;
  for (;;) {
    while ((known === 0 || scanner.column < known) && scanner.char() === ' ') scanner.skip();
    deepest = Math.max(deepest, scanner.column);
    if ((known === 0 || scanner.column < known) && scanner.char() === '\t') {
      throw scanner.fault('found a tab character where an indentation space is expected', start);
    }
    if (!scanner.isBreak()) break;
    breaks += scanner.readBreak();
  }
  return [breaks, known === 0 ? Math.max(deepest, scanner.indent + 1, 1) : known];
}

/** Blanks and line breaks between two words of a scalar: one break is a space, more are one fewer. */
class Blanks {
  /** A line has ended. */
  leading = false;
  /** It ended in an escaped break, which leaves no space. */
  joined = false;
  #spaces = '';
  #first = '';
  #more = '';

  take(scanner: Scanner): void {
    if (scanner.isBreak()) {
      const read = scanner.readBreak();
      if (this.leading) this.#more += read;
      else {
        this.#first = read;
        this.#spaces = '';
        this.leading = true;
      }
    } else if (this.leading) scanner.skip();
    else this.#spaces += scanner.read();
  }

  flush(parts: string[]): void {
    if (this.leading) {
      if (this.#first === '\n') parts.push(this.#more === '' ? ' ' : this.#more);
      else parts.push(this.#first + this.#more);
    } else parts.push(this.#spaces);
    this.leading = false;
    this.#spaces = '';
    this.#first = '';
    this.#more = '';
  }
}
