import { cloneJson } from '../../meta/clone.ts';
import { deepEqual } from '../../meta/deep-equal.ts';
import { quote } from '../../meta/go-quote.ts';

/** One operation of RFC 6902 as webhooks and policies send it. */
export interface PatchOperation {
  op?: string;
  path?: string;
  from?: string;
  value?: unknown;
}

/** Copies of one patch may add so many bytes together. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;
const MAX_OPERATIONS = 10_000;

class Fault extends Error {}

const missing = (what: string): Fault => new Fault(`${what}: missing value`);
const wrapped = (what: string, error: unknown): Error =>
  error instanceof Fault ? new Fault(`${what}: ${error.message}`) : (error as Error);

/**
 * Applies a patch to a copy of a document. What does not apply is told in the words of the library that kube-apiserver
 * uses (evanphx/json-patch v4), which say where; handlers of PATCH requests do not pass them on, webhooks and policies do.
 */
export function applyOperations(
  document: Record<string, unknown>,
  operations: readonly (PatchOperation | null)[],
): { ok: true; document: unknown } | { ok: false; error: string } {
  if (operations.length > MAX_OPERATIONS)
    return { ok: false, error: `too many operations: ${operations.length}` };
  const patched = new Patched(cloneJson(document));
  try {
    for (const operation of operations) patched.apply(operation ?? {});
  } catch (error) {
    if (error instanceof Fault) return { ok: false, error: error.message };
    throw error;
  }
  return { ok: true, document: patched.root };
}

type Container = Record<string, unknown> | unknown[];

const isContainer = (value: unknown): value is Container => value !== null && typeof value === 'object';
const unescapeToken = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

class Patched {
  root: unknown;
  #copied = 0;

  constructor(root: unknown) {
    this.root = root;
  }

  apply(operation: PatchOperation): void {
    const { op = 'unknown', path, from } = operation;
    if (!['add', 'remove', 'replace', 'move', 'test', 'copy'].includes(op))
      throw new Fault(`Unexpected kind: ${op}`);
    if (typeof path !== 'string') throw missing(`${op} operation failed to decode path`);
    if ((op === 'move' || op === 'copy') && typeof from !== 'string')
      throw missing(`${op} operation failed to decode from`);
    switch (op) {
      case 'add':
        return this.#add(path, operation.value ?? null);
      case 'remove':
        return this.#remove(path);
      case 'replace':
        return this.#replace(path, operation.value ?? null);
      case 'move':
        return this.#move(from!, path);
      case 'test':
        return this.#test(path, operation.value ?? null);
      default:
        return this.#copy(from!, path);
    }
  }

