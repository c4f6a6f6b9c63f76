/** Headers of an answer, by their lower-case names. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

const DAY_MS = 86_400_000;

/**
 * Until when an answer may be kept, in milliseconds since 1970, and never before `now`: by s-maxage, max-age, Expires, or
 * a tenth of its age by Last-Modified, in this order (RFC 9111 section 4.2). As go-oidc has it, `no-store` and `no-cache`
 * change nothing of that.
 */
export function freshUntil(headers: Headers, now: number): number {
  const directives = directivesOf(text(headers['cache-control']));
  const seconds = directives.get('s-maxage') ?? directives.get('max-age');
  if (seconds !== undefined) return now + seconds * 1000;
  const expires = time(headers['expires']);
  if (expires !== undefined) return Math.max(now, now + expires - (time(headers['date']) ?? now));
  const modified = time(headers['last-modified']);
  if (modified !== undefined) return now + Math.min(Math.max((now - modified) * 0.1, 0), DAY_MS);
  return now;
}

function directivesOf(header: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of header.split(',')) {
    const match = /^\s*(s-maxage|max-age)\s*=\s*"?(\d{1,12})"?\s*$/i.exec(part);
    if (match) found.set(match[1]!.toLowerCase(), Number(match[2]));
  }
  return found;
}

const text = (header: string | string[] | undefined): string =>
  Array.isArray(header) ? header.join(',') : (header ?? '');

function time(header: string | string[] | undefined): number | undefined {
  const ms = Date.parse(text(header));
  return Number.isNaN(ms) ? undefined : ms;
}
