import { type Ast, type EntryExpr, type Expr, type FieldExpr, OP, Source } from './ast.ts';
import { Issues } from './issues.ts';
import { type Token, type Tokens, type TokenType, tokenize } from './lexer.ts';
import { literalValue } from './literals.ts';
import { macroFactory } from './macro-factory.ts';
import { type Macro, MacroError, type MacroFactory } from './macros.ts';
import { Nesting, TooLarge } from './nesting.ts';
import { reportSyntaxErrors } from './syntax-errors.ts';

/** How many characters an expression may have (cel-go's limit). */
const MAX_CODE_POINTS = 100_000;

/** Identifiers that may not be variables; as fields they are fine. */
const RESERVED = new Set(
  (
    'as break const continue else false for function if import in let loop package namespace null return true ' +
    'var void while'
  ).split(' '),
);

const RELATIONS: Readonly<Record<string, string>> = {
  "'<'": OP.less,
  "'<='": OP.lessEquals,
  "'>='": OP.greaterEquals,
  "'>'": OP.greater,
  "'=='": OP.equals,
  "'!='": OP.notEquals,
  "'in'": OP.in,
};
const PRODUCTS: Readonly<Record<string, string>> = { "'*'": OP.multiply, "'/'": OP.divide, "'%'": OP.modulo };
const SUMS: Readonly<Record<string, string>> = { "'+'": OP.add, "'-'": OP.subtract };

export interface ParserOptions {
  macros: ReadonlyMap<string, Macro>;
  /** `a.?b`, `a[?b]`, `[?e]`, `{?k: v}`. */
  optionalSyntax: boolean;
  /** Field names in backquotes. */
  escapedIdentifiers: boolean;
}

/** The key under which a macro is found. */
export function macroKey(name: string, args: number | 'any', receiver: boolean): string {
  return `${name}:${args}:${receiver}`;
}

/** A token that fits nowhere: parsing ends, and the slow reporter finds the words for it. */
class Unexpected extends Error {}

/** Parses an expression. Where issues were found the tree is of no use. */
export function parse(text: string, options: ParserOptions): { ast: Ast; issues: Issues } {
  const source = new Source(text);
  const issues = new Issues(source);
  const offsets: number[] = [-1];
  const empty = (): Ast => ({
    root: { kind: 'unspecified', id: 0 },
    source,
    offsets,
    types: new Map(),
    references: new Map(),
  });
  const size = [...text].length;
  if (size > MAX_CODE_POINTS) {
    issues.report(-1, `expression code point size exceeds limit: size: ${size}, limit ${MAX_CODE_POINTS}`);
    return { ast: empty(), issues };
  }
  const { tokens, refused } = tokenize(text, issues);
  const parser = new Parser(tokens, issues, offsets, options);
  try {
    const root = parser.start();
    return { ast: { ...empty(), root }, issues };
  } catch (error) {
    if (error instanceof TooLarge) {
      issues.report(-1, error.message);
    } else if (error instanceof Unexpected) {
      const between = (from: Token, to: Token): string => textBetween(text, refused, from, to);
      reportSyntaxErrors(tokens, between, issues);
    } else throw error;
    return { ast: empty(), issues };
  }
}

/** The text from one token to another, without what was no token. */
function textBetween(text: string, refused: Tokens['refused'], from: Token, to: Token): string {
  let out = '';
  let at = from.start;
  for (const gap of refused) {
    if (gap.start < at || gap.end > to.end) continue;
    out += text.slice(at, gap.start);
    at = gap.end;
  }
  return out + text.slice(at, to.end);
}

class Parser {
  readonly #tokens: Token[];
  readonly #issues: Issues;
  readonly #offsets: number[];
  readonly #options: ParserOptions;
  #at = 0;
  readonly #nesting = new Nesting();

  constructor(tokens: Token[], issues: Issues, offsets: number[], options: ParserOptions) {
    this.#tokens = tokens;
    this.#issues = issues;
    this.#offsets = offsets;
    this.#options = options;
  }

