const ESCAPE = /%([0-9a-fA-F]{2})/g;
const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/;

/**
 * The key behind a prefix of extra headers: percent-decoded, or as it stands where an escape is bad (Go's
 * url.PathUnescape). The name of a header is lower-case already; what its escapes stand for keeps its case.
 */
export function unescapeKey(encoded: string): string {
  if (!encoded.includes('%') || BAD_ESCAPE.test(encoded)) return encoded;
  const bytes = encoded.replace(ESCAPE, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
