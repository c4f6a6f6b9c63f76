import { type GroupVersionKind, groupVersion, type KubeObject, parseGroupVersion } from '../meta/object.ts';
import { badRequestError, type StatusError } from '../meta/status.ts';
import { decodeUntyped } from './decode-untyped.ts';
import { decodeStruct } from './decode-value.ts';
import { goSyntaxError } from './go-json-syntax.ts';
import { countKeys, MAX_DEPTH, NumberLiteral, parseExact, RepeatedObject, survey } from './json-text.ts';
import { decodeProtobuf, type Envelope, openEnvelope } from './protobuf/envelope.ts';
import { internalType, isRegistered, notRegistered, sameScheme, schemeName } from './scheme.ts';
import { typeTable } from './type-table.ts';
import { decodeYaml } from './yaml/value.ts';

/**
 * Request bodies, from bytes to an object of the kind that the resource has (apiserver endpoints/handlers/create.go,
 * apimachinery runtime/serializer).
 */
export const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

export interface DecodeOptions {
  /** The kind that the resource's objects have. */
  expected: GroupVersionKind;
  /** fieldValidation is Warn or Strict: report unknown and repeated fields. */
  strict: boolean;
}

/** Versions whose fields are those of the one that is expected, and which clients may go on to send. */
const ALSO_ACCEPTED: Record<string, true> = { 'Eviction.policy/v1beta1': true };

export type Decoded =
  | {
      ok: true;
      /** kind and apiVersion are set and stand first. */
      object: KubeObject;
      /** Repeated and unknown fields, each as it stands in a warning. */
      strictErrors: string[];
    }
  | { ok: false; error: StatusError };

/**
 * Decodes a body into an object of a built-in kind. A 400 for what cannot be read, is of another kind or version.
 * `Strict` callers refuse strictErrors with `strictDecodingError`; `Warn` callers write each as a warning.
 */
export function decodeObject(body: Buffer, mediaType: string, options: DecodeOptions): Decoded {
  const { expected, strict } = options;
  const parsed = parseBody(body, mediaType, strict);
  if (!parsed.ok) return unrecognized(parsed.error, expected.kind, body);
  const meta = parsed.protobuf
    ? versionKind(parsed.protobuf.apiVersion, parsed.protobuf.kind)
    : interpret(parsed.value);
  if ('error' in meta) return unrecognized(meta.error, expected.kind, body);
  const gvk = withDefaults(meta, expected);
  const unfit = (why: string): Decoded =>
    failed(`${gvk.kind} in version "${gvk.version}" cannot be handled as a ${expected.kind}: ${why}`);
  const version = groupVersion(gvk);
  const own = gvk.kind === expected.kind && gvk.version === expected.version && gvk.group === expected.group;
  let type = typeTable.kind(gvk);
  if (!own || !type) {
    if (!isRegistered(gvk) || !sameScheme(gvk.group, expected.group))
      return unfit(notRegistered(gvk, schemeName(expected.group)));
  }
  const accepted =
    own || version === groupVersion(expected) || ALSO_ACCEPTED[`${expected.kind}.${version}`] === true;
  if (!type && accepted) type = typeTable.kind(expected);
  let object: Record<string, unknown> = {};
  let strictErrors: string[] = parsed.strictErrors;
  if (type && parsed.protobuf) {
    const decoded = decodeProtobuf(parsed.protobuf.raw, type);
    if (!decoded.ok) return unfit(decoded.error);
    object = decoded.object;
  } else if (type && parsed.value !== null) {
    const decoded = decodeStruct(parsed.value, type, strict);
    if (!decoded.ok) return unfit(decoded.error);
    object = decoded.value;
    if (decoded.strictErrors.length) strictErrors = [...strictErrors, ...decoded.strictErrors];
  }
  if (!own && internalType(gvk) !== internalType(expected)) {
    return unfit(
      `converting (${gvk.version}.${gvk.kind}) to (${internalType(expected)}): unknown conversion`,
    );
  }
  if (!accepted) {
    return failed(
      `the API version in the data (${version}) does not match the expected API version (${groupVersion(expected)})`,
    );
  }
  return { ok: true, object: withKind(object, gvk.kind, version), strictErrors };
}

