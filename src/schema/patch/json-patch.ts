import { quote } from '../../meta/go-quote.ts';
import { badRequestError, StatusError } from '../../meta/status.ts';
import { goJson } from '../apply/path-element.ts';
import { isMap, own, put, sameValue } from '../apply/schema-node.ts';
import { jsonTypeName, readJson } from './json-text.ts';
import { type FieldValidation, type PatchResult, refused, rejectedPatchError } from './patch-result.ts';

type Json = Record<string, unknown>;

/** More operations are refused (apiserver handlers/rest.go). */
export const MAX_OPERATIONS = 10_000;
/** Bytes that the copy operations of one patch may add together (the server's JSONPatchMaxCopyBytes). */
export const MAX_COPIED_BYTES = 3 * 1024 * 1024;

/** An operation does not apply; the client is not told which. */
class Inapplicable extends Error {}

/**
 * Applies a JSON patch (RFC 6902) with the ways of kube-apiserver's library: `replace` of a missing field adds it, `-1`
 * counts a list from its end, and of a path all before the first slash is passed over. The object is not changed; the
 * result shares with it what the patch does not touch.
 *
 * @param object the object in the version that the client sees
 * @param text the body of the request
 */
export function applyJsonPatch(
  object: Json,
  text: string,
  validation: FieldValidation = 'Warn',
): PatchResult {
  const read = readJson(text);
  const strict = validation !== 'Ignore';
  const why = read.ok ? typeError(read.value, strict) : read.error;
  if (!read.ok || why !== undefined)
    return refused(badRequestError(strict ? `error decoding patch: ${why}` : why!));
  const operations = (read.value ?? []) as readonly (Json | null)[];
  if (operations.length > MAX_OPERATIONS) return refused(tooManyOperations(operations.length));
  const document = new Document(object);
  try {
    for (const operation of operations) document.apply(operation ?? {});
  } catch (error) {
    if (error instanceof Inapplicable || error instanceof RangeError) return refused(rejectedPatchError());
    throw error;
  }
  const root = document.root;
  return {
    ok: true,
    object: root,
    strictErrors: strict ? strictFaults(read.duplicates(), operations) : [],
    shown: () => goJson(root),
  };
}

