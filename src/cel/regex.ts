import { RE2JS } from 're2js';

/** A compiled pattern, or the words of what is wrong with it. */
export type Compiled = { ok: true; regex: RE2JS } | { ok: false; message: string };

const MAX_CACHED = 256;
const cache = new Map<string, Compiled>();

/** Compiles an RE2 pattern; the latest ones are remembered, since most patterns come from policies, not from data. */
export function compileRegex(pattern: string): Compiled {
  const known = cache.get(pattern);
  if (known) return known;
  const compiled = compile(pattern);
  if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value!);
  cache.set(pattern, compiled);
  return compiled;
}

function compile(pattern: string): Compiled {
  try {
    return { ok: true, regex: RE2JS.compile(pattern) };
  } catch (problem) {
    // The library's words are those of Go's regexp package.
    return { ok: false, message: problem instanceof Error ? problem.message : String(problem) };
  }
}

/** The first match in a text, empty if there is none. */
export function findFirst(regex: RE2JS, text: string): string {
  const matcher = regex.matcher(text);
  return matcher.find() ? (matcher.group() ?? '') : '';
}

/** The matches from left to right, at most `limit` of them (negative = all). */
export function findAll(regex: RE2JS, text: string, limit: number): string[] {
  const found: string[] = [];
  const matcher = regex.matcher(text);
  while ((limit < 0 || found.length < limit) && matcher.find()) found.push(matcher.group() ?? '');
  return found;
}
