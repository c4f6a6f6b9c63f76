import { type Fields, groupVersion } from '../../meta/object.ts';
import { typeTable } from '../type-table.ts';
import { customResetFields, resetFields } from './reset-fields.ts';
import { isMap } from './schema-node.ts';
import { structuralSchema } from './structural-schema.ts';
import { builtinSchemas, emptyObject } from './type-table-schema.ts';
import type { OwnedKind, OwnedVersion } from './versions.ts';

/** Kinds as field managers need them: built in, or of a CustomResourceDefinition. */

/**
 * A built-in kind in all the versions of its group that the type table has.
 *
 * @param convert the object in another version, for kinds that are served in more than one
 */
export function builtinKind(
  group: string,
  kind: string,
  convert: (object: Fields, apiVersion: string) => Fields = relabelled,
): OwnedKind {
  const versions = new Map<string, OwnedVersion | undefined>();
  return {
    group,
    kind,
    convert,
    version(apiVersion) {
      if (!versions.has(apiVersion)) versions.set(apiVersion, builtinVersion(group, kind, apiVersion));
      return versions.get(apiVersion);
    },
  };
}

function builtinVersion(group: string, kind: string, apiVersion: string): OwnedVersion | undefined {
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  if (groupVersion({ group, version }) !== apiVersion) return undefined;
  const type = typeTable.kind({ group, version, kind });
  if (!type) return undefined;
  const schema = builtinSchemas.type(type.name);
  return { schema, filters: resetFields(group, kind), empty: { ...emptyObject(schema), apiVersion, kind } };
}

function relabelled(object: Fields, apiVersion: string): Fields {
  return { ...object, apiVersion };
}

/**
 * The kind that a CustomResourceDefinition defines, in all its versions. Made anew when the definition changes.
 *
 * @param convert the object in another version of the definition, by its conversion strategy
 */
export function customKind(
  definition: Fields,
  convert: (object: Fields, apiVersion: string) => Fields = relabelled,
): OwnedKind {
  const { group, names, versions, preserveUnknownFields } = definition['spec'] as Fields;
  const kind: string = names.kind;
  const owned = new Map<string, OwnedVersion>();
  for (const version of versions as Fields[]) {
    const apiVersion = `${group}/${version['name']}`;
    const meta = builtinSchemas.type('meta/v1.ObjectMeta');
    owned.set(apiVersion, {
      schema: structuralSchema(version['schema']?.openAPIV3Schema, meta, preserveUnknownFields === true),
      filters: customResetFields(isMap(version['subresources']?.status)),
      empty: { apiVersion, kind },
    });
  }
  return { group, kind, convert, version: (apiVersion) => owned.get(apiVersion) };
}