/**
 * Decodes a body into an object of a custom resource: nothing is known of its fields yet. Kind and apiVersion must be
 * given; strictErrors name repeated fields only.
 */
export function decodeUnstructured(body: Buffer, mediaType: string, options: DecodeOptions): Decoded {
  const { expected, strict } = options;
  const parsed = parseBody(body, mediaType, strict);
  if (!parsed.ok) return unrecognized(parsed.error, expected.kind, body);
  const meta = interpret(parsed.value);
  if ('error' in meta) return unrecognized(meta.error, expected.kind, body);
  const { value, strictErrors } = decodeUntyped(parsed.value ?? {}, strict);
  const object = value as Record<string, unknown>;
  const kind = typeof object['kind'] === 'string' ? object['kind'] : '';
  const gv = parseGroupVersion(typeof object['apiVersion'] === 'string' ? object['apiVersion'] : '') ?? {
    group: '',
    version: '',
  };
  if (kind === '')
    return unrecognized(`Object 'Kind' is missing in '${body.toString('utf8')}'`, expected.kind, body);
  if (groupVersion(gv) !== groupVersion(expected)) {
    return failed(
      `the API version in the data (${gv.group === '' && gv.version === '' ? '' : groupVersion(gv)}) does not match the expected API version (${groupVersion(expected)})`,
    );
  }
  return { ok: true, object: object as KubeObject, strictErrors: [...parsed.strictErrors, ...strictErrors] };
}

/** The 400 of `fieldValidation=Strict`. */
export function strictDecodingError(
  kind: string,
  version: string,
  strictErrors: readonly string[],
): StatusError {
  return badRequestError(
    `${kind} in version "${version}" cannot be handled as a ${kind}: ${strictDecodingText(strictErrors)}`,
  );
}

const YAML_ERRORS = 'yaml: unmarshal errors:\n';

/** Strict errors as warnings: one each, YAML's faults one by one. */
export function strictWarnings(strictErrors: readonly string[]): string[] {
  return strictErrors.flatMap((error) =>
    error.startsWith(YAML_ERRORS)
      ? error
          .slice(YAML_ERRORS.length)
          .split('\n')
          .map((line) => line.trim())
      : [error],
  );
}

/** `strict decoding error: a, b`. */
export function strictDecodingText(strictErrors: readonly string[]): string {
  return `strict decoding error: ${strictErrors.join(', ')}`;
}

export type ParsedBody =
  | {
      ok: true;
      value: unknown;
      strictErrors: string[];
      /** Set instead of the value: what it means only its type tells. */
      protobuf?: Envelope;
    }
  | { ok: false; error: string };

/** Bytes into a value; errors in Go's words, without what handlers put around them. */
export function parseBody(body: Buffer, mediaType: string, strict: boolean): ParsedBody {
  if (mediaType === PROTOBUF_TYPE) {
    const opened = openEnvelope(body);
    return opened.ok ? { ok: true, value: undefined, strictErrors: [], protobuf: opened.envelope } : opened;
  }
  if (mediaType === YAML_TYPE) {
    const decoded = decodeYaml(body.toString('utf8'));
    if (!decoded.ok) return { ok: false, error: decoded.error };
    const repeated = decoded.repeated.map((line) => `\n  ${line}`).join('');
    return {
      ok: true,
      value: decoded.value,
      strictErrors: strict && repeated !== '' ? [`yaml: unmarshal errors:${repeated}`] : [],
    };
  }
  const parsed = parseJson(body);
  if (!parsed.ok) return { ok: false, error: `couldn't get version/kind; json parse error: ${parsed.error}` };
  return { ok: true, value: parsed.value, strictErrors: [] };
}