  start(): Expr {
    const root = this.#expr();
    this.#expect('<EOF>');
    return root;
  }

  get #type(): TokenType {
    return this.#tokens[this.#at]!.type;
  }

  #is(type: TokenType): boolean {
    return this.#type === type;
  }

  #peek(ahead: number): TokenType {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!.type;
  }

  #take(): Token {
    return this.#tokens[this.#at++]!;
  }

  #expect(type: TokenType): Token {
    if (this.#type !== type) throw new Unexpected();
    return this.#take();
  }

  #accept(type: TokenType): Token | undefined {
    return this.#type === type ? this.#take() : undefined;
  }

  #id(token: Token): number {
    return this.#idAt(token.start);
  }

  #idAt(offset: number): number {
    this.#offsets.push(offset);
    this.#nesting.count(this.#offsets.length);
    return this.#offsets.length - 1;
  }

  #wrong(token: Token, message: string): Expr {
    const id = this.#id(token);
    this.#issues.report(token.start, message, id);
    return { kind: 'unspecified', id };
  }

  #expr(): Expr {
    this.#nesting.enter('expr');
    let out = this.#logical("'||'", OP.or, () => this.#logical("'&&'", OP.and, () => this.#relation()));
    const question = this.#accept("'?'");
    if (question) {
      const id = this.#id(question);
      const yes = this.#logical("'||'", OP.or, () => this.#logical("'&&'", OP.and, () => this.#relation()));
      this.#expect("':'");
      const no = this.#expr();
      const parts = [out, yes, no];
      out = this.#nesting.over(
        { kind: 'call', id, fn: OP.conditional, target: undefined, args: parts },
        ...parts,
      );
    }
    this.#nesting.leave('expr');
    return out;
  }

  #logical(operator: TokenType, fn: string, next: () => Expr): Expr {
    const first = next();
    if (this.#type !== operator) return first;
    const terms = [first];
    const ids: number[] = [];
    while (this.#type === operator) {
      const token = this.#take();
      terms.push(next());
      ids.push(this.#id(token));
    }
    return this.#nesting.around(balanced(fn, terms, ids, 0, ids.length - 1), ...terms);
  }

  #relation(): Expr {
    this.#nesting.enter('relation');
    let left = this.#sum();
    for (let fn = RELATIONS[this.#type]; fn; fn = RELATIONS[this.#type]) {
      const id = this.#id(this.#take());
      this.#nesting.enter('relation');
      left = this.#operation(id, fn, left, this.#sum());
      this.#nesting.leave('relation');
    }
    this.#nesting.leave('relation');
    return left;
  }

  #sum(): Expr {
    this.#nesting.enter('calc');
    const out = this.#binary(SUMS, () => this.#binary(PRODUCTS, () => this.#unary()));
    this.#nesting.leave('calc');
    return out;
  }

  #binary(operators: Readonly<Record<string, string>>, next: () => Expr): Expr {
    let left = next();
    for (let fn = operators[this.#type]; fn; fn = operators[this.#type]) {
      const id = this.#id(this.#take());
      this.#nesting.enter('calc');
      left = this.#operation(id, fn, left, next());
      this.#nesting.leave('calc');
    }
    return left;
  }

  #operation(id: number, fn: string, left: Expr, right: Expr): Expr {
    return this.#nesting.over({ kind: 'call', id, fn, target: undefined, args: [left, right] }, left, right);
  }

  #unary(): Expr {
    const operator = this.#type;
    if (operator === "'!'" || (operator === "'-'" && !this.#signedNumber())) {
      const first = this.#take();
      let count = 1;
      while (this.#accept(operator)) count++;
      if (count % 2 === 0) return this.#member();
      const id = this.#id(first);
      const fn = operator === "'!'" ? OP.not : OP.negate;
      const operand = this.#member();
      return this.#nesting.around({ kind: 'call', id, fn, target: undefined, args: [operand] }, operand);
    }
    return this.#member();
  }

  #signedNumber(): boolean {
    const next = this.#peek(1);
    return this.#type === "'-'" && (next === 'NUM_INT' || next === 'NUM_FLOAT');
  }

  #member(): Expr {
    this.#nesting.enter('member');
    let out = this.#primary();
    for (;;) {
      if (this.#type === "'.'") out = this.#selection(out);
      else if (this.#type === "'['") out = this.#index(out);
      else break;
    }
    this.#nesting.leave('member');
    return out;
  }

  #selection(operand: Expr): Expr {
    const dot = this.#take();
    const optional = this.#accept("'?'");
    const name = this.#take();
    if (name.type !== 'IDENTIFIER' && name.type !== 'ESC_IDENTIFIER') {
      this.#at--;
      throw new Unexpected();
    }
    if (!optional && name.type === 'IDENTIFIER' && this.#type === "'('") {
      const open = this.#take();
      const id = this.#id(open);
      const args = this.#arguments();
      return this.#nesting.over(this.#call(id, name.text, operand, args), operand, ...args);
    }
    const field = this.#fieldName(name);
    if (optional) {
      if (!this.#options.optionalSyntax) return this.#wrong(dot, "unsupported syntax '.?'");
      const key: Expr = { kind: 'literal', id: this.#id(name), value: field };
      return this.#operation(this.#id(dot), OP.optSelect, operand, key);
    }
    return this.#nesting.over(
      { kind: 'select', id: this.#id(dot), operand, field, testOnly: false },
      operand,
    );
  }

  #fieldName(token: Token): string {
    if (token.type === 'IDENTIFIER') return token.text;
    if (!this.#options.escapedIdentifiers) this.#wrong(token, "unsupported syntax: '`'");
    return token.text.slice(1, -1);
  }

  #index(target: Expr): Expr {
    const open = this.#take();
    const id = this.#id(open);
    const optional = this.#accept("'?'");
    const index = this.#expr();
    this.#expect("']'");
    if (optional && !this.#options.optionalSyntax) return this.#wrong(open, "unsupported syntax '[?'");
    const fn = optional ? OP.optIndex : OP.index;
    return this.#nesting.over(
      { kind: 'call', id, fn, target: undefined, args: [target, index] },
      target,
      index,
    );
  }

  #primary(): Expr {
    const token = this.#tokens[this.#at]!;
    switch (token.type) {
      case "'('": {
        this.#take();
        const inner = this.#expr();
        this.#expect("')'");
        return inner;
      }
      case "'['":
        return this.#list();
      case "'{'": {
        const id = this.#id(this.#take());
        const entries = this.#entries();
        return this.#nesting.around(
          { kind: 'map', id, entries },
          ...entries.flatMap((e) => [e.key, e.value]),
        );
      }
      case "'.'":
      case 'IDENTIFIER':
        return this.#named();
      default:
        return this.#literal();
    }
  }

  #named(): Expr {
    const first = this.#tokens[this.#at]!;
    const dot = this.#accept("'.'") ? '.' : '';
    if (this.#type !== 'IDENTIFIER') throw new Unexpected();
    let ahead = 1;
    while (this.#peek(ahead) === "'.'" && this.#peek(ahead + 1) === 'IDENTIFIER') ahead += 2;
    if (this.#peek(ahead) === "'{'") return this.#message(dot, ahead);
    const name = this.#take();
    const open = this.#accept("'('");
    if (RESERVED.has(name.text)) {
      if (open) this.#arguments();
      return this.#wrong(first, `reserved identifier: ${name.text}`);
    }
    if (!open) return { kind: 'ident', id: this.#id(name), name: dot + name.text };
    const id = this.#id(open);
    const args = this.#arguments();
    return this.#nesting.around(this.#call(id, dot + name.text, undefined, args), ...args);
  }

  #message(dot: string, tokens: number): Expr {
    let typeName = dot;
    for (let i = 0; i < tokens; i++) typeName += this.#take().text;
    const id = this.#id(this.#expect("'{'"));
    const fields: FieldExpr[] = [];
    if (this.#type !== "'}'" && this.#type !== "','") {
      do {
        if (this.#is("'}'")) break;
        const question = this.#accept("'?'");
        const name = this.#take();
        if (name.type !== 'IDENTIFIER' && name.type !== 'ESC_IDENTIFIER') throw new Unexpected();
        if (question && !this.#options.optionalSyntax) this.#wrong(question, "unsupported syntax '?'");
        const colon = this.#expect("':'");
        const fieldId = this.#id(colon);
        const field = this.#fieldName(name);
        fields.push({ id: fieldId, name: field, value: this.#expr(), optional: question !== undefined });
      } while (this.#accept("','"));
    } else this.#accept("','");
    this.#expect("'}'");
    return this.#nesting.around({ kind: 'struct', id, typeName, fields }, ...fields.map((f) => f.value));
  }

  #list(): Expr {
    const id = this.#id(this.#take());
    const elements: Expr[] = [];
    const optionals = new Set<number>();
    if (this.#type !== "']'" && this.#type !== "','") {
      do {
        if (this.#is("']'")) break;
        const question = this.#accept("'?'");
        if (question) {
          if (this.#options.optionalSyntax) optionals.add(elements.length);
          else this.#wrong(question, "unsupported syntax '?'");
        }
        elements.push(this.#expr());
      } while (this.#accept("','"));
    } else this.#accept("','");
    this.#expect("']'");
    return this.#nesting.around({ kind: 'list', id, elements, optionals }, ...elements);
  }

  #entries(): EntryExpr[] {
    const entries: EntryExpr[] = [];
    if (this.#type !== "'}'" && this.#type !== "','") {
      do {
        if (this.#is("'}'")) break;
        const question = this.#accept("'?'");
        if (question && !this.#options.optionalSyntax) this.#wrong(question, "unsupported syntax '?'");
        const key = this.#expr();
        const id = this.#id(this.#expect("':'"));
        entries.push({ id, key, value: this.#expr(), optional: question !== undefined });
      } while (this.#accept("','"));
    } else this.#accept("','");
    this.#expect("'}'");
    return entries;
  }

  #arguments(): Expr[] {
    const args: Expr[] = [];
    if (this.#type !== "')'") {
      do args.push(this.#expr());
      while (this.#accept("','"));
    }
    this.#expect("')'");
    return args;
  }

  #literal(): Expr {
    const token = this.#take();
    let read = literalValue(token.type, token.text);
    if (token.type === "'-'") {
      const number = this.#take();
      if (number.type === 'NUM_INT' || number.type === 'NUM_FLOAT') {
        read = literalValue(number.type, `-${number.text}`);
      }
    }
    if (!read) throw new Unexpected();
    if (!read.ok) return this.#wrong(token, read.message);
    return { kind: 'literal', id: this.#id(token), value: read.value };
  }

  #call(id: number, fn: string, target: Expr | undefined, args: Expr[]): Expr {
    const receiver = target !== undefined;
    const { macros } = this.#options;
    const macro =
      macros.get(macroKey(fn, args.length, receiver)) ?? macros.get(macroKey(fn, 'any', receiver));
    if (macro) {
      const expanded = macro.expand(this.#factory(id), target, args);
      if (expanded instanceof MacroError) {
        this.#issues.report(this.#offsets[expanded.id]!, expanded.message, expanded.id);
        return { kind: 'unspecified', id };
      }
      if (expanded) return expanded;
    }
    return { kind: 'call', id, fn, target, args };
  }

  #factory(id: number): MacroFactory {
    return macroFactory(
      this.#offsets[id]!,
      (offset) => this.#idAt(offset),
      (of) => this.#offsets[of]!,
    );
  }
}

/** Terms of && or || as a tree of little depth, so that long conditions do not nest deep. */
function balanced(fn: string, terms: Expr[], ids: number[], low: number, high: number): Expr {
  const mid = Math.floor((low + high + 1) / 2);
  const left = mid === low ? terms[mid]! : balanced(fn, terms, ids, low, mid - 1);
  const right = mid === high ? terms[mid + 1]! : balanced(fn, terms, ids, mid + 1, high);
  return { kind: 'call', id: ids[mid]!, fn, target: undefined, args: [left, right] };
}
