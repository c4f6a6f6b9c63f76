import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument, visit, YAMLMap, YAMLSeq } from 'yaml';

/** The lists of a kubeconfig, and the key that an entry of each has besides its name (client-go tools/clientcmd/api/v1). */
export const LISTS = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;
export type ListName = keyof typeof LISTS;

/** Fields that name files, seen from the kubeconfig's folder (clientcmd GetClusterFileReferences, GetAuthInfoFileReferences). */
export const FILE_FIELDS: Readonly<Record<ListName, readonly string[]>> = {
  clusters: ['certificate-authority'],
  users: ['client-certificate', 'client-key', 'tokenFile'],
  contexts: [],
};

/** A file that is to be written. */
export interface FileChange {
  path: string;
  content: string;
  /** For a new file; one that is there keeps its own, unless this is to be exact. */
  mode: number;
  exact?: boolean;
}

/** A kubeconfig as a document: what is not understood stays in it, comments too. */
export class KubeconfigFile {
  readonly path: string;
  readonly document: Document;

  private constructor(path: string, document: Document) {
    this.path = path;
    this.document = document;
  }

  /** Throws an Error that says why the file is no kubeconfig. */
  static read(path: string): KubeconfigFile {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why =
        code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : code;
      throw new Error(`${path} cannot be read (${why})`);
    }
    return KubeconfigFile.parse(text, path);
  }

  static parse(text: string, path: string): KubeconfigFile {
    let document: Document = parseDocument(text);
    const fault = document.errors[0];
    // The message of the parser quotes the line, which may hold a key.
    if (fault) {
      const line = fault.linePos?.[0].line;
      throw new Error(`${path} is no YAML${line === undefined ? '' : ` (line ${line}: ${fault.code})`}`);
    }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null))
      document = parseDocument('apiVersion: v1\nkind: Config\n');
    if (!isMap(document.contents)) throw new Error(`${path} is no kubeconfig: it is no mapping`);
    const kind = document.get('kind');
    if (kind !== undefined && kind !== null && kind !== 'Config')
      throw new Error(`${path} is no kubeconfig: its kind is ${JSON.stringify(kind)}`);
    const file = new KubeconfigFile(path, withoutAliases(document));
    keepNumbersAsWritten(file.document);
    for (const list of Object.keys(LISTS) as ListName[]) {
      const found = file.document.get(list);
      if (found !== undefined && found !== null && !isSeq(found))
        throw new Error(`${path} is no kubeconfig: ${list} is no list`);
    }
    return file;
  }

  get currentContext(): string {
    return textOf(this.document.get('current-context'));
  }

  /** The entries of a list in their order; what has no name is passed over. */
  entries(list: ListName): { name: string; node: YAMLMap }[] {
    const found = this.document.get(list);
    if (!isSeq(found)) return [];
    return found.items.flatMap((node) =>
      isMap(node) && node.has('name') ? [{ name: textOf(node.get('name')), node: node as YAMLMap }] : [],
    );
  }

  /** What an entry says, as plain values; undefined where there is none of that name. The last of a name counts. */
  value(list: ListName, name: string): Record<string, unknown> | undefined {
    const node = this.entries(list)
      .findLast((entry) => entry.name === name)
      ?.node.get(LISTS[list]);
    if (node === undefined) return undefined;
    return isMap(node) ? (node.toJS(this.document) as Record<string, unknown>) : {};
  }

  /** Sets a field of an entry, or takes it away. */
  set(list: ListName, name: string, field: string, value: string | undefined): void {
    const entry = this.entries(list).findLast((one) => one.name === name)?.node;
    if (!entry) throw new Error(`${this.path} has no entry ${name} in ${list}`);
    let inner = entry.get(LISTS[list]);
    if (!isMap(inner)) {
      inner = new YAMLMap();
      entry.set(LISTS[list], inner);
    }
    if (value === undefined) (inner as YAMLMap).delete(field);
    else (inner as YAMLMap).set(field, value);
  }

  /** Adds entries behind those of a list, making the list where there is none. */
  add(list: ListName, nodes: readonly YAMLMap[]): void {
    if (nodes.length === 0) return;
    let found = this.document.get(list);
    if (!isSeq(found)) {
      found = new YAMLSeq();
      this.document.set(list, found);
    }
    for (const node of nodes) (found as YAMLSeq).items.push(node);
  }

  /** Whose certificate and server a context is about; undefined where there is no such context. */
  context(name: string): { cluster: string; user: string; namespace: string } | undefined {
    const value = this.value('contexts', name);
    return value && { cluster: str(value.cluster), user: str(value.user), namespace: str(value.namespace) };
  }

  /** A file that an entry names, as a path from here. */
  resolve(path: string): string {
    return isAbsolute(path) ? path : resolve(dirname(resolve(this.path)), path);
  }

  /** Long lines stay whole: keys and certificates are one line each. */
  get text(): string {
    return this.document.toString({ lineWidth: 0 });
  }
}

const str = (value: unknown): string => (typeof value === 'string' ? value : '');

function textOf(value: unknown): string {
  if (isScalar(value)) return textOf(value.value);
  return value === undefined || value === null ? '' : String(value);
}

/** An alias has its sense in its own document alone; entries are carried from one to another. */
function withoutAliases(document: Document): Document {
  let aliases = false;
  visit(document, {
    Alias: () => {
      aliases = true;
      return visit.BREAK;
    },
  });
  if (!aliases || isAlias(document.contents)) return document;
  const plain = parseDocument('{}');
  plain.contents = plain.createNode(document.toJS(), { aliasDuplicateObjects: false }) as never;
  return plain;
}

/** `0123`, `1e3` or `12345678901234567890` may be a token or a name: digits are kept as they were written. */
function keepNumbersAsWritten(document: Document): void {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'number' || node.source === undefined) return;
      if (String(node.value) !== node.source) node.value = node.source;
    },
  });
}
