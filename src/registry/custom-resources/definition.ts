import { cloneJson } from '../../meta/clone.ts';
import { type Fields, groupVersion, type KubeObject, parseGroupVersion } from '../../meta/object.ts';
import { unknownError } from '../../meta/status.ts';
import { sameValue } from '../../schema/apply/schema-node.ts';
import { coerce } from './coercion.ts';
import { setDefaults } from './defaulting.ts';
import { type DefinitionVersion, definitionVersions, storageVersion } from './definition-version.ts';

/** A CustomResourceDefinition with accepted names, as far as reading and storing its objects goes. */
export class Definition {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly versions: ReadonlyMap<string, DefinitionVersion>;
  /** The version that objects are stored in. */
  readonly storage: DefinitionVersion;
  readonly object: KubeObject;

  constructor(object: KubeObject) {
    this.object = object;
    const versions = definitionVersions(object);
    this.storage = storageVersion(versions);
    this.group = this.storage.kind.group;
    this.kind = this.storage.kind.kind;
    this.plural = this.storage.plural;
    this.versions = new Map(versions.map((version) => [version.name, version]));
  }

  /** A stored value in the version it was stored in, with that version's defaults. Throws for what is no such object. */
  read(value: Uint8Array): KubeObject {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const object = JSON.parse(bytes.toString('utf8')) as KubeObject;
    const version = this.versionOf(object.apiVersion, 'from');
    const fault = coerce(object, version, { stored: true });
    if (fault !== undefined) throw unknownError(fault);
    object.metadata ??= {};
    if (object.kind === this.kind) setDefaults(object, version.schema);
    return object;
  }

  /** A stored value in another version, for definitions without a webhook. */
  readAs(value: Uint8Array, version: DefinitionVersion): KubeObject {
    const object = this.read(value);
    const apiVersion = groupVersion(version.kind);
    if (object.apiVersion === apiVersion) return object;
    object.apiVersion = apiVersion;
    return this.fit(object, version);
  }

  /** Whether a value is stored otherwise than a write would store it now: in another version, or without some default. */
  stale(value: Uint8Array): boolean {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const object = this.read(value);
    return (
      object.apiVersion !== groupVersion(this.storage.kind) ||
      !sameValue(JSON.parse(bytes.toString('utf8')), object)
    );
  }

  /**
   * The object under another version's name, without what that version does not know: all the conversion there is
   * where the definition has no webhook. The object given stays as it is. Throws for metadata that is none.
   */
  relabel(object: Fields, apiVersion: string): KubeObject {
    const version = this.versionOf(apiVersion, 'to');
    return this.fit({ ...cloneJson(object), apiVersion } as KubeObject, version);
  }

  /** Takes from an object, in place, what its version does not know. */
  fit(object: KubeObject, version: DefinitionVersion): KubeObject {
    const fault = coerce(object, version);
    if (fault !== undefined) throw unknownError(fault);
    object.metadata ??= {};
    return object;
  }

  versionOf(apiVersion: unknown, way: 'from' | 'to'): DefinitionVersion {
    const text = typeof apiVersion === 'string' ? apiVersion : '';
    const parsed = parseGroupVersion(text);
    const version = parsed?.group === this.group ? this.versions.get(parsed.version) : undefined;
    if (version) return version;
    throw unknownError(`request to convert CR ${way} an invalid group/version: ${text}`);
  }
}
