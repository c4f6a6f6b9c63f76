import { Scanner } from './scanner.ts';
import { type Mark, type Token, type TokenKind, YamlError } from './token.ts';

/** The tree of a document. */
export type YamlNode =
  | { kind: 'scalar'; line: number; text: string; plain: boolean; tag: string }
  | { kind: 'sequence'; line: number; items: YamlNode[] }
  | { kind: 'mapping'; line: number; pairs: [YamlNode, YamlNode][] }
  | { kind: 'alias'; line: number; name: string; target: YamlNode };

type Pair = [YamlNode, YamlNode];

/** Parses the first document of a text; undefined where there is none. Throws YamlError. */
export function parseDocument(text: string): YamlNode | undefined {
  // Whole bodies are checked before they are cut up, as go-yaml's reader is ahead of its scanner.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]/.test(text))
    throw new YamlError('control characters are not allowed');
  return new Parser(text).document();
}

const TAG_PREFIX = 'tag:yaml.org,2002:';

class Parser {
  readonly #scanner: Scanner;
  readonly #anchors = new Map<string, YamlNode>();
  readonly #handles = new Map([
    ['!', '!'],
    ['!!', TAG_PREFIX],
  ]);

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  document(): YamlNode | undefined {
    while (this.#is('documentEnd')) this.#scanner.next();
    if (this.#is('streamEnd')) return undefined;
    if (this.#is('directive', 'documentStart')) {
      this.#directives();
      const token = this.#scanner.peek();
      if (token.kind !== 'documentStart')
        throw YamlError.parser('did not find expected <document start>', token.mark, undefined);
      this.#scanner.next();
    }
    const root = this.#is('directive', 'documentStart', 'documentEnd', 'streamEnd')
      ? this.#empty()
      : this.#node(true, false);
    // What ends the document is looked at too, and may be at fault.
    this.#scanner.peek();
    return root;
  }

  #directives(): void {
    while (this.#is('directive')) {
      const { text, handle, mark } = this.#scanner.next();
      if (text === 'YAML') {
        if (handle !== '1.1') throw YamlError.parser('found incompatible YAML document', mark, undefined);
        continue;
      }
      const [name, prefix] = handle.split(/\s+/);
      if (!name || !prefix) throw YamlError.parser('did not find expected whitespace', mark, undefined);
      this.#handles.set(name, prefix);
    }
  }

  #is(...kinds: TokenKind[]): boolean {
    return kinds.includes(this.#scanner.peek().kind);
  }

  #empty(): YamlNode {
    return { kind: 'scalar', line: this.#scanner.peek().mark.line, text: '', plain: true, tag: '' };
  }

  #node(block: boolean, indentless: boolean): YamlNode {
    const first = this.#scanner.peek();
    if (first.kind === 'alias') {
      this.#scanner.next();
      const target = this.#anchors.get(first.text);
      if (!target) throw new YamlError(`unknown anchor '${first.text}' referenced`);
      return { kind: 'alias', line: first.mark.line, name: first.text, target };
    }
    let anchor: string | undefined;
    let tag: string | undefined;
    for (let i = 0; i < 2; i++) {
      if (anchor === undefined && this.#is('anchor')) anchor = this.#scanner.next().text;
      else if (tag === undefined && this.#is('tag')) tag = this.#tag(this.#scanner.next(), first.mark);
    }
    return this.#content(first.mark, block, indentless, tag ?? '', anchor);
  }

  #tag(token: Token, start: Mark): string {
    if (token.handle === '') return token.text;
    const prefix = this.#handles.get(token.handle);
    if (prefix === undefined) throw YamlError.parser('found undefined tag handle', token.mark, start);
    return prefix + token.text;
  }

  #content(
    start: Mark,
    block: boolean,
    indentless: boolean,
    tag: string,
    anchor: string | undefined,
  ): YamlNode {
    const token = this.#scanner.peek();
    const { line } = token.mark;
    // An anchor holds for what is inside already: go-yaml finds out later that it goes in a circle.
    const known = <T extends YamlNode>(node: T): T => {
      if (anchor !== undefined) this.#anchors.set(anchor, node);
      return node;
    };
    const sequence = (fill: (items: YamlNode[]) => void): YamlNode => {
      const node = known({ kind: 'sequence', line, items: [] });
      fill(node.items);
      return node;
    };
    const mapping = (fill: (pairs: Pair[]) => void): YamlNode => {
      const node = known({ kind: 'mapping', line, pairs: [] });
      fill(node.pairs);
      return node;
    };
    const own = tag === '!' ? '' : tag;
    switch (token.kind) {
      case 'blockEntry':
        if (indentless) return sequence((items) => this.#indentlessItems(items));
        break;
      case 'scalar':
        this.#scanner.next();
        return known({ kind: 'scalar', line, text: token.text, plain: token.plain || tag === '!', tag: own });
      case 'flowSequenceStart':
        return sequence((items) => this.#flowItems(items));
      case 'flowMappingStart':
        return mapping((pairs) => this.#flowPairs(pairs));
      case 'blockSequenceStart':
        if (block) return sequence((items) => this.#blockItems(items));
        break;
      case 'blockMappingStart':
        if (block) return mapping((pairs) => this.#blockPairs(pairs));
        break;
    }
    if (anchor !== undefined || tag !== '')
      return known({ kind: 'scalar', line, text: '', plain: true, tag: own });
    throw YamlError.parser('did not find expected node content', token.mark, start);
  }

  #blockItems(items: YamlNode[]): void {
    const start = this.#scanner.next().mark;
    while (this.#is('blockEntry')) {
      this.#scanner.next();
      items.push(this.#is('blockEntry', 'blockEnd') ? this.#empty() : this.#node(true, false));
    }
    this.#end('blockEnd', "did not find expected '-' indicator", start);
  }

  #indentlessItems(items: YamlNode[]): void {
    while (this.#is('blockEntry')) {
      this.#scanner.next();
      items.push(
        this.#is('blockEntry', 'key', 'value', 'blockEnd') ? this.#empty() : this.#node(true, false),
      );
    }
  }

  #blockPairs(pairs: Pair[]): void {
    const start = this.#scanner.next().mark;
    while (this.#is('key', 'value')) {
      const key = this.#is('key') ? this.#after('key', 'value', 'blockEnd') : this.#keyless();
      const value = this.#is('value') ? this.#after('key', 'value', 'blockEnd') : this.#empty();
      pairs.push([key, value]);
    }
    this.#end('blockEnd', 'did not find expected key', start);
  }

  /** A value whose key was left out altogether is no key to libyaml. */
  #keyless(): YamlNode {
    throw YamlError.parser('did not find expected key', this.#scanner.peek().mark, undefined);
  }

  /** The node behind a KEY or VALUE token, empty where one of the given tokens follows at once. */
  #after(...none: TokenKind[]): YamlNode {
    this.#scanner.next();
    return this.#is(...none) ? this.#empty() : this.#node(true, true);
  }

  #flowItems(items: YamlNode[]): void {
    const start = this.#scanner.next().mark;
    while (!this.#is('flowSequenceEnd')) {
      if (items.length > 0) {
        this.#comma("did not find expected ',' or ']'", start);
        if (this.#is('flowSequenceEnd')) break;
      }
      if (this.#is('key')) {
        const { line } = this.#scanner.next().mark;
        const key = this.#is('value', 'flowEntry', 'flowSequenceEnd')
          ? this.#empty()
          : this.#node(false, false);
        const value = this.#flowValue('flowSequenceEnd');
        items.push({ kind: 'mapping', line, pairs: [[key, value]] });
      } else items.push(this.#node(false, false));
    }
    this.#scanner.next();
  }

  #flowPairs(pairs: Pair[]): void {
    const start = this.#scanner.next().mark;
    while (!this.#is('flowMappingEnd')) {
      if (pairs.length > 0) {
        this.#comma("did not find expected ',' or '}'", start);
        if (this.#is('flowMappingEnd')) break;
      }
      if (this.#is('key')) {
        this.#scanner.next();
        const key = this.#is('value', 'flowEntry', 'flowMappingEnd')
          ? this.#empty()
          : this.#node(false, false);
        pairs.push([key, this.#flowValue('flowMappingEnd')]);
      } else pairs.push([this.#node(false, false), this.#empty()]);
    }
    this.#scanner.next();
  }

  #flowValue(end: TokenKind): YamlNode {
    if (!this.#is('value')) return this.#empty();
    this.#scanner.next();
    return this.#is('flowEntry', end) ? this.#empty() : this.#node(false, false);
  }

  #comma(problem: string, start: Mark): void {
    this.#end('flowEntry', problem, start);
  }

  #end(kind: TokenKind, problem: string, start: Mark): void {
    const token = this.#scanner.peek();
    if (token.kind !== kind) throw YamlError.parser(problem, token.mark, start);
    this.#scanner.next();
  }
}
