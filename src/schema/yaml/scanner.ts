import { MAX_DEPTH } from '../json-text.ts';
import { scanBlockScalar, scanFlowScalar, scanPlainScalar } from './scalars.ts';
import { scanTag } from './tag.ts';
import { type Mark, type Token, type TokenKind, YamlError } from './token.ts';

/** A place where a mapping key without `?` may have begun, to be told by the `:` that follows it. */
interface SimpleKey {
  possible: boolean;
  required: boolean;
  tokenNumber: number;
  mark: Mark;
}

const NOWHERE: Mark = { index: 0, line: 0, column: 0 };
const noKey = (): SimpleKey => ({ possible: false, required: false, tokenNumber: 0, mark: NOWHERE });

function isBreakCode(code: number): boolean {
  return code === 10 || code === 13 || code === 0x85 || code === 0x2028 || code === 0x2029;
}

/** Cuts YAML 1.1 into tokens by libyaml's rules, whose faults are part of what clients see. */
export class Scanner {
  readonly text: string;
  index = 0;
  line = 0;
  column = 0;
  flowLevel = 0;
  /** Column of the innermost block collection; -1 outside. */
  indent = -1;
  /** Whether a simple key may begin here. */
  keyAllowed = true;
  readonly #indents: number[] = [];
  readonly #keys: SimpleKey[] = [noKey()];
  readonly #tokens: Token[] = [];
  #head = 0;
  #parsed = 0;
  #ended = false;

  constructor(text: string) {
    this.text = text;
  }

  /** The next token, left where it is. */
  peek(): Token {
    while (this.#needsMore()) this.#fetch();
    return this.#tokens[this.#head]!;
  }

  next(): Token {
    const token = this.peek();
    this.#head++;
    this.#parsed++;
    if (this.#head === this.#tokens.length) {
      this.#tokens.length = 0;
      this.#head = 0;
    }
    return token;
  }

  #needsMore(): boolean {
    if (this.#head === this.#tokens.length) return !this.#ended;
    // A possible key in front may still need a KEY token before it.
    return this.#keys.some((key) => key.possible && key.tokenNumber === this.#parsed && this.#isValid(key));
  }

  mark(): Mark {
    return { index: this.index, line: this.line, column: this.column };
  }

  fault(problem: string, context: Mark = this.mark()): YamlError {
    return YamlError.scanner(problem, this.mark(), context);
  }

  char(offset = 0): string {
    return this.text[this.index + offset] ?? '';
  }

  isBreak(offset = 0): boolean {
    return isBreakCode(this.text.charCodeAt(this.index + offset));
  }

  isBlank(offset = 0): boolean {
    const code = this.text.charCodeAt(this.index + offset);
    return code === 32 || code === 9;
  }

  isBlankOrEnd(offset = 0): boolean {
    const code = this.text.charCodeAt(this.index + offset);
    // Past the end there is no code at all.
    return code === 32 || code === 9 || Number.isNaN(code) || isBreakCode(code);
  }

  atEnd(): boolean {
    return this.index >= this.text.length;
  }

  /** Whether `---` or `...` stands here alone at the beginning of a line. */
  atDocumentIndicator(): boolean {
    if (this.column !== 0) return false;
    const code = this.text.charCodeAt(this.index);
    if (code !== 45 && code !== 46) return false;
    const three = this.text.slice(this.index, this.index + 3);
    return (three === '---' || three === '...') && this.isBlankOrEnd(3);
  }

  /** Past one character, or its two halves. */
  skip(): void {
    const code = this.text.charCodeAt(this.index++);
    // The first half of a pair: the second is no column of its own.
    if (code >= 0xd800 && code < 0xdc00) this.index++;
    this.column++;
  }

  read(): string {
    const start = this.index;
    this.skip();
    return this.text.slice(start, this.index);
  }

  /** Past a line break, which reads as a newline unless it is one of the paragraph separators. */
  readBreak(): string {
    const char = this.char();
    this.index += char === '\r' && this.char(1) === '\n' ? 2 : 1;
    this.line++;
    this.column = 0;
    return char === '\u2028' || char === '\u2029' ? char : '\n';
  }

  #isValid(key: SimpleKey): boolean {
    if (!key.possible) return false;
    if (key.mark.line < this.line || key.mark.index + 1024 < this.index) {
      if (key.required) throw this.fault("could not find expected ':'", key.mark);
      key.possible = false;
    }
    return key.possible;
  }

