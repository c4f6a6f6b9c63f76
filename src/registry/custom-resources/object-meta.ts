import { cloneJson } from '../../meta/clone.ts';
import { child, type FieldError, index, invalid, key, required } from '../../meta/field-error.ts';
import { dns1035LabelFaults, nameIsPathSegment } from '../../meta/names.ts';
import type { Fields, ObjectMeta } from '../../meta/object.ts';
import { parseGroupVersion } from '../../meta/object.ts';
import { validateObjectMeta } from '../../meta/object-meta-validation.ts';
import { put } from '../../schema/apply/schema-node.ts';
import { decodeStruct } from '../../schema/decode-value.ts';
import { typeTable } from '../../schema/type-table.ts';
import { shownValue } from './shown-value.ts';
import type { Structural } from './structural.ts';

/** Metadata of objects without a Go type (pkg/apiserver/schema/objectmeta). */

export type MetadataResult =
  | { ok: true; metadata: ObjectMeta; unknown: string[] }
  /** In encoding/json's words. */
  | { ok: false; error: string };

const META_TYPE = 'meta/v1.ObjectMeta';

/**
 * Metadata as decoding it into ObjectMeta leaves it. `unknown` are paths of fields there are none of, below `path`.
 *
 * @param lenient drops fields of a wrong type instead of failing: for what is stored since before they were checked
 */
export function decodeMetadata(
  value: unknown,
  path: string,
  strict: boolean,
  lenient = false,
): MetadataResult {
  const type = typeTable.type(META_TYPE);
  // Decoding takes from a value what does not fit, and the value is still to be shown.
  const decoded = decodeStruct(cloneJson(value ?? {}), type, strict);
  if (decoded.ok) {
    const unknown = decoded.strictErrors.flatMap((fault) => /"(.*)"$/.exec(fault)?.[1] ?? []);
    return {
      ok: true,
      metadata: decoded.value as ObjectMeta,
      unknown: unknown.map((field) => child(path, field)),
    };
  }
  if (!lenient) return decoded;
  const metadata: Fields = {};
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    for (const [name, field] of Object.entries(value)) {
      const single = decodeStruct({ [name]: field }, type, false);
      if (single.ok) Object.assign(metadata, single.value);
    }
  }
  return { ok: true, metadata: metadata as ObjectMeta, unknown: [] };
}

export interface CoerceOptions {
  /** What does not fit is dropped instead of being a fault. */
  lenient?: boolean;
  /** Takes the paths of unknown fields in metadata. */
  unknown?: string[];
}

/** Brings kind, apiVersion and metadata of embedded resources into their form; in place. Returns the first that does not fit. */
export function coerceEmbedded(
  value: unknown,
  schema: Structural | undefined,
  path = '',
  options: CoerceOptions = {},
): FieldError | undefined {
  if (!schema?.hasEmbedded || value === null || typeof value !== 'object') return undefined;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = coerceEmbedded(value[i], schema.items, index(path, i), options);
      if (fault) return fault;
    }
    return undefined;
  }
  const object = value as Fields;
  for (const name of Object.keys(object)) {
    if (schema.embedded) {
      const fault = coerceField(object, name, path, options);
      if (fault) return fault;
    }
    const property = schema.properties?.get(name);
    const fault = property
      ? coerceEmbedded(object[name], property, child(path, name), options)
      : coerceEmbedded(object[name], schema.additional?.schema, key(path, name), options);
    if (fault) return fault;
  }
  return undefined;
}

function coerceField(
  object: Fields,
  name: string,
  path: string,
  options: CoerceOptions,
): FieldError | undefined {
  const value: unknown = object[name];
  if (name === 'apiVersion' || name === 'kind') {
    if (typeof value === 'string') return undefined;
    if (!options.lenient) return invalid(child(path, name), shownValue(value), 'must be a string');
    delete object[name];
  } else if (name === 'metadata') {
    const at = child(path, name);
    const decoded = decodeMetadata(value, at, options.unknown !== undefined, options.lenient);
    if (!decoded.ok) return invalid(at, shownValue(value), decoded.error);
    options.unknown?.push(...decoded.unknown);
    put(object, name, decoded.metadata);
  }
  return undefined;
}

/** Faults of kind, apiVersion and metadata of embedded resources; of the object itself where the schema is a resource's. */
export function embeddedErrors(value: unknown, schema: Structural | undefined, path = ''): FieldError[] {
  const errors: FieldError[] = [];
  walk(value, schema, path, errors);
  return errors;
}

function walk(value: unknown, schema: Structural | undefined, path: string, errors: FieldError[]): void {
  if (!schema?.hasEmbedded || value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) walk(value[i], schema.items, index(path, i), errors);
    return;
  }
  const object = value as Fields;
  if (schema.embedded) errors.push(...resourceErrors(object, path));
  for (const name of Object.keys(object)) {
    const property = schema.properties?.get(name);
    if (property) walk(object[name], property, child(path, name), errors);
    else walk(object[name], schema.additional?.schema, key(path, name), errors);
  }
}

function resourceErrors(object: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['apiVersion', 'kind'])
    if (!Object.hasOwn(object, name)) errors.push(required(child(path, name)));
  for (const name of Object.keys(object)) {
    const at = child(path, name);
    if (name === 'apiVersion') errors.push(...versionErrors(object[name], at));
    else if (name === 'kind') errors.push(...kindErrors(object[name], at));
    else if (name === 'metadata') {
      const decoded = decodeMetadata(object[name], at, false);
      if (!decoded.ok) errors.push(invalid(at, shownValue(object[name]), decoded.error));
      else {
        // Something has to be the name, or its absence would be a fault.
        const metadata = { ...decoded.metadata, name: decoded.metadata.name || 'fakename' };
        errors.push(...validateObjectMeta(metadata, Boolean(metadata.namespace), nameIsPathSegment, at));
      }
    }
  }
  return errors;
}

function versionErrors(value: unknown, path: string): FieldError[] {
  if (typeof value !== 'string') return [invalid(path, shownValue(value), 'must be a string')];
  if (value === '') return [invalid(path, value, 'must not be empty')];
  return parseGroupVersion(value) ? [] : [invalid(path, value, `unexpected GroupVersion string: ${value}`)];
}

function kindErrors(value: unknown, path: string): FieldError[] {
  if (typeof value !== 'string') return [invalid(path, shownValue(value), 'must be a string')];
  if (value === '') return [invalid(path, value, 'must not be empty')];
  const faults = dns1035LabelFaults(value.toLowerCase());
  if (faults.length === 0) return [];
  return [invalid(path, value, `may have mixed case, but should otherwise match: ${faults.join(',')}`)];
}
