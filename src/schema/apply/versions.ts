import type { Fields } from '../../meta/object.ts';
import type { FieldFilter } from './field-filter.ts';
import type { SchemaNode } from './schema-node.ts';

/** What ownership needs of one served version of a kind. */
export interface OwnedVersion {
  readonly schema: SchemaNode;
  /** Fields that an endpoint resets, by subresource; `''` is the resource itself. */
  readonly filters: Readonly<Record<string, FieldFilter>>;
  /** An object before anything is set, with apiVersion and kind. */
  readonly empty: Fields;
}

/** A kind in its versions. */
export interface OwnedKind {
  readonly group: string;
  readonly kind: string;
  /** By apiVersion: `apps/v1`. Undefined for versions that are not served any more: what they own is forgotten. */
  version(apiVersion: string): OwnedVersion | undefined;
  /** The object in another version; called only for versions that are there, and never for the object's own. */
  convert(object: Fields, apiVersion: string): Fields;
}

/** An object in any version asked for; conversions are made once. */
export class Versioned {
  private made: Map<string, Fields> | undefined;
  private readonly kind: OwnedKind;
  readonly object: Fields;
  readonly apiVersion: string;

  constructor(kind: OwnedKind, object: Fields, apiVersion: string) {
    this.kind = kind;
    this.object = object;
    this.apiVersion = apiVersion;
  }

  in(apiVersion: string): Fields {
    if (apiVersion === this.apiVersion) return this.object;
    this.made ??= new Map();
    const known = this.made.get(apiVersion);
    if (known) return known;
    const made = this.kind.convert(this.object, apiVersion);
    this.made.set(apiVersion, made);
    return made;
  }
}
