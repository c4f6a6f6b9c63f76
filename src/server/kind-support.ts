import { type GroupVersionKind, groupVersion, type KubeObject } from '../meta/object.ts';
import type { ManagedFieldsWriter } from '../registry/managed-fields.ts';
import type { Conversion, KindScheme } from '../registry/registry.ts';
import { FieldManager } from '../schema/apply/field-manager.ts';
import { builtinKind } from '../schema/apply/owned-kinds.ts';
import { builtinSchemas } from '../schema/apply/type-table-schema.ts';
import { decodeObject } from '../schema/decode.ts';
import { decodeMap } from '../schema/decode-map.ts';
import { decodeStruct } from '../schema/decode-value.ts';
import { applyTableDefaults, normalizerOf } from '../schema/defaults.ts';
import { type TypeDefinition, typeTable } from '../schema/type-table.ts';

/** Brings objects of a built-in kind into the form that decoding gives them, the table's defaults set. In place. */
export function normalizer(gvk: GroupVersionKind): (object: KubeObject) => void {
  const name = typeTable.nameOfKind(gvk);
  return name === undefined ? () => {} : (normalizerOf(name) as (object: KubeObject) => void);
}

/** Who owns what in objects of a built-in kind. Made when the first write comes: most kinds never see one. */
export function managedFieldsOf(gvk: GroupVersionKind, conversion?: Conversion): ManagedFieldsWriter {
  let manager: FieldManager | undefined;
  const get = (): FieldManager => {
    const convert = conversion
      ? (object: KubeObject, apiVersion: string) =>
          apiVersion === groupVersion(gvk) ? conversion.fromStored(object) : conversion.toStored(object)
      : undefined;
    manager ??= new FieldManager(builtinKind(gvk.group, gvk.kind, convert as never), groupVersion(gvk));
    return manager;
  };
  return {
    create: (object, name, now) => get().create(object, name, now),
    update: (live, object, name, subresource, now) => get().update(live, object, name, subresource, now),
    keepTimes: (object, existing) => get().keepTimes(object, existing),
    apply: (live, patch, options) => get().apply(live, patch, options),
  };
}

/** How bodies and patches of a built-in kind are read. `defaults` is what decoding sets beside what is sent. */
export function builtInScheme(
  gvk: GroupVersionKind,
  managedFields: ManagedFieldsWriter,
  defaults: (object: KubeObject) => void,
): KindScheme {
  const typed = (): TypeDefinition => typeTable.kind(gvk)!;
  const name = typeTable.nameOfKind(gvk);
  const tableDefaults = (object: KubeObject): void => {
    applyTableDefaults(object, typed());
    defaults(object);
  };
  const scheme: KindScheme = {
    decode(body, mediaType, options) {
      const decoded = decodeObject(body, mediaType, options);
      if (decoded.ok) tableDefaults(decoded.object);
      return decoded;
    },
    redecode(value, strict, merged = false) {
      const renamed = merged ? undefined : changedKind(value, gvk);
      if (renamed) return { ok: false, error: renamed };
      const decoded = merged ? decodeMap(value, typed(), strict) : decodeStruct(value, typed(), strict, true);
      if (!decoded.ok) return decoded;
      const object = {
        ...decoded.value,
        kind: gvk.kind,
        apiVersion: groupVersion(gvk),
      } as unknown as KubeObject;
      object.metadata ??= {};
      tableDefaults(object);
      return { ok: true, object, strictErrors: decoded.strictErrors };
    },
    managedFields,
  };
  if (name !== undefined) {
    Object.defineProperty(scheme, 'strategicMerge', {
      get: () => builtinSchemas.type(name),
      enumerable: true,
    });
  }
  return scheme;
}

/** A patch may not make another kind of an object, or another version of its kind. */
function changedKind(value: unknown, gvk: GroupVersionKind): string | undefined {
  const { kind, apiVersion } = (value ?? {}) as { kind?: unknown; apiVersion?: unknown };
  const own = groupVersion(gvk);
  if ((kind ?? gvk.kind) === gvk.kind && (apiVersion ?? own) === own) return undefined;
  return `${String(kind ?? gvk.kind)} in version ${JSON.stringify(apiVersion ?? own)} cannot be handled as a ${gvk.kind}`;
}
