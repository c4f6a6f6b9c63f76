import { child, key } from '../../meta/field-error.ts';
import type { Structural } from './structural.ts';

export type FieldPathResult =
  | {
      ok: true;
      /** As faults show it: `spec.size`, `labels[a]`. */
      path: string;
      /** Its first step. */
      root: string;
      schema: Structural | undefined;
    }
  | { ok: false; error: string };

/**
 * Follows a path of fields (`.spec.size`, `.labels['a.b']`) through a schema
 * (pkg/apiserver/schema/cel/validation.go, ValidFieldPath).
 */
export function followFieldPath(text: string, schema: Structural, brackets = true): FieldPathResult {
  const failed = (error: string): FieldPathResult => ({ ok: false, error });
  const tokens = tokenize(text);
  let path = '';
  let root = '';
  let at: Structural | undefined = schema;
  const step = (name: string): boolean => {
    if (at?.properties) {
      path = child(path, name);
      at = at.properties.get(name);
      if (!at) return false;
    } else if (at?.additional) {
      path = key(path, name);
      at = at.additional.schema;
    } else return false;
    if (root === '') root = name;
    return true;
  };
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token !== '[' && token !== '.') return failed(`expected [ or . but got: ${token}`);
    if (token === '[' && !brackets) return failed('array notation is not allowed');
    const next = tokens[++i];
    if (next === undefined) return failed('unexpected end of JSON path');
    let name = next;
    if (token === '[') {
      if (next.length < 2 || !next.startsWith("'") || !next.endsWith("'"))
        return failed(`expected single quoted string but got ${next}`);
      const plain = unescaped(next.slice(1, -1));
      if (typeof plain !== 'string') return failed(`invalid string literal: ${plain.error}`);
      name = plain;
    }
    if (!step(name)) return failed('does not refer to a valid field');
    if (token === '.') continue;
    const close = tokens[++i];
    if (close === undefined) return failed('unexpected end of JSON path');
    if (close !== ']') return failed(`expected ] but got ${close}`);
  }
  return { ok: true, path, root, schema: at };
}

/** Delimiters one by one, quoted strings with their quotes, and what stands between them. */
function tokenize(text: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text[at] === "'" ? endOfQuoted(text, at) : endOfWord(text, at);
    tokens.push(text.slice(at, end));
    at = end;
  }
  return tokens;
}

function endOfQuoted(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) if (text[i] === "'" && text[i - 1] !== '\\') return i + 1;
  return text.length;
}

function endOfWord(text: string, start: number): number {
  if ('.[]'.includes(text[start]!)) return start + 1;
  for (let i = start + 1; i < text.length; i++) if ('.[]'.includes(text[i]!)) return i;
  return text.length;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
};

function unescaped(text: string): string | { error: string } {
  let error: string | undefined;
  const plain = text.replace(/\\[^\n]/gu, (sequence) => {
    const char = ESCAPES[sequence[1]!];
    if (char === undefined) error ??= `invalid escape char ${sequence}`;
    return char ?? '';
  });
  return error === undefined ? plain : { error };
}
