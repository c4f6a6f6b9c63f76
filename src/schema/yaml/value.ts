import { quote } from '../../meta/go-quote.ts';
import { countKeys, MAX_DEPTH, survey } from '../json-text.ts';
import { parseDocument, type YamlNode } from './parser.ts';
import { YamlError } from './token.ts';

/**
 * YAML bodies as kube-apiserver takes them: YAML 1.1 after go-yaml, made into JSON before anything else looks at them
 * (sigs.k8s.io/yaml). Only the first document counts.
 */
export type YamlDecoded =
  /** `repeated` names keys given twice as strict decoding reports them, `line 7: key "a" already set in map`. */
  { ok: true; value: unknown; repeated: string[] } | { ok: false; error: string };

/** The value of a text's first document; an empty one is null. Errors as `yaml: line 2: …`. */
export function decodeYaml(text: string): YamlDecoded {
  // Apply sends JSON under YAML's name.
  if (text.charCodeAt(0) === 123) {
    const value = plainJson(text);
    if (value !== undefined) return { ok: true, value, repeated: [] };
  }
  try {
    const root = parseDocument(text);
    const walk = new Walk();
    return { ok: true, value: root ? walk.value(root) : null, repeated: walk.repeated };
  } catch (thrown) {
    if (thrown instanceof YamlError) return { ok: false, error: `yaml: ${thrown.message}` };
    if (thrown instanceof NoJson) return { ok: false, error: thrown.message };
    throw thrown;
  }
}

/** The value of a text that is JSON, and means in YAML what it means there; undefined for others. */
function plainJson(text: string): unknown {
  // Halves of surrogate pairs are no characters to YAML.
  if (text.includes('\\ud') || text.includes('\\uD')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { keys, oddNumbers, depth } = survey(text);
  return oddNumbers || depth > MAX_DEPTH || keys !== countKeys(value) ? undefined : value;
}

/** What YAML can say and JSON cannot. */
class NoJson extends Error {}

/** Aliases may multiply a small text without end; go-yaml gives up in the same words. */
const MAX_NODES = 400_000;

class Walk {
  readonly repeated: string[] = [];
  readonly #open = new Set<YamlNode>();
  #nodes = 0;

  value(node: YamlNode): unknown {
    if (++this.#nodes > MAX_NODES) throw new YamlError('document contains excessive aliasing');
    switch (node.kind) {
      case 'scalar':
        return scalarValue(node);
      case 'sequence':
        return this.#within(node, () => node.items.map((item) => this.value(item)));
      case 'mapping':
        return this.#within(node, () => this.#mapping(node.pairs));
      case 'alias':
        if (this.#open.has(node.target)) throw new YamlError(`anchor '${node.name}' value contains itself`);
        return this.value(node.target);
    }
  }

  #within<T>(node: YamlNode, walk: () => T): T {
    this.#open.add(node);
    const result = walk();
    this.#open.delete(node);
    return result;
  }

  #mapping(pairs: [YamlNode, YamlNode][]): Record<string, unknown> {
    const map = new Map<string, unknown>();
    for (const [key, node] of pairs) {
      if (isMerge(key)) {
        this.#merge(node, map);
        continue;
      }
      const resolved = this.value(key);
      if (resolved !== null && typeof resolved === 'object')
        throw new YamlError(`invalid map key: ${JSON.stringify(resolved)}`);
      const name = keyText(resolved);
      if (map.has(name)) {
        const shown = typeof resolved === 'string' ? quote(resolved) : String(resolved);
        this.repeated.push(`line ${node.line + 1}: key ${shown} already set in map`);
      }
      map.set(name, this.value(node));
    }
    return Object.fromEntries(map);
  }

  #merge(node: YamlNode, into: Map<string, unknown>): void {
    const source = node.kind === 'alias' ? node.target : node;
    if (source.kind === 'mapping') {
      for (const [key, value] of Object.entries(this.value(node) as object)) into.set(key, value);
    } else if (source.kind === 'sequence' && node.kind !== 'alias') {
      // From the back, so that what comes first in the list wins.
      for (const item of source.items.toReversed()) {
        const inner = item.kind === 'alias' ? item.target : item;
        if (inner.kind !== 'mapping')
          throw new YamlError('map merge requires map or sequence of maps as the value');
        this.#merge(item, into);
      }
    } else throw new YamlError('map merge requires map or sequence of maps as the value');
  }
}

