import { type FunctionDecl, member, overload } from '../declarations.ts';
import { display, error } from '../errors.ts';
import { StringList } from '../json.ts';
import type { Library } from '../library.ts';
import { DYN, INT, listType, STRING } from '../types.ts';
import { type CelInt, type CelList, type CelValue, codePoints, int } from '../values.ts';
import { charge } from '../work.ts';
import { checkFormatCalls } from './format-check.ts';
import { formatString } from './format-string.ts';

const STRINGS = listType(STRING);

const outOfRange = (index: number): CelValue => error(`index out of range: ${index}`);

/** Whether every character is one UTF-16 unit, so that indices need no counting. */
const isNarrow = (text: string): boolean => codePoints(text) === text.length;

function charAt(text: string, index: number): CelValue {
  const chars = isNarrow(text) ? text : [...text];
  if (index < 0 || index > chars.length) return outOfRange(index);
  return chars[index] ?? '';
}

function substring(text: string, start: number, end?: number): CelValue {
  const chars = isNarrow(text) ? text : [...text];
  const stop = end ?? chars.length;
  if (end !== undefined && start > end) return error(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0 || start > chars.length) return outOfRange(start);
  if (stop < 0 || stop > chars.length) return outOfRange(stop);
  const part = chars.slice(start, stop);
  return typeof part === 'string' ? part : part.join('');
}

function indexOf(text: string, part: string, offset: number): CelValue {
  if (part === '') return int(offset);
  if (offset < 0) return outOfRange(offset);
  if (isNarrow(text)) return int(offset >= text.length ? -1 : text.indexOf(part, offset));
  const chars = [...text];
  if (offset >= chars.length) return int(-1);
  const skipped = chars.slice(0, offset).join('').length;
  const at = text.indexOf(part, skipped);
  return int(at < 0 ? -1 : codePoints(text.slice(0, at)));
}

function lastIndexOf(text: string, part: string, offset?: number): CelValue {
  const length = codePoints(text);
  if (part === '') return int(offset ?? length);
  if (offset === undefined) {
    if (text.length < part.length) return int(-1);
    const at = text.lastIndexOf(part);
    return int(at < 0 ? -1 : codePoints(text.slice(0, at)));
  }
  if (offset < 0) return outOfRange(offset);
  if (offset >= length) return int(-1);
  const units = isNarrow(text) ? offset : [...text].slice(0, offset).join('').length;
  const at = text.lastIndexOf(part, units);
  return int(at < 0 ? -1 : codePoints(text.slice(0, at)));
}

/** strings.Replace: n < 0 replaces all; an empty text is found before each character and at the end. */
function replace(text: string, old: string, replacement: string, n: number): CelValue {
  const parts = old === '' ? ['', ...text] : text.split(old);
  const count = n < 0 ? parts.length - 1 : Math.min(n, parts.length - 1 + (old === '' ? 1 : 0));
  if (old === '') {
    const chars = [...text];
    const times = n < 0 ? chars.length + 1 : Math.min(n, chars.length + 1);
    charge(text.length + times * replacement.length);
    let out = '';
    for (let i = 0; i <= chars.length; i++) out += (i < times ? replacement : '') + (chars[i] ?? '');
    return out;
  }
  charge(text.length + count * replacement.length);
  const head = parts.slice(0, count + 1).join(replacement);
  return count + 1 < parts.length ? [head, ...parts.slice(count + 1)].join(old) : head;
}

/** strings.SplitN: n = 0 gives nothing, n < 0 all, else the last part keeps the rest. */
function split(text: string, separator: string, n: number): CelValue {
  if (n === 0) return new StringList([]);
  const parts = separator === '' ? [...text] : text.split(separator);
  if (n < 0 || parts.length <= n) return new StringList(parts);
  return new StringList([...parts.slice(0, n - 1), parts.slice(n - 1).join(separator)]);
}

const asciiLower = (text: string): string => text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
const asciiUpper = (text: string): string => text.replace(/[a-z]+/g, (part) => part.toUpperCase());

/** Go's white space differs from JavaScript's by the byte order mark and U+0085. */
const trim = (text: string): string =>
  text.replace(/^[\s\u0085]+|[\s\u0085]+$/g, (part) => (part.includes('\ufeff') ? trimMark(part) : ''));
const trimMark = (part: string): string => part.slice(part.indexOf('\ufeff'), part.lastIndexOf('\ufeff') + 1);

