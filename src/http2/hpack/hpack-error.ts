/** A header block that breaks RFC 7541; the connection ends with COMPRESSION_ERROR. */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}
