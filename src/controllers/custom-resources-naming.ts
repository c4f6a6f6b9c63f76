import { deepEqual } from '../meta/deep-equal.ts';
import { aggregateText } from '../meta/field-error.ts';
import { quote } from '../meta/go-quote.ts';
import type { Fields, KubeObject } from '../meta/object.ts';
import {
  type DefinitionCondition,
  findCondition,
  saysTheSame,
  setCondition,
} from '../registry/apiextensions/conditions.ts';
import type { ObjectChange } from '../registry/lister.ts';
import { DefinitionLoop } from './custom-resources.ts';

interface Names {
  plural?: string;
  singular?: string;
  shortNames?: string[];
  kind?: string;
  listKind?: string;
  categories?: string[];
}

interface Used {
  resources: ReadonlySet<string>;
  kinds: ReadonlySet<string>;
}

/** Accepts the names of definitions that no other definition of their group has (pkg/controller/status/naming_controller.go). */
export class CustomResourcesNaming extends DefinitionLoop {
  readonly name = 'crd-naming';

  protected override changed(change: ObjectChange): void {
    const { metadata, spec } = change.object;
    this.queue.add(metadata.name!);
    // What has gone leaves its names to others.
    if (change.type === 'DELETED') this.#reconsider(spec.group, metadata.name!);
  }

  protected async handle(name: string): Promise<void> {
    const found = this.find(name);
    if (!found || deepEqual(found['spec'].names, found['status']?.acceptedNames ?? {})) return;
    let wrote = false;
    await this.updateStatus(name, (definition) => {
      const verdict = this.#judge(definition);
      const { accepted, names, established } = verdict;
      const before = definition['status']?.acceptedNames ?? {};
      wrote = !deepEqual(before, accepted) || !saysTheSame(findCondition(definition, 'NamesAccepted'), names);
      if (!wrote) return false;
      definition['status'] = { ...(definition['status'] as Fields | undefined), acceptedNames: accepted };
      const now = this.now();
      setCondition(definition, names, now);
      setCondition(definition, established, now);
      return true;
    });
    if (wrote) this.#reconsider(found['spec'].group, name);
  }

  #reconsider(group: string, name: string): void {
    for (const other of this.others({ group, name })) this.queue.add(other.metadata.name!);
  }

  #used(group: string): Used {
    const resources = new Set<string>();
    const kinds = new Set<string>();
    for (const other of this.others({ group, name: '' })) {
      const {
        plural = '',
        singular = '',
        shortNames,
        kind = '',
        listKind = '',
      }: Names = other['status']?.acceptedNames ?? {};
      for (const name of [plural, singular, ...(shortNames ?? [])]) resources.add(name);
      for (const name of [kind, listKind]) kinds.add(name);
    }
    return { resources, kinds };
  }

  #judge(definition: KubeObject): {
    accepted: Names;
    names: DefinitionCondition;
    established: DefinitionCondition;
  } {
    const wanted: Names = definition['spec'].names;
    const before: Names = definition['status']?.acceptedNames ?? {};
    const used = this.#used(definition['spec'].group);
    const accepted: Names = { ...before };
    let conflict: { reason: string; message: string } | undefined;
    const judge = (
      field: 'plural' | 'singular' | 'kind' | 'listKind',
      taken: ReadonlySet<string>,
      reason: string,
    ): void => {
      const name = wanted[field] ?? '';
      const fault = name === (before[field] ?? '') ? undefined : inUse(name, taken);
      if (fault !== undefined) conflict = { reason, message: fault };
      else accepted[field] = name;
    };
    judge('plural', used.resources, 'PluralConflict');
    judge('singular', used.resources, 'SingularConflict');
    const shortNames = wanted.shortNames ?? [];
    const faults = shortNames.flatMap((name) =>
      before.shortNames?.includes(name) ? [] : (inUse(name, used.resources) ?? []),
    );
    if (faults.length) conflict = { reason: 'ShortNamesConflict', message: aggregateText(faults) };
    else if (shortNames.length) accepted.shortNames = shortNames;
    else delete accepted.shortNames;
    judge('kind', used.kinds, 'KindConflict');
    judge('listKind', used.kinds, 'ListKindConflict');
    if (wanted.categories) accepted.categories = wanted.categories;
    else delete accepted.categories;
    const names: DefinitionCondition = conflict
      ? { type: 'NamesAccepted', status: 'False', ...conflict }
      : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
    return { accepted, names, established: establishedAfter(definition, names) };
  }
}

const inUse = (name: string, taken: ReadonlySet<string>): string | undefined =>
  taken.has(name) ? `${quote(name)} is already in use` : undefined;

/** What is established stays so; what gets its names has yet to be served. */
function establishedAfter(definition: KubeObject, names: DefinitionCondition): DefinitionCondition {
  const old = findCondition(definition, 'Established');
  if (old?.status !== 'True' && names.status === 'True')
    return {
      type: 'Established',
      status: 'False',
      reason: 'Installing',
      message: 'the initial names have been accepted',
    };
  return (
    old ?? {
      type: 'Established',
      status: 'False',
      reason: 'NotAccepted',
      message: 'not all names are accepted',
    }
  );
}