function join(list: CelList, separator: string): CelValue {
  const parts: string[] = [];
  for (let i = 0; i < list.length; i++) {
    const element = list.at(i);
    if (typeof element !== 'string') return error(`join: invalid input: ${display(element)}`);
    charge(element.length + separator.length);
    parts.push(element);
  }
  return parts.join(separator);
}

const QUOTED: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};
const NEEDS_QUOTE = new RegExp(`[${Object.keys(QUOTED).join('').replace('\\', '\\\\')}]`, 'g');

function quote(text: string): string {
  return `"${text.replace(/\p{Surrogate}/gu, '\ufffd').replace(NEEDS_QUOTE, (char) => QUOTED[char]!)}"`;
}

const s = (value: CelValue | undefined): string => value as string;
const n = (value: CelValue | undefined): number => (value as CelInt).n;

function functions(version: number): FunctionDecl[] {
  const out: FunctionDecl[] = [
    {
      name: 'charAt',
      overloads: [member('string_char_at_int', [STRING, INT], STRING, (a, b) => charAt(s(a), n(b)))],
    },
    {
      name: 'indexOf',
      overloads: [
        member('string_index_of_string', [STRING, STRING], INT, (a, b) => indexOf(s(a), s(b), 0)),
        member('string_index_of_string_int', [STRING, STRING, INT], INT, (a, b, c) =>
          indexOf(s(a), s(b), n(c)),
        ),
      ],
    },
    {
      name: 'lastIndexOf',
      overloads: [
        member('string_last_index_of_string', [STRING, STRING], INT, (a, b) => lastIndexOf(s(a), s(b))),
        member('string_last_index_of_string_int', [STRING, STRING, INT], INT, (a, b, c) =>
          lastIndexOf(s(a), s(b), n(c)),
        ),
      ],
    },
    {
      name: 'lowerAscii',
      overloads: [member('string_lower_ascii', [STRING], STRING, (a) => asciiLower(s(a)))],
    },
    {
      name: 'replace',
      overloads: [
        member('string_replace_string_string', [STRING, STRING, STRING], STRING, (a, b, c) =>
          replace(s(a), s(b), s(c), -1),
        ),
        member('string_replace_string_string_int', [STRING, STRING, STRING, INT], STRING, (a, b, c, d) =>
          replace(s(a), s(b), s(c), n(d)),
        ),
      ],
    },
    {
      name: 'split',
      overloads: [
        member('string_split_string', [STRING, STRING], STRINGS, (a, b) => split(s(a), s(b), -1)),
        member('string_split_string_int', [STRING, STRING, INT], STRINGS, (a, b, c) =>
          split(s(a), s(b), n(c)),
        ),
      ],
    },
    {
      name: 'substring',
      overloads: [
        member('string_substring_int', [STRING, INT], STRING, (a, b) => substring(s(a), n(b))),
        member('string_substring_int_int', [STRING, INT, INT], STRING, (a, b, c) =>
          substring(s(a), n(b), n(c)),
        ),
      ],
    },
    { name: 'trim', overloads: [member('string_trim', [STRING], STRING, (a) => trim(s(a)))] },
    {
      name: 'upperAscii',
      overloads: [member('string_upper_ascii', [STRING], STRING, (a) => asciiUpper(s(a)))],
    },
    {
      name: 'join',
      overloads: [
        member('list_join', [STRINGS], STRING, (a) => join(a as CelList, '')),
        member('list_join_string', [STRINGS, STRING], STRING, (a, b) => join(a as CelList, s(b))),
      ],
    },
  ];
  if (version >= 1) {
    out.push(
      {
        name: 'format',
        overloads: [
          member('string_format', [STRING, listType(DYN)], STRING, (a, b) =>
            formatString(s(a), b as CelList, version >= 4),
          ),
        ],
      },
      { name: 'strings.quote', overloads: [overload('strings_quote', [STRING], STRING, (a) => quote(s(a)))] },
    );
  }
  if (version >= 3) {
    out.push({
      name: 'reverse',
      overloads: [member('string_reverse', [STRING], STRING, (a) => [...s(a)].reverse().join(''))],
    });
  }
  return out;
}

/**
 * The strings extension. Versions as in cel-go: 1 adds format() and strings.quote(), 3 reverse(), 4 a format() that
 * knows no locales. Kubernetes has version 2.
 */
export function strings(version: 0 | 1 | 2 | 3 | 4): Library {
  return {
    name: 'cel.lib.ext.strings',
    functions: functions(version),
    ...(version >= 1
      ? {
          validators: [(ast, issues) => checkFormatCalls(ast, issues, version >= 4)],
          mixedLiterals: ['format'],
        }
      : {}),
  };
}
