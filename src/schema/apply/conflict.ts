import { quote } from '../../meta/go-quote.ts';
import { type StatusCause, StatusError } from '../../meta/status.ts';
import { type FieldSet, hasPath, paths } from './field-set.ts';
import type { Owner } from './managed.ts';
import { type PathElement, pathText } from './path-element.ts';

/** A field that an apply would change under another manager. */
export interface Conflict {
  readonly owner: Owner;
  readonly path: readonly PathElement[];
}

/** The fields of each owner that are contested, by the owners' identifiers in order. */
export function conflictsOf(contested: ReadonlyMap<string, { owner: Owner; fields: FieldSet }>): Conflict[] {
  return [...contested.keys()].sort().flatMap((id) => {
    const { owner, fields } = contested.get(id)!;
    return paths(fields).map((path) => ({ owner, path }));
  });
}

/** The conflicts about fields that are not in the set. */
export const conflictsBeside = (conflicts: readonly Conflict[], set: FieldSet): Conflict[] =>
  conflicts.filter(({ path }) => !hasPath(set, path));

/** 409 for an apply that is not forced (managedfields/internal/conflict.go); conflicts of one owner stand together. */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(
    ({ owner, path }): StatusCause => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${ownerText(owner)}`,
      field: pathText(path),
    }),
  );
  return new StatusError({ code: 409, reason: 'Conflict', details: { causes }, message: message(conflicts) });
}

function message(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first) {
    return `Apply failed with 1 conflict: conflict with ${ownerText(first.owner)}: ${pathText(first.path)}`;
  }
  const lines: string[] = [];
  let current: Owner | undefined;
  for (const { owner, path } of conflicts) {
    if (owner !== current) lines.push(`conflicts with ${ownerText(owner)}:`);
    current = owner;
    lines.push(`- ${pathText(path)}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function ownerText({ manager, operation, apiVersion, subresource }: Owner): string {
  const name =
    subresource === '' ? quote(manager) : `${quote(manager)} with subresource ${quote(subresource)}`;
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
