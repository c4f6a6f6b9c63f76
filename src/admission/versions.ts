import { groupVersion, type KubeObject } from '../meta/object.ts';
import type { ResourceVersion } from '../registry/admission-hook.ts';
import type { Registry, ServedResource } from '../registry/registry.ts';
import type { AdmissionAttributes } from './plugin.ts';
import type { Redecode } from './redecode.ts';

/**
 * The versions in which webhooks and policies may ask to see what is written (`matchPolicy: Equivalent`; apimachinery
 * pkg/runtime/mapper.go, apiserver pkg/admission/conversion.go).
 */
export interface ResourceVersions {
  /** The other versions of what a request is about, in the order in which they are served. */
  others(attributes: AdmissionAttributes): readonly ResourceVersion[];
  /** The request as it looks in another version; the attributes given where that is their own. */
  view(attributes: AdmissionAttributes, version: ResourceVersion): Promise<AdmissionAttributes>;
  /** What a mutation made of a view's object, as an object of the version of the attributes. */
  back(
    document: unknown,
    view: AdmissionAttributes,
    attributes: AdmissionAttributes,
  ): Promise<{ ok: true; object: KubeObject } | { ok: false; error: string }>;
  /** Resources came or went. */
  onChange(listener: () => void): void;
}

/** The version that the client uses: what it asked for is matched first, and told as the version of the request. */
export const requestedVersion = ({ requested, kind, resource }: AdmissionAttributes): ResourceVersion =>
  requested ?? { kind, resource };

const isOf = (
  { resource }: ResourceVersion,
  { resource: other }: Pick<ResourceVersion, 'resource'>,
): boolean =>
  resource.group === other.group &&
  resource.version === other.version &&
  resource.resource === other.resource;

/** Versions as the registry serves them: those of one definition, and built-in ones that are stored as another. */
export function resourceVersions(registry: Registry, redecode: Redecode): ResourceVersions {
  const find = ({ resource }: Pick<ResourceVersion, 'resource'>): ServedResource | undefined =>
    registry.find(resource.group, resource.version, resource.resource);

  const convert = (
    object: KubeObject,
    from: ResourceVersion,
    to: ResourceVersion,
  ): KubeObject | Promise<KubeObject> => {
    const [source, target] = [find(from), find(to)];
    if (source?.convertTo) return source.convertTo(object, groupVersion(to.resource));
    const stored = source?.conversion ? source.conversion.toStored(object) : object;
    return target?.conversion ? target.conversion.fromStored(stored) : stored;
  };

  return {
    others(attributes) {
      const own = requestedVersion(attributes);
      const served = find(own);
      if (!served?.store) return [];
      const { storagePrefix } = served.store.descriptor;
      const found: ResourceVersion[] = [];
      for (const { store, descriptor, subresources } of registry.all()) {
        if (store?.descriptor.storagePrefix !== storagePrefix) continue;
        const { group, version, plural, kind } = descriptor;
        const resource = { group, version, resource: plural };
        if (isOf(own, { resource })) continue;
        if (attributes.subresource === '') found.push({ resource, kind: { group, version, kind } });
        else if (subresources.has(attributes.subresource)) {
          const shared = attributes.kind.kind !== kind;
          found.push({ resource, kind: shared ? attributes.kind : { group, version, kind } });
        }
      }
      return found;
    },

    async view(attributes, version) {
      if (isOf(version, attributes)) return attributes;
      const { object, oldObject } = attributes;
      const as = async (one: KubeObject): Promise<KubeObject> =>
        // A Scale is the same in all versions of what it scales.
        version.kind === attributes.kind ? one : convert(one, attributes, version);
      return {
        ...attributes,
        ...version,
        requested: requestedVersion(attributes),
        ...(object ? { object: await as(object) } : {}),
        ...(oldObject ? { oldObject: await as(oldObject) } : {}),
      };
    },

    async back(document, view, attributes) {
      if (view === attributes || view.kind === attributes.kind) return redecode(attributes, document);
      // A definition's versions have schemas of their own, and that of the version that is stored is the one that counts.
      if (find(view)?.convertTo)
        return redecode(attributes, await convert(document as KubeObject, view, attributes));
      const decoded = redecode(view, document);
      if (!decoded.ok) return decoded;
      return { ok: true, object: await convert(decoded.object, view, attributes) };
    },

    onChange(listener) {
      registry.onChange(listener);
    },
  };
}
