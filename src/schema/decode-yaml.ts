import type { Document, Node, Pair, Scalar, YAMLError, YAMLMap, YAMLSeq } from 'yaml';

/**
 * YAML bodies as kube-apiserver takes them: YAML 1.1 after go-yaml, made into JSON before anything else looks at them
 * (sigs.k8s.io/yaml). Only the first document counts.
 */

type Library = typeof import('yaml');
let library: Library | undefined;

/** Loads the YAML library on first use; most servers never see a YAML body. */
export async function loadYaml(): Promise<Library> {
  library ??= await import('yaml');
  return library;
}

export type YamlDecoded =
  /** `repeated` names keys given twice as strict decoding reports them, `line 7: key "a" already set in map`. */
  { ok: true; value: unknown; repeated: string[] } | { ok: false; error: string };

/** Parses the first document of a text. An empty one is null. */
export async function decodeYaml(text: string): Promise<YamlDecoded> {
  const yaml = await loadYaml();
  const lines = new yaml.LineCounter();
  const composer = new yaml.Composer({
    version: '1.1',
    schema: 'failsafe',
    uniqueKeys: false,
    merge: true,
    prettyErrors: false,
    lineCounter: lines,
  } as never);
  let document: Document.Parsed | undefined;
  for (const found of composer.compose(new yaml.Parser(lines.addNewLine).parse(text), true)) {
    document ??= found as Document.Parsed;
  }
  if (!document) return { ok: true, value: null, repeated: [] };
  const error = document.errors[0];
  if (error) return { ok: false, error: syntaxError(error, text, (at) => lines.linePos(at).line) };
  const walk = new Walk(yaml, document, (at) => lines.linePos(at).line);
  try {
    return { ok: true, value: walk.value(document.contents as Node | null), repeated: walk.repeated };
  } catch (thrown) {
    if (thrown instanceof Refused) return { ok: false, error: thrown.message };
    throw thrown;
  }
}

class Refused extends Error {}

/** Aliases may multiply a small text without end; go-yaml gives up in the same way. */
const MAX_NODES = 400_000;

class Walk {
  readonly repeated: string[] = [];
  readonly #yaml: Library;
  readonly #document: Document.Parsed;
  readonly #line: (at: number) => number;
  #nodes = 0;

  constructor(yaml: Library, document: Document.Parsed, line: (at: number) => number) {
    this.#yaml = yaml;
    this.#document = document;
    this.#line = line;
  }

  value(node: Node | null | undefined): unknown {
    if (++this.#nodes > MAX_NODES) throw new Refused('yaml: document contains excessive aliasing');
    if (!node) return null;
    if (this.#yaml.isAlias(node)) {
      const target = node.resolve(this.#document);
      if (!target) throw new Refused(`yaml: unknown anchor '${node.source}' referenced`);
      return this.value(target);
    }
    if (this.#yaml.isMap(node)) return this.#map(node);
    if (this.#yaml.isSeq(node)) return (node as YAMLSeq<Node>).items.map((item) => this.value(item));
    return this.#scalar(node as Scalar);
  }

  #map(node: YAMLMap): Record<string, unknown> {
    const own = new Map<string, unknown>();
    const taken = new Map<string, unknown>();
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const key = pair.key;
      if (this.#isMerge(key)) {
        const sources = this.value(pair.value);
        for (const source of [sources].flat()) {
          if (source === null || typeof source !== 'object')
            throw new Refused('yaml: map merge requires map or sequence of maps as the value');
          for (const [name, value] of Object.entries(source)) if (!taken.has(name)) taken.set(name, value);
        }
        continue;
      }
      const resolved = this.value(key);
      const name = keyText(resolved);
      if (own.has(name)) {
        const at = (pair.value ?? key)?.range?.[0] ?? 0;
        this.repeated.push(`line ${this.#line(at)}: key ${JSON.stringify(resolved)} already set in map`);
      }
      own.set(name, this.value(pair.value));
    }
    for (const [name, value] of taken) if (!own.has(name)) own.set(name, value);
    return Object.fromEntries(own);
  }

  #isMerge(key: Node | null): boolean {
    return (
      this.#yaml.isScalar(key) &&
      key.type === 'PLAIN' &&
      (key.source === '<<' || key.tag === 'tag:yaml.org,2002:merge')
    );
  }

  #scalar(node: Scalar): unknown {
    const text = String(node.source ?? node.value ?? '');
    const tag = node.tag?.replace('tag:yaml.org,2002:', '');
    if (tag === 'binary') return Buffer.from(text.replace(/\s/g, ''), 'base64').toString('utf8');
    if (tag === 'str' || (node.type !== 'PLAIN' && tag === undefined)) return String(node.value ?? '');
    return resolvePlain(text);
  }
}