function tooManyOperations(count: number): StatusError {
  return new StatusError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${count}`,
  });
}

const FIELDS = ['op', 'path', 'from', 'value'];

/** Go's word for a body that is JSON, but no list of operations. */
function typeError(body: unknown, strict: boolean): string | undefined {
  const [list, item] = strict
    ? ['[]handlers.jsonPatchOp', 'handlers.jsonPatchOp']
    : ['jsonpatch.Patch', 'jsonpatch.Operation'];
  if (body === null) return undefined;
  if (!Array.isArray(body))
    return `json: cannot unmarshal ${jsonTypeName(body)} into Go value of type ${list}`;
  for (const operation of body as unknown[]) {
    if (operation === null) continue;
    if (!isMap(operation))
      return `json: cannot unmarshal ${jsonTypeName(operation)} into Go value of type ${item}`;
    if (!strict) continue;
    for (const name of Object.keys(operation)) {
      if (name === 'value' || !FIELDS.includes(name)) continue;
      const value = operation[name];
      if (value !== null && typeof value !== 'string') {
        const type = typeof value === 'number' ? `number` : jsonTypeName(value);
        return `json: cannot unmarshal ${type} into Go struct field jsonPatchOp.${name} of type string`;
      }
    }
  }
  return undefined;
}

function strictFaults(duplicates: readonly string[], operations: readonly (Json | null)[]): string[] {
  const faults = [...duplicates];
  operations.forEach((operation, i) => {
    for (const name of Object.keys(operation ?? {})) {
      if (!FIELDS.includes(name)) faults.push(`unknown field ${quote(`[${i}].${name}`)}`);
    }
  });
  return faults.slice(0, 100).map((fault) => `json patch ${fault}`);
}

type Container = Json | unknown[];

/** The object being patched: what an operation changes is copied first, once. */
class Document {
  root: unknown;
  private readonly fresh = new Set<unknown>();
  private copied = 0;

  constructor(object: Json) {
    this.root = object;
  }

  apply(operation: Json): void {
    const path = this.pointer(operation, 'path');
    switch (operation['op']) {
      case 'add':
        this.add(path, own(operation, 'value') ?? null);
        break;
      case 'remove':
        this.remove(path);
        break;
      case 'replace':
        this.replace(path, own(operation, 'value') ?? null);
        break;
      case 'test':
        this.test(path, own(operation, 'value'));
        break;
      case 'move':
        this.move(this.pointer(operation, 'from'), path);
        break;
      case 'copy':
        this.copy(this.pointer(operation, 'from'), path);
        break;
      default:
        throw new Inapplicable();
    }
  }

  private move(from: string, path: string): void {
    const value = this.read(from) ?? null;
    this.remove(from);
    this.add(path, value);
  }

  private copy(from: string, path: string): void {
    const value = this.read(from) ?? null;
    this.copied += Buffer.byteLength(JSON.stringify(value));
    if (this.copied > MAX_COPIED_BYTES) throw new Inapplicable();
    this.share(value);
    this.add(path, value);
  }

  private pointer(operation: Json, name: string): string {
    const value = own(operation, name);
    if (typeof value !== 'string') throw new Inapplicable();
    return value;
  }

  private add(path: string, value: unknown): void {
    const [container, key] = this.find(path, true);
    if (!Array.isArray(container)) put(container, key, value);
    else if (key === '-') container.push(value);
    else container.splice(place(key, container.length + 1), 0, value);
  }

  private remove(path: string): void {
    const [container, key] = this.find(path, true);
    if (Array.isArray(container)) {
      container.splice(place(key, container.length), 1);
      return;
    }
    if (!Object.hasOwn(container, key)) throw new Inapplicable();
    delete container[key];
  }

  private replace(path: string, value: unknown): void {
    if (path === '') {
      if (typeof value !== 'object' || value === null) throw new Inapplicable();
      this.root = value;
      return;
    }
    const [container, key] = this.find(path, true);
    if (Array.isArray(container)) container[place(key, container.length)] = value;
    else put(container, key, value);
  }

  private test(path: string, value: unknown): void {
    if (value === undefined) throw new Inapplicable();
    const found = path === '' ? this.root : (this.read(path) ?? null);
    if (!sameValue(found, value)) throw new Inapplicable();
  }

  /** Undefined where the object has no such field; a place beyond a list's end does not apply. */
  private read(path: string): unknown {
    const [container, key] = this.find(path, false);
    return Array.isArray(container) ? container[place(key, container.length)] : own(container, key);
  }

  /** What holds the last step of a path, and that step. */
  private find(path: string, write: boolean): [Container, string] {
    const parts = path.split('/');
    if (parts.length < 2) throw new Inapplicable();
    let container = this.enter(this.root, write, (copy) => {
      this.root = copy;
    });
    for (let i = 1; i < parts.length - 1; i++) {
      const parent = container;
      const step = unescapeStep(parts[i]!);
      const at = Array.isArray(parent) ? place(step, parent.length) : step;
      const next = Array.isArray(parent) ? parent[at as number] : own(parent, step);
      container = this.enter(next, write, (copy) => {
        if (Array.isArray(parent)) parent[at as number] = copy;
        else put(parent, step, copy);
      });
    }
    return [container, unescapeStep(parts[parts.length - 1]!)];
  }

  private enter(value: unknown, write: boolean, replace: (copy: Container) => void): Container {
    if (typeof value !== 'object' || value === null) throw new Inapplicable();
    if (!write || this.fresh.has(value)) return value as Container;
    const copy: Container = Array.isArray(value) ? [...value] : { ...(value as Json) };
    this.fresh.add(copy);
    replace(copy);
    return copy;
  }

  /** A value that now stands in two places is no longer ours to change. */
  private share(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    this.fresh.delete(value);
    for (const inner of Object.values(value)) this.share(inner);
  }
}

const unescapeStep = (step: string): string =>
  step.includes('~') ? step.replace(/~[01]/g, (pair) => (pair === '~1' ? '/' : '~')) : step;

/** An index as the library reads it: whole numbers, from the end where negative. */
function place(key: string, length: number): number {
  if (!/^[+-]?\d+$/.test(key)) throw new Inapplicable();
  const index = Number(key);
  const at = index < 0 ? index + length : index;
  if (at < 0 || at >= length) throw new Inapplicable();
  return at;
}
