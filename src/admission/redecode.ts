import { cloneJson } from '../meta/clone.ts';
import { type GroupVersionKind, groupVersion, type KubeObject } from '../meta/object.ts';
import type { Registry } from '../registry/registry.ts';
import { decodeStruct } from '../schema/decode-value.ts';
import { applyTableDefaults, normalizerOf } from '../schema/defaults.ts';
import { typeTable } from '../schema/type-table.ts';
import type { AdmissionAttributes } from './plugin.ts';

/** Reads what a mutation made of an object as one of its kind again, with the kind's defaults. */
export type Redecode = (
  attributes: AdmissionAttributes,
  value: unknown,
) => { ok: true; object: KubeObject } | { ok: false; error: string };

export function redecoder(registry: Registry): Redecode {
  return ({ kind, resource }, value) => {
    const served = registry.find(resource.group, resource.version, resource.resource);
    if (served && served.descriptor.kind === kind.kind) return served.scheme.redecode(value, false);
    const type = typeTable.kind(kind);
    if (!type) return { ok: true, object: value as KubeObject };
    const decoded = decodeStruct(value, type, false);
    if (!decoded.ok) return decoded;
    const object = {
      ...decoded.value,
      kind: kind.kind,
      apiVersion: groupVersion(kind),
    } as unknown as KubeObject;
    object.metadata ??= {};
    applyTableDefaults(object, type);
    return { ok: true, object };
  };
}

/** A copy of an object in the form in which kube-apiserver writes it; what is not a built-in kind is only copied. */
export function writtenForm(object: KubeObject, kind: GroupVersionKind): KubeObject {
  const copy = cloneJson(object);
  const type = typeTable.nameOfKind(kind);
  if (type !== undefined) normalizerOf(type)(copy as never);
  return copy;
}

/** Makes one object hold what another does. */
export function replaceObject(target: KubeObject, source: KubeObject): void {
  for (const key of Object.keys(target)) if (!(key in source)) delete target[key];
  Object.assign(target, source);
}
