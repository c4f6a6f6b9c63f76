/** JSONPath templates as client-go reads them (client-go util/jsonpath/parser.go): what stands between the braces. */
export type PathNode =
  | { kind: 'text'; text: string }
  | { kind: 'field'; name: string }
  | { kind: 'number'; value: number; integer: boolean }
  | { kind: 'bool'; value: boolean }
  | { kind: 'wildcard' }
  | { kind: 'recursive' }
  /** `[start:end:step]`; a single index is a slice of one. */
  | {
      kind: 'slice';
      start: number | undefined;
      end: number | undefined;
      step: number | undefined;
      single: boolean;
    }
  | { kind: 'union'; parts: PathNode[][] }
  | { kind: 'filter'; left: PathNode[]; right: PathNode[]; operator: string }
  | { kind: 'identifier'; name: string };

/** More than this many brackets within each other are not read. */
const MAX_DEPTH = 50;

class PathSyntaxError extends Error {}

/** Reads a path such as `.spec.containers[?(@.name=="a")].image`; undefined where it is none. */
export function parseJsonPath(text: string): PathNode[] | undefined {
  try {
    return new Parser(`${text}}`, 0).action();
  } catch (error) {
    if (error instanceof PathSyntaxError) return undefined;
    throw error;
  }
}

const fail = (words: string): never => {
  throw new PathSyntaxError(words);
};

const TERMINATORS = new Set([' ', '\t', '\r', '\n', '.', ',', '[', ']', '$', '@', '{', '}', undefined]);
const isDigit = (char: string | undefined): boolean => char !== undefined && /\p{Nd}/u.test(char);
const isWord = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{Nd}_]/u.test(char);

class Parser {
  readonly #text: string;
  readonly #depth: number;
  #at = 0;

  constructor(text: string, depth: number) {
    if (depth > MAX_DEPTH) fail('nested too deep');
    this.#text = text;
    this.#depth = depth;
  }

  /** Up to the closing brace. */
  action(): PathNode[] {
    const nodes: PathNode[] = [];
    for (;;) {
      if (this.#text.startsWith('}', this.#at)) return nodes;
      if (this.#text.startsWith('[?(', this.#at)) this.#filter(nodes);
      else if (this.#text.startsWith('..', this.#at)) this.#recursive(nodes);
      else this.#next(nodes);
    }
  }

  #next(nodes: PathNode[]): void {
    const char = this.#text[this.#at];
    if (char === undefined || char === '\n' || char === '\r') fail('unclosed action');
    if (char === ' ' || char === '@' || char === '$') this.#at++;
    else if (char === '[') this.#array(nodes);
    else if (char === '"' || char === "'") this.#quoted(nodes, char);
    else if (char === '.') {
      this.#at++;
      this.#field(nodes);
    } else if (char === '+' || char === '-' || isDigit(char)) this.#number(nodes);
    else if (isWord(char)) this.#identifier(nodes);
    else fail('unrecognized character in action');
  }

  #field(nodes: PathNode[]): void {
    const start = this.#at;
    while (!TERMINATORS.has(this.#text[this.#at])) this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    const name = this.#text.slice(start, this.#at);
    nodes.push(name === '*' ? { kind: 'wildcard' } : { kind: 'field', name: name.replaceAll('\\', '') });
  }

  #recursive(nodes: PathNode[]): void {
    if (nodes.at(-1)?.kind === 'recursive') fail('invalid multiple recursive descent');
    this.#at += 2;
    nodes.push({ kind: 'recursive' });
    if (isWord(this.#text[this.#at])) this.#field(nodes);
  }

  #number(nodes: PathNode[]): void {
    const start = this.#at++;
    while (this.#text[this.#at] === '.' || isDigit(this.#text[this.#at])) this.#at++;
    const text = this.#text.slice(start, this.#at);
    if (!/^[-+]?(\d+\.?\d*|\.\d+)$/.test(text)) fail('cannot parse number');
    nodes.push({ kind: 'number', value: Number(text), integer: !text.includes('.') });
  }

  #identifier(nodes: PathNode[]): void {
    const start = this.#at;
    while (!TERMINATORS.has(this.#text[this.#at])) this.#at++;
    const name = this.#text.slice(start, this.#at);
    if (name === 'true' || name === 'false') nodes.push({ kind: 'bool', value: name === 'true' });
    else nodes.push({ kind: 'identifier', name });
  }

  #quoted(nodes: PathNode[], quote: string): void {
    const start = ++this.#at;
    while (this.#text[this.#at] !== quote || this.#text[this.#at - 1] === '\\') {
      const char = this.#text[this.#at++];
      if (char === undefined || char === '\n') fail('unterminated quoted string');
    }
    nodes.push({ kind: 'text', text: unquoted(this.#text.slice(start, this.#at)) });
    this.#at++;
  }

  #array(nodes: PathNode[]): void {
    const close = this.#text.indexOf(']', this.#at);
    if (close < 0) fail('unterminated array');
    let inner = this.#text.slice(this.#at + 1, close);
    if (inner.includes('\n')) fail('unterminated array');
    this.#at = close + 1;
    if (inner === '*') inner = ':';
    const parts = inner.split(',');
    if (parts.length > 1) {
      nodes.push({
        kind: 'union',
        parts: parts.map((part) => this.#inner(`[${part.replace(/^ +| +$/g, '')}]`)),
      });
      return;
    }
    const name = /^'([^']*)'$/.exec(inner);
    if (name) nodes.push(...this.#inner(`.${name[1]}`));
    else nodes.push(slice(inner));
  }

  #inner(text: string): PathNode[] {
    return new Parser(`${text}}`, this.#depth + 1).action();
  }

  #filter(nodes: PathNode[]): void {
    const start = this.#at + 3;
    const end = this.#endOfFilter(start);
    if (this.#text[end + 1] !== ']') fail('unclosed array expect ]');
    this.#at = end + 2;
    const text = this.#text.slice(start, end);
    const [, left, operator, right] = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(text) ?? [];
    if (left === undefined)
      nodes.push({ kind: 'filter', left: this.#inner(text), right: [], operator: 'exists' });
    else
      nodes.push({
        kind: 'filter',
        left: this.#inner(left),
        right: this.#inner(right!),
        operator: operator!,
      });
  }

  /** Where the bracket closes: one inside quotes does not count. */
  #endOfFilter(start: number): number {
    let quote: string | undefined;
    let closed = false;
    for (let i = start; i < this.#text.length; i++) {
      const char = this.#text[i]!;
      if (char === '\n') break;
      if (char === '"' || char === "'") {
        if (quote === undefined) quote = char;
        else if (this.#text[i - 1] !== '\\' && char === quote) closed = true;
      } else if (char === ')' && (quote !== undefined) === closed) return i;
    }
    return fail('unterminated filter');
  }
}

function slice(text: string): PathNode {
  const parts = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text);
  if (!parts) return fail('invalid array index');
  const read = (part: string | undefined): number | undefined => {
    const digits = part?.replace(':', '');
    if (digits === undefined || digits === '') return undefined;
    return digits === '-' ? fail('array index is not a number') : Number(digits);
  };
  const start = read(parts[1]);
  if (parts[2] === undefined)
    return { kind: 'slice', start, end: (start ?? 0) + 1, step: read(parts[3]), single: true };
  return { kind: 'slice', start, end: read(parts[2]), step: read(parts[3]), single: false };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unquoted(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\s\S])/g, (sequence, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if ('\\\'"'.includes(code)) return code;
    return ESCAPES[code] ?? fail(`unquote string ${sequence}`);
  });
}
