import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { isMap, isScalar, isSeq, type YAMLMap } from 'yaml';
import { FILE_FIELDS, KubeconfigFile, LISTS, type ListName } from './kubeconfig-file.ts';

export interface MergeOptions {
  /** Where the result is to stand; files are named as seen from there. */
  target: string;
  /** Reads a file that an entry names, to put what is in it in its place; without, the files stay named. */
  embed?: (path: string) => string;
}

export interface Rename {
  list: ListName;
  /** The file that it is from. */
  path: string;
  from: string;
  to: string;
}

export interface Merged {
  text: string;
  renames: Rename[];
  currentContext: string;
  /** How many entries of each list there are. */
  counts: Record<ListName, number>;
}

/** The field that has in it what another one names. */
const DATA_FIELDS: Readonly<Record<string, string>> = {
  'certificate-authority': 'certificate-authority-data',
  'client-certificate': 'client-certificate-data',
  'client-key': 'client-key-data',
};

/**
 * Puts kubeconfigs together without losing anything. Entries of the same name and content are one; of entries of the
 * same name and other content, the later ones get names of their own (`NAME-2`, `NAME-3` …), the same ones each time, and
 * what refers to them follows. The first file that has a current-context gives it. Unknown fields and extensions stay.
 */
export function mergeKubeconfigs(files: readonly KubeconfigFile[], options: MergeOptions): Merged {
  const [first, ...others] = files;
  if (!first) throw new Error('there is nothing to merge');
  const target = KubeconfigFile.parse(first.text, options.target);
  for (const list of Object.keys(LISTS) as ListName[])
    for (const { node } of target.entries(list)) relocate(node, list, first, options);
  const renames: Rename[] = [];
  let currentContext = target.currentContext;
  for (const file of others) {
    const copy = KubeconfigFile.parse(file.text, file.path);
    const names = new Map<ListName, Map<string, string>>();
    // Contexts come last: they are the ones that refer to the others.
    for (const list of ['clusters', 'users', 'contexts'] as const) {
      const renamed = new Map<string, string>();
      names.set(list, renamed);
      const added: YAMLMap[] = [];
      for (const { name, node } of copy.entries(list)) {
        relocate(node, list, file, options);
        if (list === 'contexts') followRenames(node, names);
        const to = place(target, added, list, name, node);
        if (to.name !== name) {
          renamed.set(name, to.name);
          renames.push({ list, path: file.path, from: name, to: to.name });
        }
        if (to.isNew) {
          node.set('name', to.name);
          added.push(node);
        }
      }
      target.add(list, added);
    }
    if (currentContext === '' && copy.currentContext !== '') {
      currentContext = names.get('contexts')!.get(copy.currentContext) ?? copy.currentContext;
      target.document.set('current-context', currentContext);
    }
    keepFurtherFields(target, copy);
  }
  return {
    text: target.text,
    renames,
    currentContext,
    counts: {
      clusters: target.entries('clusters').length,
      users: target.entries('users').length,
      contexts: target.entries('contexts').length,
    },
  };
}

/** The name that an entry gets: its own, where nobody has it or one of the same content does. */
function place(
  target: KubeconfigFile,
  added: readonly YAMLMap[],
  list: ListName,
  name: string,
  node: YAMLMap,
): { name: string; isNew: boolean } {
  const there = [...target.entries(list), ...added.map((entry) => ({ name: nameOf(entry), node: entry }))];
  const content = contentOf(node);
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    const taken = there.filter((entry) => entry.name === candidate);
    if (taken.length === 0) return { name: candidate, isNew: true };
    if (taken.some((entry) => contentOf(entry.node) === content)) return { name: candidate, isNew: false };
  }
}

function nameOf(node: YAMLMap): string {
  const name = node.get('name');
  return String(isScalar(name) ? name.value : name);
}

/** Everything of an entry but its name, in one form whatever the order of its fields. */
function contentOf(node: YAMLMap): string {
  return JSON.stringify(
    node.items
      .map((pair): [string, unknown] => [
        String(isScalar(pair.key) ? pair.key.value : pair.key),
        plain(pair.value),
      ])
      .filter(([key]) => key !== 'name')
      .sort(byKey),
  );
}

function plain(value: unknown): unknown {
  const js =
    typeof value === 'object' && value !== null && 'toJSON' in value
      ? (value as { toJSON(): unknown }).toJSON()
      : value;
  return sorted(js);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .map(([key, inner]): [string, unknown] => [key, sorted(inner)])
    .sort(byKey);
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0);

function followRenames(node: YAMLMap, names: ReadonlyMap<ListName, ReadonlyMap<string, string>>): void {
  const context = node.get('context');
  if (!isMap(context)) return;
  for (const [field, list] of [
    ['cluster', 'clusters'],
    ['user', 'users'],
  ] as const) {
    const to = names.get(list)!.get(String(context.get(field) ?? ''));
    if (to !== undefined) context.set(field, to);
  }
}

/** Files that an entry names are seen from the folder of its kubeconfig; in another folder they have another path. */
function relocate(
  node: YAMLMap,
  list: ListName,
  from: KubeconfigFile,
  { target, embed }: MergeOptions,
): void {
  const inner = node.get(LISTS[list]);
  if (!isMap(inner)) return;
  for (const field of FILE_FIELDS[list]) {
    const path = inner.get(field);
    if (typeof path !== 'string' || path === '') continue;
    const at = from.resolve(path);
    const data = DATA_FIELDS[field];
    if (embed && data !== undefined) {
      // What is embedded wins over the file already.
      if (!inner.get(data)) inner.set(data, Buffer.from(embed(at)).toString('base64'));
      inner.delete(field);
    } else if (!isAbsolute(path)) inner.set(field, relative(dirname(resolve(target)), at));
  }
  const exec = inner.get('exec');
  // A command with a slash in it is seen from the kubeconfig's folder (clientcmd ResolveLocalPaths); one without, from PATH.
  const command = isMap(exec) ? exec.get('command') : undefined;
  if (isMap(exec) && typeof command === 'string' && command.includes('/') && !isAbsolute(command)) {
    const moved = relative(dirname(resolve(target)), from.resolve(command));
    exec.set('command', moved.includes('/') ? moved : `./${moved}`);
  }
}

const OWN_FIELDS = new Set<string>(['apiVersion', 'kind', 'current-context', ...Object.keys(LISTS)]);

/** Fields of a whole file (`preferences`, `extensions`, unknown ones): the first file that has one gives it. */
function keepFurtherFields(target: KubeconfigFile, from: KubeconfigFile): void {
  if (!isMap(from.document.contents)) return;
  for (const { key, value } of from.document.contents.items) {
    const name = String(isScalar(key) ? key.value : key);
    if (OWN_FIELDS.has(name)) continue;
    const there = target.document.get(name);
    if (isSeq(there) && isSeq(value)) {
      // `extensions` is a list; what both have is kept once.
      const known = new Set(there.items.map((item) => JSON.stringify(plain(item))));
      for (const item of value.items) if (!known.has(JSON.stringify(plain(item)))) there.items.push(item);
    } else if (isMap(there) && isMap(value)) {
      for (const pair of value.items) if (!there.has(pair.key)) there.set(pair.key, pair.value);
    } else if (there === undefined || there === null) target.document.set(name, value);
  }
}
