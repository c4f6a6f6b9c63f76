/**
 * Names that CEL cannot spell, spelled so that it can: `a.b` is `a__dot__b`
 * (apiserver pkg/cel/escaping.go).
 */
const RESERVED = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return ' +
    'var void while'
  ).split(' '),
);
const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};
const UNESCAPES: ReadonlyMap<string, string> = new Map([
  ['underscores', '__'],
  ['dot', '.'],
  ['dash', '-'],
  ['slash', '/'],
]);

/** A property's name as expressions write it; undefined where there is no way to write it. */
export function escapeName(name: string): string | undefined {
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  if (RESERVED.has(name)) return `__${name}__`;
  return name.replace(/__|[-./]/g, (part) => ESCAPES[part]!);
}

/** The property that an escaped name stands for; undefined if it is no well-formed escape. */
export function unescapeName(escaped: string): string | undefined {
  if (!escaped.includes('__')) return escaped;
  let sound = true;
  const name = escaped.replace(/__[^_]+__/g, (part) => {
    const inner = part.slice(2, -2);
    const plain = UNESCAPES.get(inner);
    if (plain !== undefined) return plain;
    // A reserved word is escaped only as a whole.
    if (!RESERVED.has(inner) || part.length !== escaped.length) sound = false;
    return inner;
  });
  return sound ? name : undefined;
}

/** Words that expressions may not use as identifiers. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name);
}
