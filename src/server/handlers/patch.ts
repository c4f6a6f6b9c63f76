import { cloneJson } from '../../meta/clone.ts';
import type { KubeObject } from '../../meta/object.ts';
import { badRequestError, conflictError, notFoundError, StatusError } from '../../meta/status.ts';
import type { KindScheme } from '../../registry/registry.ts';
import { SCALE, shownAsScale, shownScale } from '../../registry/scale.ts';
import { parseBody, YAML_TYPE } from '../../schema/decode.ts';
import { applyJsonPatch } from '../../schema/patch/json-patch.ts';
import { applyMergePatch } from '../../schema/patch/merge-patch.ts';
import {
  type FieldValidation,
  type PatchResult,
  strictPatchError,
  undecodablePatchError,
} from '../../schema/patch/patch-result.ts';
import { applyStrategicMergePatch } from '../../schema/patch/strategic-merge-patch.ts';
import { writeOptions } from '../decode-body.ts';
import { unsupportedMediaTypeError } from '../negotiation.ts';
import { ScaleWrite, scaleScheme } from './scale-write.ts';
import type { UpdateParts } from './update.ts';
import {
  answerResource,
  answerWritten,
  checkName,
  matchRequestNamespace,
  onceOwnerReferences,
  readBody,
  writeContext,
} from './write-support.ts';

export const JSON_PATCH = 'application/json-patch+json';
export const MERGE_PATCH = 'application/merge-patch+json';
export const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json';
export const APPLY_PATCH = 'application/apply-patch+yaml';

/** Media types that nobody knows are refused by the HTTP layer under kube-apiserver, in its own words. */
const KNOWN = [JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH];

