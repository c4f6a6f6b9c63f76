import type { Fields, KubeObject } from '../../meta/object.ts';
import { compare } from './compare.ts';
import { difference, EMPTY, type FieldSet } from './field-set.ts';
import { fieldSetOf } from './field-set-of.ts';
import { goJson } from './path-element.ts';
import type { SchemaNode } from './schema-node.ts';
import { validateTyped } from './typed-validate.ts';

/**
 * The way from client-side to server-side apply: kubectl used to keep the last configuration in an annotation, and
 * whoever applies as `kubectl` takes over what that says (managedfields/internal/lastappliedmanager.go, lastappliedupdater.go).
 */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
export const KUBECTL = 'kubectl';

/** Bytes that all annotations of an object may have together. */
const MAX_ANNOTATIONS = 256 * 1024;

export function lastApplied(object: KubeObject): string | undefined {
  const text: unknown = object.metadata?.annotations?.[LAST_APPLIED];
  return typeof text === 'string' && text !== '' ? text : undefined;
}

/** The fields that the annotation vouches for: those that the object still has as it says. Undefined: it says nothing. */
export function vouchedFields(
  live: KubeObject,
  schema: SchemaNode,
  apiVersion: string,
): FieldSet | undefined {
  const text = lastApplied(live);
  if (text === undefined) return undefined;
  let config: Fields;
  try {
    config = JSON.parse(text) as Fields;
  } catch {
    return undefined;
  }
  if (typeof config !== 'object' || config === null || config['apiVersion'] !== apiVersion || !config['kind'])
    return undefined;
  if (validateTyped(live, schema) !== undefined || validateTyped(config, schema) !== undefined)
    return undefined;
  const { changed = EMPTY, removed = EMPTY } = compare(config, live, schema);
  return difference(difference(fieldSetOf(config, schema), changed), removed);
}

/** The object with its annotation, where it has one, brought up to what has been applied. */
export function withLastApplied(object: KubeObject, config: KubeObject): KubeObject {
  if (lastApplied(object) === undefined) return object;
  const { metadata } = config;
  let applied: Fields = config;
  if (metadata?.annotations) {
    const { [LAST_APPLIED]: _, ...rest } = metadata.annotations;
    applied = { ...config, metadata: { ...metadata, annotations: rest } };
  }
  const annotations: Record<string, string> = {
    ...object.metadata.annotations,
    [LAST_APPLIED]: `${goJson(applied)}\n`,
  };
  if (sizeOf(annotations) > MAX_ANNOTATIONS) delete annotations[LAST_APPLIED];
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function sizeOf(annotations: Record<string, string>): number {
  let size = 0;
  for (const [key, value] of Object.entries(annotations))
    size += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  return size;
}
