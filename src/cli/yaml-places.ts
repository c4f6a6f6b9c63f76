import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

/** A place in a file; both count from 1. */
export interface Place {
  line: number;
  column: number;
}

/** Where the fields of a YAML or JSON file are: `jwt[0].issuer.url`, as faults name them. */
export class YamlPlaces {
  readonly text: string;
  readonly document: Document.Parsed;
  readonly #lines = new LineCounter();

  constructor(text: string) {
    this.text = text;
    this.document = parseDocument(text, { lineCounter: this.#lines });
  }

  /** What the parser finds wrong with the file, in its own words, and where. */
  get syntaxFault(): { message: string; place: Place } | undefined {
    const error = this.document.errors[0];
    if (!error) return undefined;
    return {
      message: error.message.split(' at line ')[0]!.split('\n')[0]!,
      place: this.#place(error.pos[0]),
    };
  }

  /** The field's value; of a field that is not there, the nearest that is above it. Undefined for an empty file. */
  at(field: string): Place | undefined {
    const node = this.#nodeAt(field);
    return node?.range ? this.#place(node.range[0]) : undefined;
  }

  /** Whether the file has the field. */
  has(field: string): boolean {
    return this.document.hasIn(segments(field));
  }

  /** The name of a field, where it is a field of a mapping; else as `at`. */
  nameAt(field: string): Place | undefined {
    const path = segments(field);
    const above = path.slice(0, -1);
    const parent = above.length ? this.document.getIn(above, true) : this.document.contents;
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
      const range = (pair?.key as Node | undefined)?.range;
      if (range) return this.#place(range[0]);
    }
    return this.at(field);
  }

  /** A line and column of the text that a field holds, as a place in the file; undefined where it is written otherwise than as it is. */
  within(field: string, line: number, column: number): Place | undefined {
    const node = this.#nodeAt(field);
    if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return undefined;
    const wanted = node.value.split('\n')[line - 1];
    if (wanted === undefined) return undefined;
    const start = this.text.indexOf(wanted.trimEnd(), node.range[0]);
    if (start < 0 || start > node.range[1]) return undefined;
    return this.#place(start + column - 1);
  }

  #nodeAt(field: string): Node | undefined {
    let node: Node | null | undefined = this.document.contents;
    for (const segment of segments(field)) {
      const next: unknown = isMap(node) || isSeq(node) ? node.get(segment as never, true) : undefined;
      if (next === undefined || next === null) break;
      node = next as Node;
    }
    return node ?? undefined;
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

/** `jwt[0].issuer.url` as [jwt, 0, issuer, url]. */
function segments(field: string): (string | number)[] {
  return [...field.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) =>
    index === undefined ? name! : Number(index),
  );
}
