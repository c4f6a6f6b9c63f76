import { MAX_DEPTH } from './json-text.ts';

/**
 * Why Go's encoding/json refuses a text, in its words (encoding/json/scanner.go); undefined for what it takes.
 * Only asked once JSON.parse has thrown, or the text nests too deep.
 */
export function goSyntaxError(body: Uint8Array): string | undefined {
  const stack: ('key' | 'value' | 'item')[] = [];
  let state: State = beginValue;
  for (const byte of body) {
    const next = state(byte, stack);
    if (typeof next === 'string') return next;
    if (stack.length > MAX_DEPTH) return 'exceeded max depth';
    state = next;
  }
  if (state === endTop) return undefined;
  return stack.length === 0 && state(32, stack) === endTop ? undefined : 'unexpected end of JSON input';
}

/** What each open bracket waits for; and a state is what the next byte means, or the error it is. */
type Stack = ('key' | 'value' | 'item')[];
type State = (byte: number, stack: Stack) => State | string;

const isSpace = (byte: number): boolean => byte === 32 || byte === 9 || byte === 13 || byte === 10;
const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

function bad(byte: number, context: string): string {
  return `invalid character ${quoteByte(byte)} ${context}`;
}

/** strconv.Quote of the byte taken for a character, in single quotes. */
function quoteByte(byte: number): string {
  if (byte === 39) return `'\\''`;
  if (byte === 34) return `'"'`;
  const escapes: Record<number, string> = {
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
    92: '\\\\',
  };
  if (escapes[byte]) return `'${escapes[byte]}'`;
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`;
  if ((byte >= 0x80 && byte <= 0xa0) || byte === 0xad) return `'\\u${byte.toString(16).padStart(4, '0')}'`;
  return `'${String.fromCharCode(byte)}'`;
}

const beginValue: State = (byte, stack) => {
  if (isSpace(byte)) return beginValue;
  switch (byte) {
    case 123:
      stack.push('key');
      return beginKeyOrEnd;
    case 91:
      stack.push('item');
      return beginItemOrEnd;
    case 34:
      return inString;
    case 45:
      return afterMinus;
    case 48:
      return afterZero;
    case 116:
      return literal('true', 1);
    case 102:
      return literal('false', 1);
    case 110:
      return literal('null', 1);
  }
  return isDigit(byte) ? inInteger : bad(byte, 'looking for beginning of value');
};

const beginItemOrEnd: State = (byte, stack) => {
  if (isSpace(byte)) return beginItemOrEnd;
  return byte === 93 ? endValue(byte, stack) : beginValue(byte, stack);
};

const beginKeyOrEnd: State = (byte, stack) => {
  if (isSpace(byte)) return beginKeyOrEnd;
  if (byte === 125) {
    stack[stack.length - 1] = 'value';
    return endValue(byte, stack);
  }
  return beginKey(byte, stack);
};

const beginKey: State = (byte) => {
  if (isSpace(byte)) return beginKey;
  return byte === 34 ? inString : bad(byte, 'looking for beginning of object key string');
};

const endValue: State = (byte, stack) => {
  if (stack.length === 0) return endTop(byte, stack);
  if (isSpace(byte)) return endValue;
  switch (stack[stack.length - 1]) {
    case 'key':
      if (byte !== 58) return bad(byte, 'after object key');
      stack[stack.length - 1] = 'value';
      return beginValue;
    case 'value':
      if (byte === 44) {
        stack[stack.length - 1] = 'key';
        return beginKey;
      }
      if (byte === 125) return close(stack);
      return bad(byte, 'after object key:value pair');
  }
  if (byte === 44) return beginValue;
  if (byte === 93) return close(stack);
  return bad(byte, 'after array element');
};

function close(stack: Stack): State {
  stack.pop();
  return stack.length === 0 ? endTop : endValue;
}

const endTop: State = (byte) => (isSpace(byte) ? endTop : bad(byte, 'after top-level value'));

const inString: State = (byte) => {
  if (byte === 34) return endValue;
  if (byte === 92) return inEscape;
  return byte < 0x20 ? bad(byte, 'in string literal') : inString;
};

const inEscape: State = (byte) => {
  if (byte === 117) return hex(0);
  return 'bfnrt\\/"'.includes(String.fromCharCode(byte)) ? inString : bad(byte, 'in string escape code');
};

function hex(seen: number): State {
  return (byte) => {
    const isHex = isDigit(byte) || (byte >= 97 && byte <= 102) || (byte >= 65 && byte <= 70);
    if (!isHex) return bad(byte, 'in \\u hexadecimal character escape');
    return seen === 3 ? inString : hex(seen + 1);
  };
}

const afterMinus: State = (byte) => {
  if (byte === 48) return afterZero;
  return isDigit(byte) ? inInteger : bad(byte, 'in numeric literal');
};
const inInteger: State = (byte, stack) => (isDigit(byte) ? inInteger : afterZero(byte, stack));
const afterZero: State = (byte, stack) => {
  if (byte === 46) return afterPoint;
  if (byte === 101 || byte === 69) return afterExponent;
  return endValue(byte, stack);
};
const afterPoint: State = (byte) =>
  isDigit(byte) ? inFraction : bad(byte, 'after decimal point in numeric literal');
const inFraction: State = (byte, stack) => {
  if (isDigit(byte)) return inFraction;
  return byte === 101 || byte === 69 ? afterExponent : endValue(byte, stack);
};
const afterExponent: State = (byte, stack) =>
  byte === 43 || byte === 45 ? afterSign : afterSign(byte, stack);
const afterSign: State = (byte) => (isDigit(byte) ? inExponent : bad(byte, 'in exponent of numeric literal'));
const inExponent: State = (byte, stack) => (isDigit(byte) ? inExponent : endValue(byte, stack));

function literal(word: string, seen: number): State {
  return (byte) => {
    if (byte !== word.charCodeAt(seen))
      return bad(byte, `in literal ${word} (expecting ${quoteByte(word.charCodeAt(seen))})`);
    return seen + 1 === word.length ? endValue : literal(word, seen + 1);
  };
}
