import { decodeUntyped } from '../decode-value.ts';
import { goSyntaxError } from '../go-json-syntax.ts';
import { countKeys, MAX_DEPTH, parseExact, survey } from '../json-text.ts';

/** The body of a patch as Go's encoding/json reads it. */
export type JsonText =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** Fields that stand more than once in one object, as strict errors: `duplicate field "data"`. */
      duplicates(): string[];
    }
  /** Go's error text. */
  | { readonly ok: false; readonly error: string };

/** Reads a text. One that nests too deep for walks over it is refused in Go's words. */
export function readJson(text: string): JsonText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, error: goSyntaxError(Buffer.from(text)) ?? 'unexpected end of JSON input' };
  }
  const { keys, depth } = survey(text);
  if (depth > MAX_DEPTH) return { ok: false, error: 'exceeded max depth' };
  // Counted at once: strategic merge takes the value apart.
  const repeated = keys > countKeys(value);
  return {
    ok: true,
    value,
    duplicates: () => (repeated ? decodeUntyped(parseExact(text), true).strictErrors : []),
  };
}

/** `array`, `string`, …: Go's names for JSON values in its type errors. */
export function jsonTypeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
