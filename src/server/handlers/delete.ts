import { invalidError, isStatus } from '../../meta/status.ts';
import type { AdmissionHook } from '../../registry/admission-hook.ts';
import { type DeleteOptions, validateDeleteOptions } from '../../registry/delete-options.ts';
import type { ServedResource } from '../../registry/registry.ts';
import { answerObject } from '../answer.ts';
import type { ApiRequest } from '../api-request.ts';
import { deleteOptions } from '../decode-body.ts';
import type { Negotiated } from '../negotiation.ts';
import type { TableConvertor } from '../table.ts';
import { answerPage, select } from './list.ts';
import type { ListOptions } from './list-options.ts';
import type { Selection } from './selection.ts';
import { answerResource, readBody, writeContext } from './write-support.ts';

/** So many objects of a collection are deleted at once. */
const AT_ONCE = 16;

async function readOptions(request: ApiRequest): Promise<DeleteOptions> {
  const body = await readBody(request);
  const options = deleteOptions(request, body);
  if (body.length)
    request.requestObject = { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...options };
  const errors = validateDeleteOptions(options);
  if (errors.length) throw invalidError({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  return options;
}

/** DELETE of one object. */
export async function deleteOne(
  request: ApiRequest,
  served: ServedResource,
  negotiated: Negotiated,
  table: TableConvertor,
  admission: AdmissionHook,
): Promise<void> {
  const options = await readOptions(request);
  const { info } = request;
  const store = served.store!;
  const context = writeContext(request, admission, 'DeleteOptions', options as never);
  const { object, gone } = await store.delete(context, info.namespace, info.name, options);
  const accepted = !gone && options.orphanDependents === false;
  if (gone && !store.strategy.deleteReturnsObject) {
    const { group, plural } = served.descriptor;
    answerObject(
      request,
      200,
      negotiated.transform ? { mediaType: negotiated.mediaType, pretty: negotiated.pretty } : negotiated,
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: info.name, ...(group ? { group } : {}), kind: plural, uid: object.metadata.uid },
      },
    );
    return;
  }
  answerResource(request, accepted ? 202 : 200, negotiated, served, object, table);
}

/** DELETE of all objects that a selection takes in; answers with the list of them. */
export async function deleteCollection(
  request: ApiRequest,
  served: ServedResource,
  selection: Selection,
  listOptions: ListOptions,
  negotiated: Negotiated,
  table: TableConvertor,
  admission: AdmissionHook,
): Promise<void> {
  const options = await readOptions(request);
  const store = served.store!;
  const context = writeContext(request, admission, 'DeleteOptions', options as never);
  const { items: chosen, metadata } = await select(served, selection, listOptions);
  const objects = chosen.map((item) => item.object);
  for (let i = 0; i < objects.length; i += AT_ONCE) {
    await Promise.all(
      objects.slice(i, i + AT_ONCE).map((object) =>
        store
          .delete(context, object.metadata.namespace ?? '', object.metadata.name!, options)
          .catch((error: unknown) => {
            // Somebody else was faster: all the better.
            if (!isStatus(error, 'NotFound')) throw error;
          }),
      ),
    );
  }
  await answerPage(request, served, { items: chosen, metadata }, negotiated, table);
}