function isMerge(key: YamlNode): boolean {
  return (
    key.kind === 'scalar' &&
    key.text === '<<' &&
    ((key.plain && key.tag === '') || key.tag === 'tag:yaml.org,2002:merge')
  );
}

/** A map's key as JSON has it. */
function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (key === null) throw new NoJson('unsupported map key of type: %!s(<nil>), key: <nil>, value: <nil>');
  return String(key);
}

const CORE = /^(?:tag:yaml\.org,2002:)(str|bool|int|float|null|timestamp|binary)$/;

function scalarValue(node: YamlNode & { kind: 'scalar' }): unknown {
  if (node.tag === '') return node.plain ? resolvePlain(node.text) : node.text;
  const core = CORE.exec(node.tag)?.[1];
  if (core === undefined || core === 'str' || core === 'timestamp') return node.text;
  if (core === 'binary') {
    const text = node.text.replace(/[\r\n]/g, '');
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
      throw new YamlError('!!binary value contains invalid base64 data');
    return Buffer.from(text, 'base64').toString('utf8');
  }
  const value = resolvePlain(node.text);
  const found = typeOf(value);
  if (found === core || (core === 'float' && found === 'int')) return value;
  throw new YamlError(`cannot decode !!${found} \`${node.text}\` as a !!${core}`);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return 'str';
}

const CONSTANTS = new Map<string, unknown>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, false] as const,
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
]);
const NOT_FINITE = /^(?:\.(?:nan|NaN|NAN)|[-+]?\.(?:inf|Inf|INF))$/;

/** An unquoted scalar as go-yaml resolves it (resolve.go). Times stay text. */
export function resolvePlain(text: string): unknown {
  if (CONSTANTS.has(text)) return CONSTANTS.get(text);
  const first = text.charCodeAt(0);
  const digit = first >= 48 && first <= 57;
  if (!digit && first !== 43 && first !== 45 && first !== 46) return text;
  if (NOT_FINITE.test(text)) {
    throw new NoJson(
      `json: unsupported value: ${/nan/i.test(text) ? 'NaN' : text.startsWith('-') ? '-Inf' : '+Inf'}`,
    );
  }
  const plain = text.replaceAll('_', '');
  if (first !== 46) {
    const integer = parseInteger(plain);
    if (integer !== undefined) return integer;
  }
  if (plain.length < 400 && /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(plain)) {
    const number = Number(plain);
    if (Number.isFinite(number)) return number;
  }
  return text;
}

const INTEGERS: readonly [RegExp, (digits: string) => bigint][] = [
  [/^(?:0|[1-9]\d{0,19})$/, (digits) => BigInt(digits)],
  [/^0[xX][0-9a-fA-F]{1,16}$/, (digits) => BigInt(digits.toLowerCase())],
  [/^0[bB][01]{1,64}$/, (digits) => BigInt(digits.toLowerCase())],
  [/^0[oO]?[0-7]{1,22}$/, (digits) => BigInt(`0o${digits.replace(/^0[oO]?/, '')}`)],
];

/** strconv.ParseInt with base 0: decimal, 0x, 0o, 0b, and a leading 0 for octal. */
function parseInteger(text: string): number | undefined {
  const negative = text.startsWith('-');
  const digits = negative || text.startsWith('+') ? text.slice(1) : text;
  for (const [form, read] of INTEGERS) {
    if (!form.test(digits)) continue;
    const value = negative ? -read(digits) : read(digits);
    return value >= -(2n ** 63n) && value < 2n ** 64n ? Number(value) : undefined;
  }
  return undefined;
}
