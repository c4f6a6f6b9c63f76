import { Buffer } from 'node:buffer';

/** The most that the values of a ConfigMap or a Secret may hold together, in bytes. */
export const MAX_DATA_BYTES = 1024 * 1024;

/** How many bytes a base64 text stands for. */
export function base64Length(text: string | undefined): number {
  return text ? Buffer.byteLength(text, 'base64') : 0;
}
