import { badRequestError } from '../../meta/status.ts';
import { goJson } from '../apply/path-element.ts';
import { isMap, own, put } from '../apply/schema-node.ts';
import { type JsonText, jsonTypeName, readJson } from './json-text.ts';
import { type FieldValidation, type PatchResult, refused } from './patch-result.ts';

type Json = Record<string, unknown>;

/**
 * Applies a JSON merge patch (RFC 7386). Nulls below what the object does not have are dropped; a list is taken as it
 * is. The object is not changed; the result shares with it what the patch does not touch.
 *
 * @param object the object in the version that the client sees
 * @param text the body of the request
 */
export function applyMergePatch(
  object: Json,
  text: string,
  validation: FieldValidation = 'Warn',
): PatchResult {
  const read = readJson(text);
  const strict = validation !== 'Ignore';
  if (!read.ok) {
    return refused(badRequestError(strict ? `error decoding patch: ${read.error}` : 'Invalid JSON Patch'));
  }
  const patch = read.value;
  if (patch === null) return refused(badRequestError('Invalid JSON Patch'));
  if (!isMap(patch)) {
    if (strict) {
      const what = jsonTypeName(patch);
      const why = `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`;
      return refused(badRequestError(`error decoding patch: ${why}`));
    }
    if (!Array.isArray(patch)) return refused(badRequestError('Invalid JSON Patch'));
    return done(patch.map(withoutNulls), read, strict);
  }
  return done(mergeMaps(object, patch), read, strict);
}

function done(object: unknown, read: JsonText & { ok: true }, strict: boolean): PatchResult {
  return { ok: true, object, strictErrors: strict ? read.duplicates() : [], shown: () => goJson(object) };
}

function mergeMaps(object: Json, patch: Json): Json {
  const out = { ...object };
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    const current = own(object, key);
    if (value === null) delete out[key];
    else if (isMap(current)) put(out, key, isMap(value) ? mergeMaps(current, value) : value);
    else put(out, key, withoutNulls(value));
  }
  return out;
}

/** Fields that are null go; items of lists that are null stay. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isMap(value)) return value;
  const out: Json = {};
  for (const key of Object.keys(value)) if (value[key] !== null) put(out, key, withoutNulls(value[key]));
  return out;
}
