import type { TokenType } from './lexer.ts';
import { unescapeBytes, unescapeString } from './unescape.ts';
import { type CelValue, intOf, MAX_INT64, MAX_UINT64, MIN_INT64, uintOf } from './values.ts';

export type Literal = { ok: true; value: CelValue } | { ok: false; message: string };

const wrong = (message: string): Literal => ({ ok: false, message });

/** A literal's value, or what is wrong with it; undefined for tokens that are no literals. Numbers may have a sign. */
export function literalValue(type: TokenType, text: string): Literal | undefined {
  switch (type) {
    case 'NUM_INT': {
      const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
      if (value > MAX_INT64 || value < MIN_INT64) return wrong('invalid int literal');
      return { ok: true, value: intOf(value) };
    }
    case 'NUM_UINT': {
      const value = BigInt(text.slice(0, -1));
      return value > MAX_UINT64 ? wrong('invalid uint literal') : { ok: true, value: uintOf(value) };
    }
    case 'NUM_FLOAT': {
      const value = Number(text);
      return Number.isFinite(value) ? { ok: true, value } : wrong('invalid double literal');
    }
    case 'STRING':
      return unescapeString(text);
    case 'BYTES':
      return unescapeBytes(text.slice(1));
    case "'true'":
      return { ok: true, value: true };
    case "'false'":
      return { ok: true, value: false };
    case "'null'":
      return { ok: true, value: null };
    default:
      return undefined;
  }
}
