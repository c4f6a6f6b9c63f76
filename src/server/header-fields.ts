const NONE: readonly string[] = [];
const BEYOND_ASCII = /[\x80-\xff]/;

/**
 * Header fields by their lower-case names, in the order sent: names and values by turns. A request has few of them and few of
 * them are asked for, so that looking through is cheaper than sorting them into a map.
 */
export class HeaderFields {
  readonly #raw: readonly string[];

  constructor(raw: readonly string[]) {
    this.#raw = raw;
  }

  first(name: string): string | undefined {
    const raw = this.#raw;
    for (let i = 0; i + 1 < raw.length; i += 2) if (raw[i] === name) return fieldText(name, raw[i + 1]!);
    return undefined;
  }

  all(name: string): readonly string[] {
    const raw = this.#raw;
    let values: string[] | undefined;
    for (let i = 0; i + 1 < raw.length; i += 2) {
      if (raw[i] !== name) continue;
      values ??= [];
      values.push(fieldText(name, raw[i + 1]!));
    }
    return values ?? NONE;
  }

  names(): readonly string[] {
    const names: string[] = [];
    for (let i = 0; i + 1 < this.#raw.length; i += 2)
      if (!names.includes(this.#raw[i]!)) names.push(this.#raw[i]!);
    return names;
  }
}

/** Values are read as Latin-1; what stands in them beyond ASCII, in names of users say, is UTF-8 as in Go. */
function fieldText(name: string, value: string): string {
  // Tokens are long, and ASCII or none.
  if (name === 'authorization' || !BEYOND_ASCII.test(value)) return value;
  return Buffer.from(value, 'latin1').toString('utf8');
}

/** A target is a path or, as proxies send it, a whole URL; of a URL nothing but path and query is looked at (RFC 9112 3.2). */
export function splitTarget(sent: string): [path: string, query: string] {
  const target = sent.startsWith('/') ? sent : sent.replace(/^https?:\/\/[^/?#]*\/?/i, '/');
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}
