import { resolvePlain } from './value.ts';

/**
 * YAML as kube-apiserver writes it (sigs.k8s.io/yaml over go-yaml 2): keys sorted, lists not indented, texts plain where
 * they would be read back as texts, and lines folded at the first blank behind column 80.
 */
export function emitYaml(value: unknown): string {
  const writer = new Emitter();
  writer.block(value, 0, false);
  return writer.text();
}

const BEST_WIDTH = 80;
const BASE60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))|(?: \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?))?$/;
const NOT_FINITE = /^[-+]?\.(?:nan|inf)$/i;

/** Whether a text without quotes is read back as that text, and not as a number, a boolean or a time. */
function readAsText(text: string): boolean {
  if (text === '' || BASE60.test(text) || TIMESTAMP.test(text) || NOT_FINITE.test(text)) return false;
  return typeof resolvePlain(text) === 'string';
}

interface Analysis {
  plain: boolean;
  single: boolean;
  block: boolean;
}

class Emitter {
  #out = '';
  #column = 0;

  text(): string {
    return this.#out.endsWith('\n') ? this.#out : `${this.#out}\n`;
  }

  #write(text: string): void {
    this.#out += text;
    const line = text.lastIndexOf('\n');
    // Columns count characters, not code units.
    this.#column = line < 0 ? this.#column + [...text].length : [...text.slice(line + 1)].length;
  }

  #indent(columns: number): void {
    if (this.#column === 0 && (this.#out === '' || this.#out.endsWith('\n')))
      this.#write(' '.repeat(columns));
    else this.#write(`\n${' '.repeat(columns)}`);
  }

  /** A value on its own; `inline`: something stands before it on the line, such as `- `. */
  block(value: unknown, indent: number, inline: boolean): void {
    if (Array.isArray(value)) {
      if (value.length === 0) return this.#write('[]');
      value.forEach((item, i) => {
        if (i > 0 || !inline) this.#indent(indent);
        this.#write('- ');
        this.block(item, indent + 2, true);
      });
      return;
    }
    if (value !== null && typeof value === 'object') {
      const keys = Object.keys(value)
        .filter((key) => (value as Record<string, unknown>)[key] !== undefined)
        .sort(byKey);
      if (keys.length === 0) return this.#write('{}');
      keys.forEach((key, i) => {
        if (i > 0 || !inline) this.#indent(indent);
        this.#scalar(key, indent, true);
        this.#write(':');
        this.#member((value as Record<string, unknown>)[key], indent);
      });
      return;
    }
    this.#scalar(value, indent, false);
  }

  /** A mapping's value: collections on lines of their own, lists as far in as their key. */
  #member(value: unknown, indent: number): void {
    if (Array.isArray(value) && value.length > 0) return this.block(value, indent, false);
    if (
      value !== null &&
      typeof value === 'object' &&
      !Array.isArray(value) &&
      Object.keys(value).length > 0
    ) {
      return this.block(value, indent + 2, false);
    }
    this.#write(' ');
    this.block(value, indent + 2, true);
  }

  #scalar(value: unknown, indent: number, key: boolean): void {
    if (typeof value !== 'string') return this.#write(literal(value));
    const analysis = analyze(value);
    const resolves = readAsText(value);
    if (value.includes('\n')) {
      if (analysis.block && !key) return this.#literal(value, indent);
      return this.#doubleQuoted(value, indent, key);
    }
    if (!resolves) return this.#doubleQuoted(value, indent, key);
    if (analysis.plain) return this.#folded(value, indent, key);
    if (!analysis.single) return this.#doubleQuoted(value, indent, key);
    this.#write("'");
    this.#folded(value.replaceAll("'", "''"), indent, key);
    this.#write("'");
  }

  /** Writes text, with a line's end in place of a single blank behind the width. */
  #folded(text: string, indent: number, key: boolean): void {
    const chars = [...text];
    let blank = false;
    for (let i = 0; i < chars.length; i++) {
      const char = chars[i]!;
      if (char === ' ') {
        const fold =
          !key &&
          !blank &&
          this.#column > BEST_WIDTH &&
          i > 0 &&
          i < chars.length - 1 &&
          chars[i + 1] !== ' ';
        if (fold) this.#write(`\n${' '.repeat(indent)}`);
        else this.#write(' ');
        blank = true;
      } else {
        this.#write(char);
        blank = false;
      }
    }
  }

  #doubleQuoted(text: string, indent: number, key: boolean): void {
    this.#write('"');
    const chars = [...text];
    let blank = false;
    for (let i = 0; i < chars.length; i++) {
      const char = chars[i]!;
      if (char === ' ') {
        if (!key && !blank && this.#column > BEST_WIDTH && i > 0 && i < chars.length - 1) {
          this.#write(`\n${' '.repeat(indent)}`);
          if (chars[i + 1] === ' ') this.#write('\\');
        } else this.#write(' ');
        blank = true;
        continue;
      }
      this.#write(escaped(char));
      blank = false;
    }
    this.#write('"');
  }

  /** `|`, with how many line ends close it. */
  #literal(text: string, indent: number): void {
    const hint = /^[ \n]/.test(text) ? '2' : '';
    const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
    this.#write(`|${hint}${chomp}`);
    const body = text.endsWith('\n') ? text.slice(0, -1) : text;
    for (const line of body.split('\n')) this.#write(line === '' ? '\n' : `\n${' '.repeat(indent)}${line}`);
    if (chomp === '+') this.#write('\n');
  }
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value !== 'number') return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

