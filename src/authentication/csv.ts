/**
 * Records of a CSV text as Go's encoding/csv reads it with FieldsPerRecord -1: blank lines skipped, no comments, blanks
 * kept, `""` inside quotes, quoted fields over several lines. Throws with Go's words where it would refuse.
 */
export function parseCsv(text: string): string[][] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines[lines.length - 1] === '') lines.pop();
  const records: string[][] = [];
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === '') continue;
    const [record, last] = readRecord(lines, i);
    records.push(record);
    i = last;
  }
  return records;
}

/** The record that begins on a line, and the line it ends on. */
function readRecord(lines: readonly string[], first: number): [string[], number] {
  const fields: string[] = [];
  let row = first;
  let at = 0;
  for (;;) {
    const line = lines[row]!;
    if (line[at] !== '"') {
      const comma = line.indexOf(',', at);
      const field = comma < 0 ? line.slice(at) : line.slice(at, comma);
      const bare = field.indexOf('"');
      if (bare >= 0) throw csvError(first, row, at + bare, 'bare " in non-quoted-field');
      fields.push(field);
      if (comma < 0) return [fields, row];
      at = comma + 1;
      continue;
    }
    at++;
    let field = '';
    for (;;) {
      const here = lines[row]!;
      const end = here.indexOf('"', at);
      if (end < 0) {
        if (row + 1 >= lines.length)
          throw csvError(first, row, here.length, 'extraneous or missing " in quoted-field');
        field += `${here.slice(at)}\n`;
        row++;
        at = 0;
        continue;
      }
      field += here.slice(at, end);
      const next = here[end + 1];
      if (next === '"') {
        field += '"';
        at = end + 2;
        continue;
      }
      fields.push(field);
      if (next === undefined) return [fields, row];
      if (next !== ',') throw csvError(first, row, end, 'extraneous or missing " in quoted-field');
      at = end + 2;
      break;
    }
  }
}

function csvError(first: number, row: number, column: number, complaint: string): Error {
  const head = first === row ? '' : `record on line ${first + 1}; `;
  return new Error(`${head}parse error on line ${row + 1}, column ${column + 1}: ${complaint}`);
}
