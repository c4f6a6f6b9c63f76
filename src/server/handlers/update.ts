import { cloneJson } from '../../meta/clone.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { AdmissionHook } from '../../registry/admission-hook.ts';
import type { ServedResource, SubresourceHandler } from '../../registry/registry.ts';
import { SCALE, shownAsScale, shownScale } from '../../registry/scale.ts';
import type { ApiRequest } from '../api-request.ts';
import { decodeBody, writeOptions } from '../decode-body.ts';
import type { Negotiated } from '../negotiation.ts';
import type { TableConvertor } from '../table.ts';
import { ScaleWrite, scaleScheme } from './scale-write.ts';
import {
  answerResource,
  answerWritten,
  checkName,
  matchRequestNamespace,
  onceOwnerReferences,
  readBody,
  writeContext,
} from './write-support.ts';

export interface UpdateParts {
  request: ApiRequest;
  served: ServedResource;
  /** Undefined for the resource itself. */
  subresource: SubresourceHandler | undefined;
  /** What the body has to be. */
  kind: { group: string; version: string; kind: string };
  negotiated: Negotiated;
  table: TableConvertor;
  admission: AdmissionHook;
  /** Leave to create what a PUT finds missing; throws the refusal. */
  authorizeCreate(): void | Promise<void>;
}

/** PUT of a resource or one of its subresources. */
export async function update(parts: UpdateParts): Promise<void> {
  const { request, served, subresource, kind, negotiated, table, admission } = parts;
  const { info } = request;
  const store = served.store!;
  const body = await readBody(request);
  const options = writeOptions(request, 'UpdateOptions');
  const sent = decodeBody(request, body, served, kind, options.fieldValidation);
  request.requestObject = sent;
  const namespace = served.descriptor.namespaced ? info.namespace : '';
  matchRequestNamespace(sent, namespace);
  checkName(sent, namespace, info.name);
  onceOwnerReferences(sent, request, false);
  const context = writeContext(request, admission, 'UpdateOptions', options, served);
  const scaling = subresource?.as === 'scale' ? subresource.mapping : undefined;
  const scaleWrite = scaling && new ScaleWrite(served, scaling);
  const stored = served.conversion && !scaling ? served.conversion.toStored(sent) : sent;

  const result = await store.update(
    context,
    namespace,
    info.name,
    {
      ...(sent.metadata.uid && !scaling ? { uid: sent.metadata.uid } : {}),
      make: async (existing) => {
        let object: KubeObject = cloneJson(stored);
        if (!existing) object = store.managedFields.create(object, context.manager, context.now);
        else if (scaleWrite) {
          const { manager, now } = context;
          const before = scaleWrite.before(existing);
          const { managedFields } = scaleScheme();
          const scale = managedFields.update(before, object, manager, info.subresource, now);
          await store.mutate(context, namespace, info.name, scale, before, info.subresource, SCALE);
          object = scaleWrite.after(existing, scale);
        } else {
          if (subresource?.as === 'update') object = subresource.update(object, existing);
          object = store.managedFields.update(
            existing,
            object,
            context.manager,
            info.subresource,
            context.now,
          );
        }
        if (!scaleWrite)
          await store.mutate(context, namespace, info.name, object, existing, info.subresource);
        onceOwnerReferences(object, request, true);
        return object;
      },
    },
    {
      subresource: info.subresource,
      authorizeCreate: parts.authorizeCreate,
      ...(scaling ? { shown: shownAsScale(store.resource, scaling) } : {}),
    },
  );
  const answer = scaling ? shownScale(store.resource, result.object, scaling) : result.object;
  const respond = result.written && !scaling ? answerWritten : answerResource;
  respond(request, result.created ? 201 : 200, negotiated, served, answer, table);
}