const ESCAPES: Record<string, string> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\x85': '\\N',
  '\xa0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function escaped(char: string): string {
  const known = ESCAPES[char];
  if (known) return known;
  const code = char.codePointAt(0)!;
  if (printable(code) && code !== 0xfeff) return char;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function printable(code: number): boolean {
  if (code === 0x0a || (code >= 0x20 && code <= 0x7e)) return true;
  if (code < 0xa0) return code === 0x85;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd && code !== 0xfeff) || code > 0xffff;
}

/** How a text may be written (emitterc.go, yaml_emitter_analyze_scalar). */
function analyze(text: string): Analysis {
  if (text === '') return { plain: false, single: true, block: false };
  const chars = [...text];
  let indicators = text.startsWith('---') || text.startsWith('...');
  let special = false;
  let breakSpace = false;
  let spaceBreak = false;
  const edge = {
    leading: /^ /.test(text),
    trailing: / $/.test(text),
    leadingBreak: text.startsWith('\n'),
    trailingBreak: text.endsWith('\n'),
  };
  let previous = '';
  chars.forEach((char, i) => {
    const next = chars[i + 1];
    const nextBlank = next === undefined || next === ' ' || next === '\t' || next === '\n' || next === '\r';
    if (i === 0) {
      if ('#,[]{}&*!|>\'"%@`'.includes(char)) indicators = true;
      else if ((char === '?' || char === ':' || char === '-') && nextBlank) indicators = true;
    } else if (char === ':' && nextBlank) indicators = true;
    else if (
      char === '#' &&
      (previous === ' ' || previous === '\t' || previous === '\n' || previous === '\r')
    )
      indicators = true;
    if (!printable(char.codePointAt(0)!)) special = true;
    if (char === ' ' && previous === '\n') breakSpace = true;
    if (char === '\n' && previous === ' ') spaceBreak = true;
    previous = char;
  });
  const lines =
    text.includes('\n') || text.includes('\u0085') || text.includes('\u2028') || text.includes('\u2029');
  let plain = !indicators && !lines;
  let single = true;
  let block = true;
  if (edge.leading || edge.leadingBreak || edge.trailing || edge.trailingBreak) plain = false;
  if (edge.trailing) block = false;
  if (breakSpace) {
    plain = false;
    single = false;
  }
  if (spaceBreak || special) {
    plain = false;
    single = false;
    block = false;
  }
  return { plain, single, block };
}

/** Letters before digits, digits as numbers: `a2` before `a10` (yaml.v2 sorter.go). */
function byKey(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  const letter = (c: string): boolean => /\p{L}/u.test(c);
  const digit = (c: string | undefined): boolean => c !== undefined && /\p{Nd}/u.test(c);
  let digits = false;
  for (let i = 0; i < left.length && i < right.length; i++) {
    const l = left[i]!;
    const r = right[i]!;
    if (l === r) {
      digits = digit(l);
      continue;
    }
    if (letter(l) && letter(r)) return l < r ? -1 : 1;
    if (letter(l) || letter(r)) {
      if (digits) return letter(l) ? -1 : 1;
      return letter(r) ? -1 : 1;
    }
    let ln = 0;
    let rn = 0;
    let ai = i;
    let bi = i;
    if (l === '0' || r === '0') {
      for (let j = i - 1; j >= 0 && digit(left[j]); j--) {
        if (left[j] !== '0') {
          ln = 1;
          rn = 1;
          break;
        }
      }
    }
    for (; digit(left[ai]); ai++) ln = ln * 10 + Number(left[ai]);
    for (; digit(right[bi]); bi++) rn = rn * 10 + Number(right[bi]);
    if (ln !== rn) return ln - rn;
    if (ai !== bi) return ai - bi;
    return l < r ? -1 : 1;
  }
  return left.length - right.length;
}
