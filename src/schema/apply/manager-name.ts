/** Bytes that a manager's name may have. */
const MAX_BYTES = 128;
const PLAIN = /^[ -~]{0,128}$/;
const PRINTABLE = /^[ \p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

/**
 * Whose name a write bears in managedFields: the query's fieldManager, else what stands before the first slash of the
 * user agent, without what cannot be printed (apiserver handlers/create.go, managerOrUserAgent).
 */
export function managerName(fieldManager: string, userAgent: string): string {
  if (fieldManager !== '') return fieldManager;
  const slash = userAgent.indexOf('/');
  const name = slash < 0 ? userAgent : userAgent.slice(0, slash);
  if (PLAIN.test(name)) return name;
  let out = '';
  let bytes = 0;
  for (const char of name) {
    if (!PRINTABLE.test(char)) continue;
    bytes += Buffer.byteLength(char);
    if (bytes > MAX_BYTES) break;
    out += char;
  }
  return out;
}
