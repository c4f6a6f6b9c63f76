import type { GroupVersionKind, KubeObject } from '../../meta/object.ts';
import { groupVersion } from '../../meta/object.ts';
import { badRequestError, StatusError } from '../../meta/status.ts';
import type { AdmissionHook, ResourceVersion } from '../../registry/admission-hook.ts';
import type { ServedResource } from '../../registry/registry.ts';
import type { WriteContext } from '../../registry/write-context.ts';
import { managerName } from '../../schema/apply/manager-name.ts';
import { answerBytes, answerObject } from '../answer.ts';
import type { ApiRequest } from '../api-request.ts';
import { GZIP_BYTES } from '../compression.ts';
import type { Negotiated } from '../negotiation.ts';
import {
  goTypeOf,
  includeObject,
  partialMetadata,
  type TableConvertor,
  toTable,
  wrongShapeError,
} from '../table.ts';

/** kube-apiserver's limit of a request's body. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** The query options of a write, decoded. */
export interface WriteOptions {
  dryRun?: string[];
  fieldManager?: string;
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  force?: boolean;
}

/** Reads the body whole; 413 where it is too long. */
export async function readBody(request: ApiRequest): Promise<Buffer> {
  const body = await request.exchange.body(MAX_BODY_BYTES);
  if (body) return body;
  throw new StatusError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: limit is ${MAX_BODY_BYTES}`,
  });
}

export function writeContext(
  request: ApiRequest,
  admission: AdmissionHook,
  kind: string,
  options: WriteOptions,
  served?: ServedResource,
): WriteContext {
  return {
    user: request.user,
    now: request.now,
    dryRun: (options.dryRun?.length ?? 0) > 0,
    manager:
      managerName(options.fieldManager ?? '', request.exchange.header('user-agent') ?? '') || 'unknown',
    options: { kind, apiVersion: 'meta.k8s.io/v1', ...options },
    admission,
    warn: request.warn,
    ...(served?.conversion ? { requested: versionOf(served) } : {}),
  };
}

function versionOf(served: ServedResource): ResourceVersion {
  const { group, version, plural } = served.descriptor;
  return { kind: kindOf(served), resource: { group, version, resource: plural } };
}

/** Refuses an object whose name or namespace is another than the path's (endpoints/handlers/rest.go, checkName). */
export function checkName(object: KubeObject, namespace: string, name: string): void {
  const own = object.metadata.name ?? '';
  if (own === '')
    throw badRequestError(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  if (own !== name)
    throw badRequestError(`the name of the object (${own}) does not match the name on the URL (${name})`);
  const place = object.metadata.namespace ?? '';
  if (namespace && place && place !== namespace) {
    throw badRequestError(
      `the namespace of the object (${place}) does not match the namespace on the request (${namespace})`,
    );
  }
}

/** A body names no other namespace than the path does; a cluster-scoped body's is dropped. */
export function matchRequestNamespace(object: KubeObject, namespace: string): void {
  const own = object.metadata.namespace ?? '';
  if (own === namespace) return;
  if (own === '') object.metadata.namespace = namespace;
  else if (namespace === '') delete object.metadata.namespace;
  else
    throw badRequestError(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
}

/** Owner references that say the same are one; whoever sent them twice is told (endpoints/handlers/rest.go). */
export function onceOwnerReferences(object: KubeObject, request: ApiRequest, afterAdmission: boolean): void {
  const references = object.metadata.ownerReferences;
  if (!references || references.length < 2) return;
  const seen = new Set<string>();
  const once = references.filter((reference) => {
    const text = JSON.stringify(Object.entries(reference).sort());
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
  if (once.length === references.length) return;
  object.metadata.ownerReferences = once;
  request.warn(
    afterAdmission
      ? '.metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests'
      : '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ' +
          [...new Set(references.map((r) => r.uid))].join(', '),
  );
}

/** What the client set in vain: the server owns these on create. */
export function wipeSystemFields(object: KubeObject): void {
  const meta = object.metadata;
  // Mostly none is there, and to delete what is not there is not free.
  for (const field of SYSTEM_FIELDS) if (field in meta) delete meta[field];
}

const SYSTEM_FIELDS = [
  'creationTimestamp',
  'uid',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
] as const;

/** Answers with one object, in the shape asked for. */
export function answerResource(
  request: ApiRequest,
  status: number,
  negotiated: Negotiated,
  served: ServedResource,
  object: KubeObject,
  table: TableConvertor,
): void {
  const shown =
    served.conversion && object.apiVersion !== groupVersion(served.descriptor)
      ? served.conversion.fromStored(object)
      : object;
  if (negotiated.transform?.as === 'Table' && shown.kind !== 'Status') {
    const include = includeObject(request.query.get('includeObject'));
    const metadata = {
      ...(shown.metadata.resourceVersion ? { resourceVersion: shown.metadata.resourceVersion } : {}),
    };
    const { version } = negotiated.transform;
    const body = toTable(table, [shown], metadata, include, request.now, true, version);
    answerObject(request, status, negotiated, body);
    return;
  }
  if (negotiated.transform && shown.kind !== 'Status') {
    const { as, version } = negotiated.transform;
    if (as === 'PartialObjectMetadataList') throw wrongShapeError(as, goTypeOf(served, false));
    answerObject(request, status, negotiated, partialMetadata(shown, version));
    return;
  }
  answerObject(request, status, negotiated, shown);
}

/**
 * Answers with an object that has just been written: in JSON by the bytes that the cache holds of it, so that none are made
 * twice.
 */
export function answerWritten(
  request: ApiRequest,
  status: number,
  negotiated: Negotiated,
  served: ServedResource,
  object: KubeObject,
  table: TableConvertor,
): void {
  const line = plainJson(negotiated) && !served.conversion ? cachedLine(served, object) : undefined;
  if (!line || line.length >= GZIP_BYTES) {
    answerResource(request, status, negotiated, served, object, table);
    return;
  }
  request.audit?.events.responseObject(object);
  answerBytes(request, status, { 'content-type': 'application/json' }, line);
}

/** Undefined where the cache has another revision by now, or this one has been written to no store. */
function cachedLine({ store }: ServedResource, { metadata }: KubeObject): Buffer | undefined {
  const { namespace = '', name = '', resourceVersion } = metadata;
  const cached = store?.cache.get(namespace, name);
  return cached && String(cached.revision) === resourceVersion ? cached.line : undefined;
}

/** Whether an answer is an object's JSON and no more. */
export const plainJson = ({ mediaType, transform, pretty }: Negotiated): boolean =>
  mediaType === 'application/json' && !transform && !pretty;

export const kindOf = (served: ServedResource): GroupVersionKind => {
  const { group, version, kind } = served.descriptor;
  return { group, version, kind };
};
