import { cloneJson } from '../../meta/clone.ts';
import { errorText } from '../../meta/field-error.ts';
import { goJson } from '../../meta/go-json.ts';
import {
  type Fields,
  groupVersion,
  type KubeObject,
  type ObjectMeta,
  parseGroupVersion,
} from '../../meta/object.ts';
import { badRequestError } from '../../meta/status.ts';
import { put } from '../../schema/apply/schema-node.ts';
import { type Decoded, type DecodeOptions, decodeUnstructured } from '../../schema/decode.ts';
import { normalizerOf } from '../../schema/defaults.ts';
import { pruneNulls, setDefaults } from './defaulting.ts';
import type { DefinitionVersion } from './definition-version.ts';
import { coerceEmbedded, decodeMetadata } from './object-meta.ts';
import { prune } from './pruning.ts';

/** What decoding makes of a custom resource (apiextensions-apiserver pkg/apiserver, unstructuredSchemaCoercer). */

export interface CoercionOptions {
  /** Takes the paths of fields that the schema does not know, in the order in which they are told. */
  unknown?: string[];
  /** The object comes from the store: what is wrong with its metadata is dropped, and it has a generation. */
  stored?: boolean;
}

const normalizeMetadata = normalizerOf('meta/v1.ObjectMeta') as (metadata: ObjectMeta) => void;

/** Brings metadata into its form, as every write leaves it; in place. */
export function normalizeObject(object: KubeObject): void {
  normalizeMetadata(object.metadata);
}

/**
 * Brings an object into the form its version has: metadata as it should be, and nothing that the schema does not know.
 * In place; defaults are not set. Returns what is wrong with it, or undefined.
 */
export function coerce(
  object: Fields,
  version: DefinitionVersion,
  options: CoercionOptions = {},
): string | undefined {
  const { unknown, stored = false } = options;
  const { kind, apiVersion } = object as { kind?: unknown; apiVersion?: unknown };
  const has = Object.hasOwn(object, 'metadata');
  const decoded = decodeMetadata(object['metadata'], 'metadata', unknown !== undefined, stored);
  if (!decoded.ok) return decoded.error;
  const { metadata } = decoded;
  unknown?.push(...decoded.unknown);
  if (kind === version.kind.kind && groupOf(apiVersion) === version.kind.group) {
    const { schema } = version;
    if (!version.preserveUnknownFields) {
      prune(object, schema, unknown);
      pruneNulls(object, schema);
    }
    const fault = coerceEmbedded(object, schema, '', { lenient: stored, ...(unknown ? { unknown } : {}) });
    if (fault) return errorText(fault);
    if (stored && !metadata.generation) metadata.generation = 1;
  }
  if (kind !== undefined) object['kind'] = kind;
  if (apiVersion !== undefined) object['apiVersion'] = apiVersion;
  if (has) {
    normalizeMetadata(metadata);
    put(object, 'metadata', metadata);
  }
  return undefined;
}

const groupOf = (apiVersion: unknown): string | undefined =>
  typeof apiVersion === 'string' ? parseGroupVersion(apiVersion)?.group : undefined;

/** A request's body as an object of a version, with the version's defaults. */
export function decodeCustom(
  body: Buffer,
  mediaType: string,
  options: DecodeOptions,
  version: DefinitionVersion,
): Decoded {
  const decoded = decodeUnstructured(body, mediaType, options);
  if (!decoded.ok) return decoded;
  const { object, strictErrors } = decoded;
  const sent = object.kind;
  const unknown = options.strict ? [] : undefined;
  const fault = coerce(object, version, unknown ? { unknown } : {});
  if (fault !== undefined) {
    const { kind } = version.kind;
    return {
      ok: false,
      error: badRequestError(`${sent} in version "${version.name}" cannot be handled as a ${kind}: ${fault}`),
    };
  }
  finish(object, version);
  return { ok: true, object, strictErrors: [...strictErrors, ...unknownFields(unknown)] };
}

/** What a patch made, as an object of a version with its defaults. The value itself stays as it is. */
export function redecodeCustom(
  value: unknown,
  strict: boolean,
  version: DefinitionVersion,
): { ok: true; object: KubeObject; strictErrors: readonly string[] } | { ok: false; error: string } {
  const { kind } = (value ?? {}) as { kind?: unknown };
  if (typeof kind !== 'string' || kind === '')
    return { ok: false, error: `Object 'Kind' is missing in '${goJson(value)}'` };
  const object = cloneJson(value as Fields);
  const unknown = strict ? [] : undefined;
  const fault = coerce(object, version, unknown ? { unknown } : {});
  if (fault !== undefined) return { ok: false, error: fault };
  finish(object, version);
  return { ok: true, object: object as KubeObject, strictErrors: unknownFields(unknown) };
}

const unknownFields = (paths: readonly string[] | undefined): string[] =>
  (paths ?? []).map((path) => `unknown field "${path}"`);

function finish(object: Fields, version: DefinitionVersion): void {
  object['metadata'] ??= {};
  if (object['kind'] === version.kind.kind && object['apiVersion'] === groupVersion(version.kind))
    setDefaults(object, version.schema);
}
