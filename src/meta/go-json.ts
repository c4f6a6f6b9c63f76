const UNSAFE = /[<>&\u2028\u2029]/g;

/** JSON as Go's encoder writes it: keys of maps in order, and what HTML would trip over escaped. */
export function goJson(value: unknown): string {
  return escapeHtml(JSON.stringify(ordered(value)) ?? 'null');
}

/** Escapes in a JSON text what encoding/json escapes beyond what JSON asks for. */
export function escapeHtml(json: string): string {
  return json.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function ordered(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(ordered);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, ordered(item)]));
}