/** A map's key as JSON has it. */
function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'boolean') return String(key);
  throw new Refused(
    `unsupported map key of type: ${key === null ? '%!s(<nil>)' : 'map'}, key: ${JSON.stringify(key)}`,
  );
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
  if (NOT_FINITE.test(text))
    throw new Refused(
      `json: unsupported value: ${/nan/i.test(text) ? 'NaN' : text.startsWith('-') ? '-Inf' : '+Inf'}`,
    );
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

/** strconv.ParseInt with base 0: decimal, 0x, 0o, 0b, and a leading 0 for octal. */
function parseInteger(text: string): number | undefined {
  const negative = text.startsWith('-');
  const digits = negative || text.startsWith('+') ? text.slice(1) : text;
  const forms: [RegExp, (d: string) => bigint][] = [
    [/^(?:0|[1-9]\d{0,19})$/, (d) => BigInt(d)],
    [/^0[xX][0-9a-fA-F]{1,16}$/, (d) => BigInt(d.toLowerCase())],
    [/^0[bB][01]{1,64}$/, (d) => BigInt(d.toLowerCase())],
    [/^0[oO]?[0-7]{1,22}$/, (d) => BigInt(`0o${d.replace(/^0[oO]?/, '')}`)],
  ];
  for (const [form, read] of forms) {
    if (!form.test(digits)) continue;
    const value = negative ? -read(digits) : read(digits);
    return value >= -(2n ** 63n) && value < 2n ** 64n ? Number(value) : undefined;
  }
  return undefined;
}

/** The library's errors in libyaml's words, where one stands for the other. */
function syntaxError(error: YAMLError, text: string, line: (at: number) => number): string {
  const implicit = error.code === 'BLOCK_AS_IMPLICIT_KEY' || error.code === 'MULTILINE_IMPLICIT_KEY';
  const at = line(implicit ? Math.max(error.pos[0], error.pos[1] - 1) : error.pos[0]);
  const message = ((): string => {
    switch (error.code) {
      case 'BLOCK_AS_IMPLICIT_KEY':
      case 'MULTILINE_IMPLICIT_KEY':
      case 'BLOCK_IN_FLOW':
        return 'mapping values are not allowed in this context';
      case 'TAB_AS_INDENT':
      case 'BAD_SCALAR_START':
        return 'found character that cannot start any token';
      case 'BAD_ALIAS':
        return 'did not find expected alphabetic or numeric character';
      case 'BAD_DQ_ESCAPE':
        return 'found unknown escape character';
      case 'BAD_DIRECTIVE':
        return 'found incompatible YAML document';
      case 'MISSING_CHAR':
        return missing(error, text);
      case 'BAD_INDENT':
      case 'UNEXPECTED_TOKEN':
        return 'did not find expected key';
      default:
        return 'did not find expected node content';
    }
  })();
  return message === '' ? `yaml: ${error.message}` : `yaml: line ${at}: ${message}`;
}

function missing(error: YAMLError, text: string): string {
  if (/quote/.test(error.message)) return 'found unexpected end of stream';
  if (/Flow map/.test(error.message))
    return text.trimEnd().endsWith('{') || /,\s*$/.test(text)
      ? 'did not find expected node content'
      : "did not find expected ',' or '}'";
  if (/Flow seq/.test(error.message))
    return /[[,]\s*$/.test(text) ? 'did not find expected node content' : "did not find expected ',' or ']'";
  return "could not find expected ':'";
}
