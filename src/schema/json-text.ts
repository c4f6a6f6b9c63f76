/** What JSON.parse does not tell of a text: repeated keys, how a number was written, how deep it nests. */

/** Deeper bodies are refused: walks over an object would run out of stack. Go draws its line at 10000. */
export const MAX_DEPTH = 1000;

/** An object that names a key more than once. Only `parseExact` makes these; other objects stay plain. */
export class RepeatedObject {
  readonly entries: [string, unknown][];
  constructor(entries: [string, unknown][]) {
    this.entries = entries;
  }
}

/** A number that is no plain integer of at most 15 digits, as it was written. */
export class NumberLiteral {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export interface TextSurvey {
  /** Keys of all objects, repeated ones counted each time. */
  keys: number;
  /** Whether a number has a fraction, an exponent or more than 15 digits. */
  oddNumbers: boolean;
  depth: number;
}

/** One pass over a text that JSON.parse has accepted. */
export function survey(text: string): TextSurvey {
  let keys = 0;
  let oddNumbers = false;
  let depth = 0;
  let deepest = 0;
  let digits = 0;
  const end = text.length;
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) {
      if (++digits > 15) oddNumbers = true;
      continue;
    }
    switch (code) {
      case 34: {
        // To the closing quote: one that has an even number of backslashes before it.
        let close = text.indexOf('"', at + 1);
        while (text.charCodeAt(close - 1) === 92) {
          let slashes = 1;
          while (text.charCodeAt(close - 1 - slashes) === 92) slashes++;
          if (slashes % 2 === 0) break;
          close = text.indexOf('"', close + 1);
        }
        at = close;
        break;
      }
      case 58:
        keys++;
        break;
      case 123:
      case 91:
        if (++depth > deepest) deepest = depth;
        break;
      case 125:
      case 93:
        depth--;
        break;
      case 46:
        oddNumbers = true;
        break;
      case 69:
      case 101:
        // Of `true` and `false` no e follows a digit.
        if (digits > 0) oddNumbers = true;
        break;
    }
    digits = 0;
  }
  return { keys, oddNumbers, depth: deepest };
}

/** How many keys a parsed value has. Fewer than the survey found means that some were repeated. */
export function countKeys(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (item !== null && typeof item === 'object') count += countKeys(item);
    return count;
  }
  for (const key in value) {
    count++;
    const item = (value as Record<string, unknown>)[key];
    if (item !== null && typeof item === 'object') count += countKeys(item);
  }
  return count;
}

/** Parses a text that JSON.parse has accepted, keeping repeated keys and odd numbers apart. */
export function parseExact(text: string): unknown {
  let at = 0;
  const blank = /[ \t\n\r]*/y;
  const number = /[-+.0-9eE]+/y;
  const skip = (): void => {
    blank.lastIndex = at;
    blank.test(text);
    at = blank.lastIndex;
  };
  const string = (): string => {
    const start = at++;
    while (text.charCodeAt(at) !== 34) at += text.charCodeAt(at) === 92 ? 2 : 1;
    return JSON.parse(text.slice(start, ++at)) as string;
  };
  const value = (): unknown => {
    skip();
    switch (text[at]) {
      case '{':
        return object();
      case '[':
        return array();
      case '"':
        return string();
      case 't':
        at += 4;
        return true;
      case 'f':
        at += 5;
        return false;
      case 'n':
        at += 4;
        return null;
    }
    number.lastIndex = at;
    const written = number.exec(text)![0];
    at = number.lastIndex;
    return /^-?\d{1,15}$/.test(written) ? Number(written) : new NumberLiteral(written);
  };
  const array = (): unknown[] => {
    const items: unknown[] = [];
    at++;
    skip();
    while (text[at] !== ']') {
      items.push(value());
      skip();
      if (text[at] === ',') at++;
      skip();
    }
    at++;
    return items;
  };
  const object = (): unknown => {
    const entries: [string, unknown][] = [];
    at++;
    skip();
    while (text[at] !== '}') {
      const key = string();
      skip();
      at++;
      entries.push([key, value()]);
      skip();
      if (text[at] === ',') at++;
      skip();
    }
    at++;
    return new Set(entries.map(([key]) => key)).size === entries.length
      ? plainObject(entries)
      : new RepeatedObject(entries);
  };
  return value();
}

/** An object of entries; the last of a repeated key wins, and `__proto__` is a key like any other. */
export function plainObject(entries: Iterable<[string, unknown]>): Record<string, unknown> {
  return Object.fromEntries(entries);
}

/** A value of `parseExact` as JSON.parse would have given it. */
export function plainValue(value: unknown): unknown {
  if (value instanceof NumberLiteral) return Number(value.text);
  if (value instanceof RepeatedObject)
    return plainObject(value.entries.map(([key, item]) => [key, plainValue(item)]));
  if (Array.isArray(value)) return value.map(plainValue);
  if (value !== null && typeof value === 'object') {
    return plainObject(Object.entries(value).map(([key, item]) => [key, plainValue(item)]));
  }
  return value;
}