/**
 * JSON bytes into a value that keeps what JSON.parse drops, where there is any: repeated keys as RepeatedObject, odd
 * numbers as NumberLiteral. Errors in Go's words.
 */
export function parseJson(body: Buffer): { ok: true; value: unknown } | { ok: false; error: string } {
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, error: goSyntaxError(body) ?? 'unexpected end of JSON input' };
  }
  const seen = survey(text);
  if (seen.depth > MAX_DEPTH) return { ok: false, error: 'exceeded max depth' };
  if (seen.oddNumbers || seen.keys !== countKeys(value)) value = parseExact(text);
  return { ok: true, value };
}

const META_STRUCT =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** Kind and version of a parsed body; Go's own decoder reads them, which does not mind the case of keys. */
export function interpret(value: unknown): GroupVersionKind | { error: string } {
  const at = (what: string, place: string): { error: string } => ({
    error: `couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go ${place}`,
  });
  if (value === null) return { group: '', version: '', kind: '' };
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof NumberLiteral)
    return at(typeName(value), `value of type ${META_STRUCT}`);
  let kind = '';
  let apiVersion = '';
  const read = (key: string, item: unknown): { error: string } | undefined => {
    const name = key === 'kind' || key === 'apiVersion' ? key : foldedName(key);
    if (name === undefined || item === null) return undefined;
    if (typeof item !== 'string') return at(typeName(item), `struct field .${name} of type string`);
    if (name === 'kind') kind = item;
    else apiVersion = item;
    return undefined;
  };
  let wrong: { error: string } | undefined;
  if (value instanceof RepeatedObject) for (const [key, item] of value.entries) wrong ??= read(key, item);
  else for (const key in value) wrong ??= read(key, (value as Record<string, unknown>)[key]);
  if (wrong) return wrong;
  return versionKind(apiVersion, kind);
}

export function versionKind(apiVersion: string, kind: string): GroupVersionKind | { error: string } {
  const gv = parseGroupVersion(apiVersion);
  return gv
    ? { kind, group: gv.group, version: gv.version }
    : { error: `unexpected GroupVersion string: ${apiVersion}` };
}

function foldedName(key: string): 'kind' | 'apiVersion' | undefined {
  if (key.length !== 4 && key.length !== 10) return undefined;
  // The Kelvin sign folds to k in Go as it does here.
  const folded = key.toLowerCase();
  return folded === 'kind' ? 'kind' : folded === 'apiversion' ? 'apiVersion' : undefined;
}

function typeName(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || value instanceof NumberLiteral) return 'number';
  return Array.isArray(value) ? 'array' : 'object';
}

function withDefaults(gvk: GroupVersionKind, expected: GroupVersionKind): GroupVersionKind {
  const kind = gvk.kind === '' ? expected.kind : gvk.kind;
  if (gvk.version === '' && gvk.group === '')
    return { group: expected.group, version: expected.version, kind };
  if (gvk.version === '' && gvk.group === expected.group)
    return { kind, group: gvk.group, version: expected.version };
  return { kind, group: gvk.group, version: gvk.version };
}

function withKind(object: Record<string, unknown>, kind: string, apiVersion: string): KubeObject {
  const result: Record<string, unknown> = { kind, apiVersion, metadata: object['metadata'] ?? {} };
  for (const key in object)
    if (key !== 'kind' && key !== 'apiVersion' && key !== 'metadata') result[key] = object[key];
  return result as KubeObject;
}

function failed(message: string): Decoded {
  return { ok: false, error: badRequestError(message) };
}

function unrecognized(why: string, kind: string, body: Buffer): Decoded {
  return failed(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(body)})`);
}

/** The start of a body for error texts: as it is where it looks like JSON, else in hex. */
export function summary(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const start = body.subarray(0, 30);
  const more = body.length > 30 ? ' ...' : '';
  return `${start.toString(body[0] === 123 ? 'utf8' : 'hex')}${more}`;
}