  #saveKey(): void {
    if (!this.keyAllowed) return;
    this.#removeKey();
    this.#keys[this.#keys.length - 1] = {
      possible: true,
      required: this.flowLevel === 0 && this.indent === this.column,
      tokenNumber: this.#parsed + (this.#tokens.length - this.#head),
      mark: this.mark(),
    };
  }

  #removeKey(): void {
    const key = this.#keys[this.#keys.length - 1]!;
    if (key.possible && key.required) throw this.fault("could not find expected ':'", key.mark);
    key.possible = false;
  }

  #push(kind: TokenKind, mark: Mark, more: Partial<Token> = {}, number = -1): void {
    const token: Token = { kind, mark, text: '', plain: false, handle: '', ...more };
    if (number < 0) this.#tokens.push(token);
    else this.#tokens.splice(this.#head + number - this.#parsed, 0, token);
  }

  #roll(column: number, kind: TokenKind, mark: Mark, number = -1): void {
    if (this.flowLevel > 0 || this.indent >= column) return;
    this.#indents.push(this.indent);
    this.indent = column;
    if (this.#indents.length > MAX_DEPTH) throw this.fault(`exceeded max depth of ${MAX_DEPTH}`);
    this.#push(kind, mark, {}, number);
  }

  #unroll(column: number): void {
    if (this.flowLevel > 0) return;
    while (this.indent > column) {
      this.#push('blockEnd', this.mark());
      this.indent = this.#indents.pop()!;
    }
  }

  #fetch(): void {
    this.#toNextToken();
    this.#unroll(this.column);
    const mark = this.mark();
    const char = this.char();
    const inFlow = this.flowLevel > 0;
    const single = inFlow || this.isBlankOrEnd(1);
    if (this.atEnd()) this.#fetchEnd();
    else if (this.column === 0 && char === '%') this.#fetchDirective(mark);
    else if (this.atDocumentIndicator()) this.#fetchDocumentIndicator(char, mark);
    else if (char === '[') this.#fetchFlowStart('flowSequenceStart', mark);
    else if (char === '{') this.#fetchFlowStart('flowMappingStart', mark);
    else if (char === ']') this.#fetchFlowEnd('flowSequenceEnd', mark);
    else if (char === '}') this.#fetchFlowEnd('flowMappingEnd', mark);
    else if (char === ',') this.#fetchFlowEntry(mark);
    else if (char === '-' && this.isBlankOrEnd(1)) this.#fetchBlockEntry(mark);
    else if (char === '?' && single) this.#fetchKey(mark);
    else if (char === ':' && single) this.#fetchValue(mark);
    else if (char === '*') this.#fetchAnchor('alias', mark);
    else if (char === '&') this.#fetchAnchor('anchor', mark);
    else if (char === '!') this.#fetchKeyable('tag', mark, () => scanTag(this));
    else if ((char === '|' || char === '>') && !inFlow) this.#fetchBlockScalar(char === '|', mark);
    else if (char === "'") this.#fetchKeyable('scalar', mark, () => ({ text: scanFlowScalar(this, true) }));
    else if (char === '"') this.#fetchKeyable('scalar', mark, () => ({ text: scanFlowScalar(this, false) }));
    else if (this.#startsPlain(char)) {
      this.#fetchKeyable('scalar', mark, () => ({ text: scanPlainScalar(this), plain: true }));
    } else throw this.fault('found character that cannot start any token', mark);
  }

  #startsPlain(char: string): boolean {
    if (this.isBlankOrEnd()) return false;
    if (char === '-') return !this.isBlank(1);
    if (this.flowLevel === 0 && (char === '?' || char === ':')) return !this.isBlankOrEnd(1);
    return !'?:,[]{}#&*!|>\'"%@`'.includes(char);
  }

  /** A token that may be the beginning of a simple key. */
  #fetchKeyable(kind: TokenKind, mark: Mark, scan: () => Partial<Token>): void {
    this.#saveKey();
    this.keyAllowed = false;
    this.#push(kind, mark, scan());
  }

  #fetchBlockScalar(literal: boolean, mark: Mark): void {
    this.#removeKey();
    this.keyAllowed = true;
    this.#push('scalar', mark, { text: scanBlockScalar(this, literal) });
  }

  #fetchFlowEntry(mark: Mark): void {
    this.#removeKey();
    this.keyAllowed = true;
    this.skip();
    this.#push('flowEntry', mark);
  }

  #toNextToken(): void {
    for (;;) {
      if (this.column === 0 && this.char() === '\ufeff') this.skip();
      while (this.char() === ' ' || ((this.flowLevel > 0 || !this.keyAllowed) && this.char() === '\t'))
        this.skip();
      if (this.char() === '#') while (!this.atEnd() && !this.isBreak()) this.skip();
      if (!this.isBreak()) return;
      this.readBreak();
      if (this.flowLevel === 0) this.keyAllowed = true;
    }
  }

  #fetchEnd(): void {
    if (this.column !== 0) {
      this.column = 0;
      this.line++;
    }
    this.#unroll(-1);
    this.#removeKey();
    this.keyAllowed = false;
    this.#ended = true;
    this.#push('streamEnd', this.mark());
  }

  #fetchDirective(mark: Mark): void {
    this.#unroll(-1);
    this.#removeKey();
    this.keyAllowed = false;
    this.skip();
    const start = this.index;
    while (/[0-9A-Za-z_-]/.test(this.char())) this.skip();
    const name = this.text.slice(start, this.index);
    if (name === '') throw this.fault('could not find expected directive name', mark);
    if (!this.isBlankOrEnd()) throw this.fault('found unexpected non-alphabetical character', mark);
    if (name !== 'YAML' && name !== 'TAG') throw this.fault('found unknown directive name', mark);
    const rest = this.index;
    while (!this.atEnd() && !this.isBreak()) this.skip();
    this.#push('directive', mark, {
      text: name,
      handle: this.text
        .slice(rest, this.index)
        .replace(/\s#.*$/, '')
        .trim(),
    });
  }

  #fetchDocumentIndicator(char: string, mark: Mark): void {
    this.#unroll(-1);
    this.#removeKey();
    this.keyAllowed = false;
    for (let i = 0; i < 3; i++) this.skip();
    this.#push(char === '-' ? 'documentStart' : 'documentEnd', mark);
  }

  #fetchFlowStart(kind: TokenKind, mark: Mark): void {
    this.#saveKey();
    this.#keys.push(noKey());
    this.flowLevel++;
    if (this.flowLevel > MAX_DEPTH) throw this.fault(`exceeded max depth of ${MAX_DEPTH}`);
    this.keyAllowed = true;
    this.skip();
    this.#push(kind, mark);
  }

  #fetchFlowEnd(kind: TokenKind, mark: Mark): void {
    this.#removeKey();
    if (this.flowLevel > 0) {
      this.flowLevel--;
      this.#keys.pop();
    }
    this.keyAllowed = false;
    this.skip();
    this.#push(kind, mark);
  }

  #fetchBlockEntry(mark: Mark): void {
    if (this.flowLevel === 0) {
      if (!this.keyAllowed) throw this.fault('block sequence entries are not allowed in this context');
      this.#roll(this.column, 'blockSequenceStart', mark);
    }
    this.#removeKey();
    this.keyAllowed = true;
    this.skip();
    this.#push('blockEntry', mark);
  }

  #fetchKey(mark: Mark): void {
    if (this.flowLevel === 0) {
      if (!this.keyAllowed) throw this.fault('mapping keys are not allowed in this context');
      this.#roll(this.column, 'blockMappingStart', mark);
    }
    this.#removeKey();
    this.keyAllowed = this.flowLevel === 0;
    this.skip();
    this.#push('key', mark);
  }

  #fetchValue(mark: Mark): void {
    const key = this.#keys[this.#keys.length - 1]!;
    if (this.#isValid(key)) {
      this.#push('key', key.mark, {}, key.tokenNumber);
      this.#roll(key.mark.column, 'blockMappingStart', key.mark, key.tokenNumber);
      key.possible = false;
      this.keyAllowed = false;
    } else {
      if (this.flowLevel === 0) {
        if (!this.keyAllowed) throw this.fault('mapping values are not allowed in this context');
        this.#roll(this.column, 'blockMappingStart', mark);
      }
      this.keyAllowed = this.flowLevel === 0;
    }
    this.skip();
    this.#push('value', mark);
  }

  #fetchAnchor(kind: 'alias' | 'anchor', mark: Mark): void {
    this.#saveKey();
    this.keyAllowed = false;
    this.skip();
    const start = this.index;
    while (/[0-9A-Za-z_-]/.test(this.char())) this.skip();
    const name = this.text.slice(start, this.index);
    if (name === '' || !(this.isBlankOrEnd() || '?:,]}%@`'.includes(this.char()))) {
      throw this.fault('did not find expected alphabetic or numeric character', mark);
    }
    this.#push(kind, mark, { text: name });
  }
}
