import { quote } from '../meta/go-quote.ts';
import { NumberLiteral, plainValue, RepeatedObject } from './json-text.ts';

/** So many strict errors are reported at most, as in Go. */
export const MAX_STRICT_ERRORS = 100;

/** Repeated keys of an untyped value, as strict decoding reports them, and the value without them. */
export function decodeUntyped(value: unknown, strict: boolean): { value: unknown; strictErrors: string[] } {
  const errors = new Set<string>();
  if (strict) findRepeated(value, '', errors);
  return { value: plainValue(value), strictErrors: [...errors] };
}

function findRepeated(value: unknown, path: string, errors: Set<string>): void {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) findRepeated(item, `${path}[${i}]`, errors);
  } else if (value !== null && typeof value === 'object' && !(value instanceof NumberLiteral)) {
    const entries = value instanceof RepeatedObject ? value.entries : Object.entries(value);
    const seen = new Set<string>();
    for (const [key, item] of entries) {
      const at = path === '' ? key : `${path}.${key}`;
      if (seen.has(key) && errors.size < MAX_STRICT_ERRORS) errors.add(`duplicate field ${quote(at)}`);
      seen.add(key);
      findRepeated(item, at, errors);
    }
  }
}
