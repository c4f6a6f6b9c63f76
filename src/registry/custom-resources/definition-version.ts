import { quote } from '../../meta/go-quote.ts';
import { compareVersions } from '../../meta/kube-version.ts';
import type { Fields, GroupVersionKind, KubeObject } from '../../meta/object.ts';
import { pruneDefaults } from './default-values.ts';
import { type CustomScale, customScale } from './scale.ts';
import { type Structural, structural } from './structural.ts';

/** One version of a CustomResourceDefinition, unpacked for serving. */
export interface DefinitionVersion {
  kind: GroupVersionKind;
  plural: string;
  name: string;
  served: boolean;
  storage: boolean;
  schema: Structural;
  hasStatus: boolean;
  scale: CustomScale | undefined;
  /** JSONPaths. */
  selectableFields: readonly string[];
  /** Text of the warning on every request; undefined: the version is not deprecated. */
  deprecation: string | undefined;
  /** Unknown fields stay wherever they are. */
  preserveUnknownFields: boolean;
  /** As it stands in spec.versions. */
  raw: Fields;
}

/** The versions of a definition whose names are accepted. */
export function definitionVersions(definition: KubeObject): DefinitionVersion[] {
  const { group, versions, preserveUnknownFields } = definition['spec'] as Fields;
  const { kind, plural } = definition['status'].acceptedNames as Fields;
  const preserve = preserveUnknownFields === true;
  return (versions as Fields[]).map((raw): DefinitionVersion => {
    const schema = structural((raw['schema']?.openAPIV3Schema ?? {}) as Fields);
    if (!preserve) pruneDefaults(schema);
    const subresources: Fields | undefined = raw['subresources'];
    return {
      kind: { group, version: raw['name'], kind },
      plural,
      name: raw['name'],
      served: raw['served'] === true,
      storage: raw['storage'] === true,
      schema,
      hasStatus: subresources?.['status'] !== undefined,
      scale: customScale(subresources),
      selectableFields: ((raw['selectableFields'] ?? []) as Fields[]).map(
        (field) => field['jsonPath'] as string,
      ),
      deprecation:
        raw['deprecated'] === true
          ? (raw['deprecationWarning'] ?? deprecationWarning(definition, raw['name']))
          : undefined,
      preserveUnknownFields: preserve,
      raw,
    };
  });
}

/** What is said of a deprecated version that brings no words of its own (customresource_handler.go, defaultDeprecationWarning). */
function deprecationWarning(definition: KubeObject, version: string): string {
  const { group, names, versions } = definition['spec'] as Fields;
  const better = (versions as Fields[])
    .filter((other) => other['served'] && !other['deprecated'] && compareVersions(other['name'], version) < 0)
    .map((other) => other['name'] as string)
    .sort(compareVersions);
  const text = `${group}/${version} ${names.kind} is deprecated`;
  return better.length ? `${text}; use ${group}/${better[0]} ${names.kind}` : text;
}

/** The version that objects are stored in; throws for a definition without one, which validation refuses. */
export function storageVersion(versions: readonly DefinitionVersion[]): DefinitionVersion {
  const found = versions.find((version) => version.storage);
  if (!found)
    throw new Error(`${quote(versions[0]?.plural ?? '')} has no version that objects are stored in`);
  return found;
}
