import type { Fields, GroupVersionKind } from '../meta/object.ts';
import { badRequestError, type StatusError } from '../meta/status.ts';
import { interpret, parseBody, versionKind } from './decode.ts';
import { decodeStruct } from './decode-value.ts';
import { decodeProtobuf } from './protobuf/envelope.ts';
import { META_INTERNAL_SCHEME, notRegistered } from './scheme.ts';
import { typeTable } from './type-table.ts';

/** Options whose kind may be given with any version. */
const UNVERSIONED = ['DeleteOptions', 'CreateOptions', 'UpdateOptions'];

/**
 * The DeleteOptions in the body of a delete; an empty body is none. Unknown fields are dropped silently, and errors
 * come without what other bodies' errors are wrapped in (endpoints/handlers/delete.go).
 */
export function decodeDeleteOptions(
  body: Buffer,
  mediaType: string,
): { ok: true; options: Fields } | { ok: false; error: StatusError } {
  const failed = (why: string): { ok: false; error: StatusError } => ({
    ok: false,
    error: badRequestError(why),
  });
  const parsed = parseBody(body, mediaType, false);
  if (!parsed.ok) return failed(parsed.error);
  const meta = parsed.protobuf
    ? versionKind(parsed.protobuf.apiVersion, parsed.protobuf.kind)
    : interpret(parsed.value);
  if ('error' in meta) return failed(meta.error);
  const gvk: GroupVersionKind = {
    group: meta.version === '' ? 'meta.k8s.io' : meta.group,
    version: meta.version === '' ? 'v1' : meta.version,
    kind: meta.kind === '' ? 'DeleteOptions' : meta.kind,
  };
  if (!UNVERSIONED.includes(gvk.kind)) return failed(notRegistered(gvk, META_INTERNAL_SCHEME));
  const type = typeTable.type(`meta/v1.${gvk.kind}`);
  if (parsed.protobuf) {
    const decoded = decodeProtobuf(parsed.protobuf.raw, type);
    if (!decoded.ok) return failed(decoded.error);
    return gvk.kind === 'DeleteOptions'
      ? { ok: true, options: decoded.object }
      : failed(unknownConversion(gvk.kind));
  }
  const decoded = decodeStruct(parsed.value ?? {}, type, false);
  if (!decoded.ok) return failed(decoded.error);
  return gvk.kind === 'DeleteOptions'
    ? { ok: true, options: decoded.value }
    : failed(unknownConversion(gvk.kind));
}

const unknownConversion = (kind: string): string =>
  `converting (v1.${kind}) to (v1.DeleteOptions): unknown conversion`;
