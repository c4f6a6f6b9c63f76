import { quote } from '../../meta/go-quote.ts';
import { goValue } from '../patch/go-value.ts';
import { isMap, type ListShape, own, type SchemaNode } from './schema-node.ts';

/**
 * One step of a field's path, in FieldsV1's text form: `f:name`, `k:{"name":"web"}`, `v:"x"`, `i:0`. Texts are
 * canonical, so that equal steps are equal strings (structured-merge-diff fieldpath/serialize-pe.go).
 */
export type PathElement = string;

/** A list item that has no path: what is wrong with it, without the item's place. */
export class PathElementError extends Error {}

const HTML = /[<>&\u2028\u2029]/;
const HTML_ALL = /[<>&\u2028\u2029]/g;
const escapeHtml = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A JSON text as Go writes it: object keys sorted, and the characters that matter to HTML escaped. */
export function goJson(value: unknown): string {
  if (typeof value === 'string') {
    const text = JSON.stringify(value);
    return HTML.test(text) ? text.replace(HTML_ALL, escapeHtml) : text;
  }
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (isMap(value)) {
    const parts = Object.keys(value)
      .sort()
      .filter((key) => value[key] !== undefined)
      .map((key) => `${goJson(key)}:${goJson(value[key])}`);
    return `{${parts.join(',')}}`;
  }
  return JSON.stringify(value ?? null);
}

/** The step to an item of a set or map list. Throws PathElementError where the item has none. */
export function itemElement(list: ListShape, item: unknown): PathElement {
  if (list.relation === 'map') return keyElement(list, item);
  if (isMap(item))
    throw new PathElementError("associative list without keys has an element that's a map type");
  if (Array.isArray(item))
    throw new PathElementError('not supported: associative list with lists as elements');
  if (item === null || item === undefined)
    throw new PathElementError("associative list without keys has an element that's an explicit null");
  return `v:${goJson(item)}`;
}

function keyElement(list: ListShape, item: unknown): PathElement {
  if (item === null || item === undefined)
    throw new PathElementError('associative list with keys may not have a null element');
  if (!isMap(item)) throw new PathElementError('associative list with keys may not have non-map elements');
  const parts: string[] = [];
  for (const key of list.keys.length > 1 ? [...list.keys].sort() : list.keys) {
    let value = own(item, key);
    if (value === undefined) value = keyDefault(list.element, key);
    if (value !== undefined && value !== null) parts.push(`${JSON.stringify(key)}:${goJson(value)}`);
    else if (value === null && Object.hasOwn(item, key)) parts.push(`${JSON.stringify(key)}:null`);
  }
  if (parts.length === 0) {
    const names = list.keys.map(quote).join(' ');
    throw new PathElementError(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return `k:{${parts.join(',')}}`;
}

function keyDefault(item: SchemaNode, key: string): unknown {
  if (!item.map) {
    const why = 'associative list may not have non-map types';
    throw new PathElementError(`couldn't find default value for ${key}: ${why}`);
  }
  return item.map.fields?.get(key)?.default;
}

/** A step in the words of messages: `.name`, `[name="web"]`, `[="x"]`, `[0]` (PathElement.String). */
export function elementText(element: PathElement): string {
  const rest = element.slice(2);
  switch (element.charCodeAt(0)) {
    case 102:
      return `.${rest}`;
    case 107: {
      const keys = JSON.parse(rest) as Record<string, unknown>;
      return `[${Object.keys(keys)
        .sort()
        .map((key) => `${key}=${valueText(keys[key])}`)
        .join(',')}]`;
    }
    case 118:
      return `[=${valueText(JSON.parse(rest))}]`;
    default:
      return `[${rest}]`;
  }
}

export const pathText = (path: readonly PathElement[]): string => path.map(elementText).join('');

function valueText(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return goValue(value, true);
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`;
  if (isMap(value))
    return Object.keys(value)
      .map((key) => `${key}=${valueText(value[key])}`)
      .join('');
  return String(value);
}

/** The step in canonical text; undefined for kinds of steps that are not known. Throws where it cannot be read. */
export function readElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new PathElementError('key must be 2 characters long:');
  if (text.charCodeAt(1) !== 58) throw new PathElementError(`missing colon: ${text}`);
  switch (text.charCodeAt(0)) {
    case 102:
      return text;
    case 107: {
      const keys: unknown = JSON.parse(text.slice(2));
      if (!isMap(keys)) throw new PathElementError(`unexpected key: ${text}`);
      return `k:${goJson(keys)}`;
    }
    case 118:
      return `v:${goJson(JSON.parse(text.slice(2)))}`;
    case 105:
      if (!/^i:[+-]?\d+$/.test(text)) throw new PathElementError(`invalid index: ${text}`);
      return `i:${Number(text.slice(2))}`;
    default:
      return undefined;
  }
}

const RANK: Record<string, number> = { f: 0, k: 1, v: 2, i: 3 };

/** Order of steps below one parent: names, then keys, values and indexes, each by its content (PathElement.Compare). */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a === b) return 0;
  const kind = a[0]!;
  if (kind !== b[0]) return (RANK[kind] ?? 4) - (RANK[b[0]!] ?? 4);
  if (kind === 'f' || (kind === 'k' && bySameName(a, b))) return a < b ? -1 : 1;
  const left: unknown = JSON.parse(a.slice(2));
  const right: unknown = JSON.parse(b.slice(2));
  return kind === 'k' ? compareKeys(left as Fields, right as Fields) : compareValues(left, right);
}

type Fields = Record<string, unknown>;

/** Both are one key of the same name with text as its value: the texts then sort as they stand. */
function bySameName(a: string, b: string): boolean {
  const end = a.indexOf(':"', 2);
  return end > 0 && a.indexOf(',"', end) < 0 && b.indexOf(',"', end) < 0 && b.startsWith(a.slice(0, end + 2));
}

function compareKeys(left: Fields, right: Fields): number {
  const names = Object.keys(left).sort();
  const others = Object.keys(right).sort();
  for (let i = 0; ; i++) {
    const name = names[i];
    const other = others[i];
    if (name === undefined) return other === undefined ? 0 : -1;
    if (other === undefined) return 1;
    if (name !== other) return name < other ? -1 : 1;
    const order = compareValues(left[name], right[other]);
    if (order !== 0) return order;
  }
}

const TYPES = ['number', 'string', 'boolean', 'object'];

/** Numbers before strings before booleans before the rest (value.Compare). */
function compareValues(left: unknown, right: unknown): number {
  const rank = TYPES.indexOf(typeof left) - TYPES.indexOf(typeof right);
  if (rank !== 0) return rank;
  if (typeof left === 'object') {
    const one = goJson(left);
    const two = goJson(right);
    return one === two ? 0 : one < two ? -1 : 1;
  }
  const [one, two] = [left as number, right as number];
  return one === two ? 0 : one < two ? -1 : 1;
}
