import { Buffer } from 'node:buffer';

/** The most that the values of a ConfigMap or a Secret may hold together, in bytes. */
export const MAX_DATA_BYTES = 1024 * 1024;

/** The keys of a map, sorted; to sort none or one takes room for many. */
export function keysInOrder(map: object): string[] {
  const keys = Object.keys(map);
  return keys.length > 1 ? keys.sort() : keys;
}

/** How many bytes a base64 text stands for. */
export function base64Length(text: string | undefined): number {
  return text ? Buffer.byteLength(text, 'base64') : 0;
}
