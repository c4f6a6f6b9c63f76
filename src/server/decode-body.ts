import type { GroupVersionKind, KubeObject } from '../meta/object.ts';
import { invalidError } from '../meta/status.ts';
import type { DeleteOptions } from '../registry/delete-options.ts';
import type { ServedResource } from '../registry/registry.ts';
import {
  decodeObject,
  JSON_TYPE,
  PROTOBUF_TYPE,
  strictDecodingError,
  strictWarnings,
  YAML_TYPE,
} from '../schema/decode.ts';
import { decodeDeleteOptions } from '../schema/decode-options.ts';
import type { ApiRequest } from './api-request.ts';
import { queryBoolean, queryInteger } from './handlers/list-options.ts';
import { validateCreateOptions, validatePatchOptions } from './handlers/write-options.ts';
import type { WriteOptions } from './handlers/write-support.ts';
import { MEDIA_TYPES, unsupportedMediaTypeError } from './negotiation.ts';

const READABLE = new Set<string>([JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]);

/** The body's media type without its parameters; JSON where none is said, 415 where nobody reads it. */
export function bodyType(request: ApiRequest): string {
  const header = request.exchange.header('content-type');
  if (!header) return JSON_TYPE;
  const end = header.indexOf(';');
  const type = (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
  if (!READABLE.has(type)) throw unsupportedMediaTypeError(MEDIA_TYPES);
  return type;
}

/**
 * The body as an object of a kind, with the kind's defaults. Unknown and repeated fields are refused, warned of or passed
 * over, as `fieldValidation` says.
 */
export function decodeBody(
  request: ApiRequest,
  body: Buffer,
  served: ServedResource,
  kind: GroupVersionKind,
  validation: WriteOptions['fieldValidation'] = 'Warn',
): KubeObject {
  const type = bodyType(request);
  const own = kind.kind === served.descriptor.kind && kind.group === served.descriptor.group;
  const options = { expected: kind, strict: validation !== 'Ignore' };
  const decoded = own ? served.scheme.decode(body, type, options) : decodeObject(body, type, options);
  if (!decoded.ok) throw decoded.error;
  if (decoded.strictErrors.length && validation === 'Strict') {
    throw strictDecodingError(kind.kind, kind.version, decoded.strictErrors);
  }
  if (validation === 'Warn') for (const text of strictWarnings(decoded.strictErrors)) request.warn(text);
  return decoded.object;
}

/** CreateOptions, UpdateOptions or PatchOptions of the query; 400 or 422 for those that are not right. */
export function writeOptions(
  request: ApiRequest,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  patchType = '',
): WriteOptions {
  if (request.exchange.query === '') {
    if (kind !== 'PatchOptions') return {};
  }
  const { query } = request;
  const options: WriteOptions = {};
  if (query.has('dryRun')) options.dryRun = query.getAll('dryRun');
  const manager = query.get('fieldManager');
  if (manager !== null) options.fieldManager = manager;
  const validation = query.get('fieldValidation');
  if (validation) options.fieldValidation = validation as NonNullable<WriteOptions['fieldValidation']>;
  const force = query.get('force');
  if (kind === 'PatchOptions' && force !== null) options.force = queryBoolean(force);
  const errors =
    kind === 'PatchOptions' ? validatePatchOptions(options, patchType) : validateCreateOptions(options);
  if (errors.length) throw invalidError({ group: 'meta.k8s.io', kind }, '', errors);
  return options;
}

/** DeleteOptions of a body, or of the query where there is no body. */
export function deleteOptions(request: ApiRequest, body: Buffer): DeleteOptions {
  if (body.length) {
    const decoded = decodeDeleteOptions(body, bodyType(request));
    if (!decoded.ok) throw decoded.error;
    return decoded.options as DeleteOptions;
  }
  const { query } = request;
  const options: DeleteOptions = {};
  const grace = query.get('gracePeriodSeconds');
  if (grace !== null) options.gracePeriodSeconds = queryInteger(grace);
  const orphan = query.get('orphanDependents');
  if (orphan !== null) options.orphanDependents = queryBoolean(orphan);
  const policy = query.get('propagationPolicy');
  if (policy !== null) options.propagationPolicy = policy as NonNullable<DeleteOptions['propagationPolicy']>;
  if (query.has('dryRun')) options.dryRun = query.getAll('dryRun');
  return options;
}
