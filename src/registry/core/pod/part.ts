import type { Fields } from '../../../meta/object.ts';

/** A field that is an object; an empty one is put there where it is missing. */
export function part(object: Fields, name: string): Fields {
  object[name] ??= {};
  return object[name];
}
