/** Fields of an object and what selects by them (apimachinery pkg/fields/selector.go). */
export interface FieldRequirement {
  field: string;
  operator: '=' | '!=';
  value: string;
}

/** The value of a selectable field of an object; undefined where the kind has no such field. */
export type FieldReader = (field: string) => string | undefined;

/** Reads `a.b=c,d!=e`. The error is in Go's words. */
export function parseFieldSelector(text: string): { requirements: FieldRequirement[] } | { error: string } {
  const requirements: FieldRequirement[] = [];
  for (const term of terms(text).sort()) {
    if (term === '') continue;
    const match = /!=|==|=/.exec(term);
    if (!match) return { error: `invalid selector: '${text}'; can't understand '${term}'` };
    const value = unescapeValue(term.slice(match.index + match[0].length));
    if (typeof value !== 'string') return value;
    requirements.push({ field: term.slice(0, match.index), operator: match[0] === '!=' ? '!=' : '=', value });
  }
  return { requirements };
}

function terms(text: string): string[] {
  const out: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      out.push(text.slice(start, i));
      start = i + 1;
    }
  }
  out.push(text.slice(start));
  return out;
}

function unescapeValue(text: string): string | { error: string } {
  if (!/[\\,=]/.test(text)) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\') {
      const next = text[++i];
      if (next === undefined) return { error: 'invalid field selector: invalid escape sequence: \\' };
      if (next !== '\\' && next !== ',' && next !== '=')
        return { error: `invalid field selector: invalid escape sequence: \\${next}` };
      out += next;
    } else if (char === ',' || char === '=')
      return { error: `invalid field selector: unescaped character in value: ${char.charCodeAt(0)}` };
    else out += char;
  }
  return out;
}

export function matchesFields(requirements: readonly FieldRequirement[], read: FieldReader): boolean {
  for (const { field, operator, value } of requirements) {
    if (((read(field) ?? '') === value) !== (operator === '=')) return false;
  }
  return true;
}