/** PATCH of a resource or one of its subresources. */
export async function patch(parts: UpdateParts): Promise<void> {
  const { request, served, subresource, negotiated, table, admission } = parts;
  const { info } = request;
  const store = served.store!;
  const type = patchType(request.exchange.header('content-type'), served.scheme.strategicMerge !== undefined);
  const body = await readBody(request);
  const options = writeOptions(request, 'PatchOptions', type);
  const validation: FieldValidation = options.fieldValidation ?? 'Warn';
  const context = writeContext(request, admission, 'PatchOptions', options, served);
  const namespace = served.descriptor.namespaced ? info.namespace : '';
  const scaling = subresource?.as === 'scale' ? subresource.mapping : undefined;
  const scaleWrite = scaling && new ScaleWrite(served, scaling);
  const scheme = scaling ? scaleScheme() : served.scheme;
  request.requestPatch = body;

  const fromStored = (object: KubeObject): KubeObject =>
    scaleWrite
      ? scaleWrite.before(object)
      : served.conversion
        ? served.conversion.fromStored(object)
        : object;
  const warned = new Set<string>();
  const warn = (texts: readonly string[]): void => {
    // A patch may be made more than once where others write in between.
    for (const text of texts) if (!warned.has(text)) request.warn(text);
    for (const text of texts) warned.add(text);
  };

  const apply = async (existing: KubeObject | undefined): Promise<KubeObject> => {
    const parsed = parseBody(body, YAML_TYPE, validation !== 'Ignore');
    if (!parsed.ok)
      throw badRequestError(
        `error decoding YAML: error converting YAML to JSON: ${parsed.error.replace(/^couldn't get version\/kind; json parse error: /, '')}`,
      );
    const unfit = goTypeOfValue(parsed.value);
    if (unfit)
      throw badRequestError(
        `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${unfit} into Go value of type map[string]interface {}`,
      );
    const config = (parsed.value ?? {}) as KubeObject;
    const live = existing && fromStored(existing);
    const merged = scheme.managedFields.apply(live, config, {
      manager: options.fieldManager!,
      force: options.force ?? false,
      subresource: info.subresource,
      now: request.now,
    });
    if (parsed.strictErrors.length) {
      if (validation === 'Strict')
        throw badRequestError(`error strict decoding YAML: ${parsed.strictErrors.join(', ')}`);
      warn(
        [`strict decoding error: ${parsed.strictErrors.join(', ')}`].map((t) =>
          t.replace(/^strict decoding error: /, ''),
        ),
      );
    }
    const decoded = scheme.redecode(cloneJson(merged), false);
    if (!decoded.ok) throw new StatusError({ code: 500, message: decoded.error });
    return decoded.object;
  };

  // A message is also what audit events keep where they keep no body.
  const isSecret = store.resource.group === '' && store.resource.resource === 'secrets';
  const show = (result: { shown(): string }): string =>
    isSecret ? '<secret contents redacted>' : result.shown();

  const patched = (existing: KubeObject | undefined): KubeObject => {
    if (!existing) throw notFoundError(store.resource, info.name);
    const shown = fromStored(existing);
    const result = runPatch(type, shown, body.toString('utf8'), scheme.strategicMerge, validation);
    if (!result.ok) throw result.error;
    // Patches leave what they do not touch to the stored object: defaults must not write into that.
    const decoded = scheme.redecode(
      cloneJson(result.object),
      validation !== 'Ignore',
      type === STRATEGIC_MERGE_PATCH,
    );
    if (!decoded.ok) throw undecodablePatchError(show(result), decoded.error);
    const faults = [...result.strictErrors, ...decoded.strictErrors];
    if (faults.length) {
      if (validation === 'Strict') throw strictPatchError(show(result), faults);
      if (validation === 'Warn') warn(faults);
    }
    const object = decoded.object;
    return scheme.managedFields.update(shown, object, context.manager, info.subresource, request.now);
  };

  const result = await store.update(
    context,
    namespace,
    info.name,
    {
      make: async (existing) => {
        let object = type === APPLY_PATCH ? await apply(existing) : patched(existing);
        if (!existing && object.metadata.uid) {
          throw conflictError(
            store.resource,
            info.name,
            `uid mismatch: the provided object specified uid ${object.metadata.uid}, and no existing object was found`,
          );
        }
        matchRequestNamespace(object, namespace);
        checkName(object, namespace, info.name);
        if (scaleWrite && existing) {
          const before = scaleWrite.before(existing);
          await store.mutate(context, namespace, info.name, object, before, info.subresource, SCALE);
          object = scaleWrite.after(existing, object);
        } else if (served.conversion) object = served.conversion.toStored(object);
        if (subresource?.as === 'update' && existing) object = subresource.update(object, existing);
        if (!scaleWrite)
          await store.mutate(context, namespace, info.name, object, existing, info.subresource);
        onceOwnerReferences(object, request, true);
        return object;
      },
    },
    {
      subresource: info.subresource,
      allowCreate: type === APPLY_PATCH && info.subresource === '',
      retryConflicts: true,
      authorizeCreate: parts.authorizeCreate,
      ...(scaling ? { shown: shownAsScale(store.resource, scaling) } : {}),
    },
  );
  const answer = scaling ? shownScale(store.resource, result.object, scaling) : result.object;
  const respond = result.written && !scaling ? answerWritten : answerResource;
  respond(request, result.created ? 201 : 200, negotiated, served, answer, table);
}

function patchType(header: string | undefined, strategic: boolean): string {
  const end = header?.indexOf(';') ?? -1;
  const type = header === undefined ? '' : (end < 0 ? header : header.slice(0, end)).trim();
  const known = strategic ? KNOWN : KNOWN.filter((one) => one !== STRATEGIC_MERGE_PATCH);
  // Custom resources have no HTTP layer of their own, and are asked at once.
  if (!strategic && !known.includes(type)) throw unsupportedMediaTypeError(known);
  if (!known.includes(type)) {
    throw new StatusError({
      code: 415,
      reason: 'UnsupportedMediaType',
      details: {},
      message: '415: Unsupported Media Type',
    });
  }
  return type;
}

function runPatch(
  type: string,
  object: KubeObject,
  text: string,
  schema: KindScheme['strategicMerge'],
  validation: FieldValidation,
): PatchResult {
  if (type === JSON_PATCH) return applyJsonPatch(object, text, validation);
  if (type === MERGE_PATCH) return applyMergePatch(object, text, validation);
  return applyStrategicMergePatch(object, text, schema!, validation);
}

/** What Go's decoder calls a value that is no object; undefined for one that is, or null. */
function goTypeOfValue(value: unknown): string | undefined {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' || typeof value === 'string' ? typeof value : undefined;
}
