import type { KubeObject } from '../../meta/object.ts';
import type { AdmissionHook } from '../../registry/admission-hook.ts';
import type { ServedResource } from '../../registry/registry.ts';
import type { VirtualResource } from '../../registry/virtual.ts';
import type { ApiRequest } from '../api-request.ts';
import { bodyType, decodeBody, writeOptions } from '../decode-body.ts';
import type { Negotiated } from '../negotiation.ts';
import type { TableConvertor } from '../table.ts';
import {
  answerResource,
  answerWritten,
  matchRequestNamespace,
  onceOwnerReferences,
  readBody,
  wipeSystemFields,
  writeContext,
} from './write-support.ts';

/** POST of a resource that is stored. */
export async function create(
  request: ApiRequest,
  served: ServedResource,
  negotiated: Negotiated,
  table: TableConvertor,
  admission: AdmissionHook,
): Promise<void> {
  bodyType(request);
  const body = await readBody(request);
  const options = writeOptions(request, 'CreateOptions');
  const { group, version, kind } = served.descriptor;
  const namespace = served.descriptor.namespaced ? request.info.namespace : '';
  const gvk = { group, version, kind };
  const decode = (first = false): KubeObject => {
    const object = decodeBody(request, body, served, gvk, options.fieldValidation);
    if (first) request.requestObject = object;
    wipeSystemFields(object);
    matchRequestNamespace(object, namespace);
    onceOwnerReferences(object, request, false);
    return served.conversion ? served.conversion.toStored(object) : object;
  };
  const object = decode(true);
  const context = writeContext(request, admission, 'CreateOptions', options, served);
  const place = namespaceFor(served, namespace, object);
  const created = await served.store!.create(context, place, object, decode);
  answerWritten(request, 201, negotiated, served, created, table);
}

/** A Namespace is created in itself, as far as admission is told. */
function namespaceFor(served: ServedResource, namespace: string, object: KubeObject): string {
  const { group, plural } = served.descriptor;
  return group === '' && plural === 'namespaces' ? (object.metadata.name ?? '') : namespace;
}

/** POST of a resource or subresource that stores nothing of its own. */
export async function createVirtual(
  request: ApiRequest,
  served: ServedResource,
  virtual: VirtualResource,
  kind: { group: string; version: string; kind: string },
  negotiated: Negotiated,
  table: TableConvertor,
  admission: AdmissionHook,
): Promise<void> {
  const { info } = request;
  bodyType(request);
  const body = await readBody(request);
  const options = writeOptions(request, 'CreateOptions');
  const object = decodeBody(request, body, served, kind, options.fieldValidation);
  request.requestObject = object;
  const namespace = served.descriptor.namespaced ? info.namespace : '';
  // A token request names the account it is for: a uid in it is a condition.
  if (kind.kind !== 'TokenRequest') wipeSystemFields(object);
  matchRequestNamespace(object, namespace);
  const context = writeContext(request, admission, 'CreateOptions', options);
  const { group, version, plural: resource } = served.descriptor;
  const attributes = (of: KubeObject) => ({
    operation: 'CREATE' as const,
    kind,
    resource: { group, version, resource },
    subresource: info.subresource,
    namespace,
    name: info.name || (of.metadata?.name ?? ''),
    object: of,
    options: context.options,
    dryRun: context.dryRun,
  });
  const mutating = admission.mutate(attributes(object));
  if (mutating) await mutating;
  const answer = await virtual.create(object, {
    user: request.user,
    namespace,
    name: info.name,
    now: request.now,
    dryRun: context.dryRun,
    warn: request.warn,
    annotate: request.annotate,
    admit: (of) => admission.validate(attributes(of)),
  });
  answerResource(request, 201, negotiated, served, answer, table);
}
