import { type FieldSet, hasChildren, isMember, type MutableSet, recursiveDifference } from './field-set.ts';

/**
 * Which fields an endpoint lets a client own (rest.ResetFieldsStrategy): all but some and what is below them, or only
 * those that match (structured-merge-diff fieldpath Filter).
 */
export type FieldFilter =
  | { readonly exclude: FieldSet }
  /** Paths whose steps are path elements, or `*` for any; all fields from there on are let through. */
  | { readonly include: readonly (readonly string[])[] };

export function applyFilter(filter: FieldFilter | undefined, set: FieldSet): FieldSet {
  if (!filter) return set;
  return 'exclude' in filter
    ? recursiveDifference(set, filter.exclude)
    : (matching(set, filter.include) ?? {});
}

function matching(set: FieldSet, patterns: readonly (readonly string[])[]): FieldSet | undefined {
  const out: MutableSet = {};
  for (const key of Object.keys(set)) {
    if (key === '.') continue;
    const rest = patterns
      .filter((pattern) => pattern[0] === '*' || pattern[0] === key)
      .map((pattern) => pattern.slice(1));
    if (rest.length === 0) continue;
    const node = set[key]!;
    if (rest.some((pattern) => pattern.length === 0)) {
      out[key] = node;
      continue;
    }
    const below = hasChildren(node) ? matching(node, rest) : undefined;
    // A field on the way to a match is let through itself.
    if (isMember(node)) out[key] = below ? { '.': {}, ...below } : {};
    else if (below) out[key] = below;
  }
  return Object.keys(out).length ? out : undefined;
}
