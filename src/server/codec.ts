import { stringify } from 'yaml';

// Stand-ins until the schema's own codecs are in place.
export function encodeYaml(object: unknown): string {
  return stringify(object, { sortMapEntries: true, lineWidth: 80, singleQuote: true });
}
export function encodeProtobuf(_object: unknown): Uint8Array {
  throw new Error('protobuf is not there yet');
}
export function encodeWatchFrame(_type: string, _object: unknown): Uint8Array {
  throw new Error('protobuf is not there yet');
}
