const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 0x5c,
  "'": 0x27,
  '"': 0x22,
  '`': 0x60,
  '?': 0x3f,
};

/** The outcome of reading a literal: the text or bytes it stands for, or the words of what is wrong with it. */
export type Unescaped<T> = { ok: true; value: T } | { ok: false; message: string };

/** Takes the prefix and the quotes off a string literal; escapes are left as they are. */
function body(literal: string): { text: string; raw: boolean } {
  let text = literal;
  let raw = false;
  if (text[0] === 'r' || text[0] === 'R') {
    raw = true;
    text = text.slice(1);
  }
  const quotes = text.length >= 6 && (text.startsWith('"""') || text.startsWith("'''")) ? 3 : 1;
  // ANTLR hands over newlines as they are; the language reads CRLF and CR as LF.
  return { text: text.replace(/\r\n?/g, '\n').slice(quotes, -quotes), raw };
}

/** Reads a string literal (with quotes and prefix) as the language definition says. */
export function unescapeString(literal: string): Unescaped<string> {
  const { text, raw } = body(literal);
  if (raw || !text.includes('\\')) return { ok: true, value: text };
  let out = '';
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '\\') {
      out += text[at++];
      continue;
    }
    const read = readEscape(text, at, false);
    if (typeof read === 'string') return { ok: false, message: read };
    out += String.fromCodePoint(read.code);
    at = read.end;
  }
  return { ok: true, value: out };
}

/** Reads a bytes literal without its `b`: hex and octal escapes are single bytes, the rest is UTF-8. */
export function unescapeBytes(literal: string): Unescaped<Uint8Array> {
  const { text, raw } = body(literal);
  if (raw || !text.includes('\\')) return { ok: true, value: new TextEncoder().encode(text) };
  const parts: number[] = [];
  const encoder = new TextEncoder();
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '\\') {
      const next = text.indexOf('\\', at);
      const end = next < 0 ? text.length : next;
      parts.push(...encoder.encode(text.slice(at, end)));
      at = end;
      continue;
    }
    const read = readEscape(text, at, true);
    if (typeof read === 'string') return { ok: false, message: read };
    parts.push(read.code & 0xff);
    at = read.end;
  }
  return { ok: true, value: Uint8Array.from(parts) };
}

function readEscape(text: string, at: number, bytes: boolean): { code: number; end: number } | string {
  const char = text[at + 1];
  if (char === undefined) return "unable to unescape string, found '\\' as last character";
  const simple = SIMPLE[char];
  if (simple !== undefined) return { code: simple, end: at + 2 };
  if (char >= '0' && char <= '3') {
    const digits = text.slice(at + 1, at + 4);
    if (!/^[0-7]{3}$/.test(digits)) return 'unable to unescape octal sequence in string';
    return { code: Number.parseInt(digits, 8), end: at + 4 };
  }
  const length = { x: 2, X: 2, u: 4, U: 8 }[char];
  if (length === undefined || (bytes && length > 2)) return 'unable to unescape string';
  const digits = text.slice(at + 2, at + 2 + length);
  if (digits.length !== length || !/^[0-9a-fA-F]+$/.test(digits)) return 'unable to unescape string';
  const code = Number.parseInt(digits, 16);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return 'invalid unicode code point';
  return { code, end: at + 2 + length };
}