  /** What holds the last part of a path, and that part. */
  #find(path: string): { holder: Container; key: string } | undefined {
    const parts = path.split('/');
    if (parts.length < 2) return undefined;
    let holder: unknown = this.root;
    for (const part of parts.slice(1, -1)) {
      if (!isContainer(holder)) return undefined;
      holder = peek(holder, unescapeToken(part));
    }
    return isContainer(holder) ? { holder, key: unescapeToken(parts[parts.length - 1]!) } : undefined;
  }

  #add(path: string, value: unknown): void {
    const found = this.#find(path);
    if (!found) throw missing(`add operation does not apply: doc is missing path: ${quote(path)}`);
    try {
      insert(found.holder, found.key, cloneJson(value));
    } catch (error) {
      throw wrapped(`error in add for path: '${path}'`, error);
    }
  }

  #remove(path: string): void {
    const found = this.#find(path);
    if (!found) throw missing(`remove operation does not apply: doc is missing path: ${quote(path)}`);
    try {
      take(found.holder, found.key);
    } catch (error) {
      throw wrapped(`error in remove for path: '${path}'`, error);
    }
  }

  #replace(path: string, value: unknown): void {
    if (path === '') {
      if (!isContainer(value)) throw new Fault('replace operation hit a non-container value');
      this.root = cloneJson(value);
      return;
    }
    const found = this.#find(path);
    if (!found) throw missing(`replace operation does not apply: doc is missing path: ${path}`);
    if (!holds(found.holder, found.key))
      throw missing(`replace operation does not apply: doc is missing key: ${path}`);
    put(found.holder, found.key, cloneJson(value));
  }

  #move(from: string, path: string): void {
    const source = this.#find(from);
    if (!source) throw missing(`move operation does not apply: doc is missing from path: ${from}`);
    let value: unknown;
    try {
      value = read(source.holder, source.key);
      take(source.holder, source.key);
    } catch (error) {
      throw wrapped(`error in move for path: '${source.key}'`, error);
    }
    const target = this.#find(path);
    if (!target) throw missing(`move operation does not apply: doc is missing destination path: ${path}`);
    try {
      insert(target.holder, target.key, value);
    } catch (error) {
      throw wrapped(`error in move for path: '${path}'`, error);
    }
  }

  #test(path: string, value: unknown): void {
    const failed = new Fault(`testing value ${path} failed: test failed`);
    if (path === '') {
      if (deepEqual(this.root, value)) return;
      throw failed;
    }
    const found = this.#find(path);
    if (!found) throw missing(`test operation does not apply: is missing path: ${path}`);
    let there: unknown;
    try {
      there = read(found.holder, found.key);
    } catch (error) {
      throw wrapped(`error in test for path: '${path}'`, error);
    }
    if (!deepEqual(there ?? null, value)) throw failed;
  }

  #copy(from: string, path: string): void {
    const source = this.#find(from);
    if (!source) throw missing(`copy operation does not apply: doc is missing from path: ${from}`);
    let value: unknown;
    try {
      value = read(source.holder, source.key);
    } catch (error) {
      throw wrapped(`error in copy for from: '${from}'`, error);
    }
    const target = this.#find(path);
    if (!target) throw missing(`copy operation does not apply: doc is missing destination path: ${path}`);
    this.#copied += JSON.stringify(value ?? null).length;
    if (this.#copied > MAX_COPIED_BYTES) {
      throw new Fault(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.#copied}, exceeding the limit ${MAX_COPIED_BYTES}`,
      );
    }
    try {
      insert(target.holder, target.key, cloneJson(value));
    } catch (error) {
      throw wrapped('error while adding value during copy', error);
    }
  }
}

/** A list's index: from its end where it is negative. */
function indexOf(key: string, length: number): number {
  if (!/^[+-]?\d+$/.test(key)) throw new Fault(`strconv.Atoi: parsing ${quote(key)}: invalid syntax`);
  const index = Number(key);
  if (index >= length || index < -length)
    throw new Fault(`Unable to access invalid index: ${index}: invalid index referenced`);
  return index < 0 ? index + length : index;
}

function peek(holder: Container, key: string): unknown {
  if (!Array.isArray(holder)) return Object.hasOwn(holder, key) ? holder[key] : undefined;
  return /^\d+$/.test(key) ? holder[Number(key)] : undefined;
}

function read(holder: Container, key: string): unknown {
  if (Array.isArray(holder)) return holder[indexOf(key, holder.length)];
  if (!Object.hasOwn(holder, key)) throw missing(`unable to get nonexistent key: ${key}`);
  return holder[key];
}

const holds = (holder: Container, key: string): boolean => {
  if (!Array.isArray(holder)) return Object.hasOwn(holder, key);
  return /^-?\d+$/.test(key) && Number(key) < holder.length && Number(key) >= -holder.length;
};

function put(holder: Container, key: string, value: unknown): void {
  if (Array.isArray(holder)) holder[indexOf(key, holder.length)] = value;
  else define(holder, key, value);
}

function define(holder: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
  else holder[key] = value;
}

function insert(holder: Container, key: string, value: unknown): void {
  if (!Array.isArray(holder)) define(holder, key, value);
  else if (key === '-') holder.push(value);
  else {
    if (!/^[+-]?\d+$/.test(key)) {
      throw new Fault(
        `value was not a proper array index: '${key}': strconv.Atoi: parsing ${quote(key)}: invalid syntax`,
      );
    }
    const index = indexOf(key, holder.length + 1);
    holder.splice(index, 0, value);
  }
}

function take(holder: Container, key: string): void {
  if (Array.isArray(holder)) {
    holder.splice(indexOf(key, holder.length), 1);
    return;
  }
  if (!Object.hasOwn(holder, key)) throw missing(`Unable to remove nonexistent key: ${key}`);
  delete holder[key];
}
