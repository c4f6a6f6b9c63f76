import type { Issues } from './issues.ts';

/** Terminal symbols of the grammar, by the names ANTLR gives them in messages. */
export type TokenType =
  | "'=='"
  | "'!='"
  | "'in'"
  | "'<'"
  | "'<='"
  | "'>='"
  | "'>'"
  | "'&&'"
  | "'||'"
  | "'['"
  | "']'"
  | "'{'"
  | "'}'"
  | "'('"
  | "')'"
  | "'.'"
  | "','"
  | "'-'"
  | "'!'"
  | "'?'"
  | "':'"
  | "'+'"
  | "'*'"
  | "'/'"
  | "'%'"
  | "'true'"
  | "'false'"
  | "'null'"
  | 'NUM_FLOAT'
  | 'NUM_INT'
  | 'NUM_UINT'
  | 'STRING'
  | 'BYTES'
  | 'IDENTIFIER'
  | 'ESC_IDENTIFIER'
  | '<EOF>';

export interface Token {
  type: TokenType;
  text: string;
  /** UTF-16 offsets. */
  start: number;
  end: number;
}

export interface Tokens {
  /** The last one is the end of the text. */
  tokens: Token[];
  /** What was no token: reported, and passed over. */
  refused: { start: number; end: number }[];
}

const KEYWORDS: ReadonlyMap<string, TokenType> = new Map([
  ['in', "'in'"],
  ['true', "'true'"],
  ['false', "'false'"],
  ['null', "'null'"],
]);

// The patterns are ours, anchored, and free of nested repetition: they never backtrack over the text.
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const ESC_IDENTIFIER = /`[A-Za-z0-9_./ -]+`/y;
const NUM_FLOAT =
  /(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)/y;
const NUM_INT = /(?:0x[0-9a-fA-F]+|[0-9]+)[uU]?/y;
const ESCAPE = /\\(?:[abfnrtv"'\\?`]|[0-3][0-7][0-7]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y;
const OPERATORS = ['==', '!=', '<=', '>=', '&&', '||'];
const SINGLE = '<>[]{}().,-!?:+*/%';

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/**
 * Splits an expression into tokens, by the longest match as ANTLR's lexer does. What no token begins with is
 * reported and skipped.
 */
export function tokenize(text: string, issues: Issues): Tokens {
  const tokens: Token[] = [];
  const refused: { start: number; end: number }[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = skipBlank(text, at);
    if (blank > at) {
      at = blank;
      continue;
    }
    const end = tokenEnd(text, at);
    if (typeof end === 'number') {
      const stop = errorEnd(text, at, end);
      issues.report(at, `Syntax error: token recognition error at: '${escapeWhite(text.slice(at, stop))}'`);
      // ANTLR shows the character that did not fit, and then passes over it.
      refused.push({ start: at, end: stop });
      at = stop;
      continue;
    }
    tokens.push({ type: end.type, text: text.slice(at, end.end), start: at, end: end.end });
    at = end.end;
  }
  tokens.push({ type: '<EOF>', text: '<EOF>', start: text.length, end: text.length });
  return { tokens, refused };
}

function skipBlank(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d || code === 0x0c) at++;
    else if (code === 0x2f && text.charCodeAt(at + 1) === 0x2f) {
      const newline = text.indexOf('\n', at);
      at = newline < 0 ? text.length : newline;
    } else return at;
  }
}

/** The token at an offset, or, where there is none, how far a token might still have gone. */
function tokenEnd(text: string, at: number): { type: TokenType; end: number } | number {
  const char = text[at]!;
  const identifier = match(IDENTIFIER, text, at);
  if (identifier !== undefined) {
    const literal = stringAt(text, at);
    if (typeof literal === 'object') return literal;
    return { type: KEYWORDS.get(identifier) ?? 'IDENTIFIER', end: at + identifier.length };
  }
  const float = match(NUM_FLOAT, text, at);
  const int = match(NUM_INT, text, at);
  if (float !== undefined && float.length > (int?.length ?? 0))
    return { type: 'NUM_FLOAT', end: at + float.length };
  if (int !== undefined) {
    return { type: /[uU]$/.test(int) ? 'NUM_UINT' : 'NUM_INT', end: at + int.length };
  }
  if (char === '"' || char === "'") return stringAt(text, at);
  if (char === '`') {
    const escaped = match(ESC_IDENTIFIER, text, at);
    if (escaped !== undefined) return { type: 'ESC_IDENTIFIER', end: at + escaped.length };
    let end = at + 1;
    while (end < text.length && /[A-Za-z0-9_./ -]/.test(text[end]!)) end++;
    return end;
  }
  const two = text.slice(at, at + 2);
  if (OPERATORS.includes(two)) return { type: `'${two}'` as TokenType, end: at + 2 };
  if (SINGLE.includes(char)) return { type: `'${char}'` as TokenType, end: at + 1 };
  // '=', '&' and '|' begin a token that never comes.
  return at + 1;
}

/** How much of the text a failed token takes with it: up to and with the first character that fits nothing. */
function errorEnd(text: string, at: number, reached: number): number {
  const first = text[at]!;
  if (first === '=' || first === '&' || first === '|') {
    return Math.min(text.length, at + (at + 1 < text.length ? 2 : 1));
  }
  if (first === '"' || first === "'" || first === '`') return Math.min(text.length, reached + 1);
  return at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
}

/** A string or bytes literal with its prefixes, or how far it could be read. */
function stringAt(text: string, at: number): { type: TokenType; end: number } | number {
  let quoteAt = at;
  let raw = false;
  let bytes = false;
  if (/[bB]/.test(text[quoteAt]!)) {
    bytes = true;
    quoteAt++;
  }
  if (/[rR]/.test(text[quoteAt] ?? '')) {
    raw = true;
    quoteAt++;
  }
  const quote = text[quoteAt];
  if (quote !== '"' && quote !== "'") return quoteAt;
  const type = bytes ? 'BYTES' : 'STRING';
  if (text.startsWith(quote.repeat(3), quoteAt)) {
    const end = closing(text, quoteAt + 3, quote.repeat(3), raw, true);
    if (end.closed) return { type, end: end.at };
    // Three quotes may still be an empty string and the beginning of another.
    return { type, end: quoteAt + 2 };
  }
  const end = closing(text, quoteAt + 1, quote, raw, false);
  return end.closed ? { type, end: end.at } : end.at;
}

function closing(
  text: string,
  from: number,
  quote: string,
  raw: boolean,
  lines: boolean,
): { at: number; closed: boolean } {
  let at = from;
  while (at < text.length) {
    if (text.startsWith(quote, at)) return { at: at + quote.length, closed: true };
    const char = text[at]!;
    if (!lines && (char === '\n' || char === '\r')) return { at, closed: false };
    if (char === '\\' && !raw) {
      const sequence = match(ESCAPE, text, at);
      if (sequence === undefined) return { at: at + partialEscape(text.slice(at)), closed: false };
      at += sequence.length;
    } else at++;
  }
  return { at, closed: false };
}

/** How much of a wrong escape sequence could still have become a right one. */
function partialEscape(text: string): number {
  const pattern = /^\\(?:[0-3][0-7]?|[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7})?/;
  return pattern.exec(text)![0].length;
}

function escapeWhite(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
}
