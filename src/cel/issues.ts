import type { Source } from './ast.ts';

/** Something wrong with an expression, found before it runs. */
export interface Issue {
  /** Line from 1; -1 where no place can be named. */
  line: number;
  /** Column from 0, in characters. */
  column: number;
  message: string;
  /** The expression it concerns; 0 for syntax errors. */
  id: number;
}

const MAX_REPORTED = 100;
const MAX_SNIPPET = 16384;

/** Collects issues and prints them as cel-go does. */
export class Issues {
  readonly source: Source;
  readonly list: Issue[] = [];
  #count = 0;

  constructor(source: Source) {
    this.source = source;
  }

  get count(): number {
    return this.#count;
  }

  /** Notes an issue at a UTF-16 offset (-1 = nowhere). */
  report(offset: number, message: string, id = 0): void {
    // Looking up places costs, and beyond the limit nobody asks for them.
    if (this.#count >= MAX_REPORTED) this.#count++;
    else this.reportAt(this.source.locate(offset), message, id);
  }

  reportAt(at: { line: number; column: number }, message: string, id = 0): void {
    this.#count++;
    if (this.list.length < MAX_REPORTED) this.list.push({ ...at, message, id });
  }

  /** All issues in the order of their places: `ERROR: <input>:1:1: …` with the line and a mark under it. */
  toString(): string {
    const sorted = [...this.list].sort((a, b) => a.line - b.line || a.column - b.column);
    const lines = sorted.map((issue) => display(issue, this.source));
    if (this.#count > MAX_REPORTED) lines.push(`${this.#count - MAX_REPORTED} more errors were truncated`);
    return lines.join('\n');
  }
}

function display(issue: Issue, source: Source): string {
  let out = `ERROR: ${source.description}:${issue.line}:${issue.column + 1}: ${issue.message}`;
  const line = source.line(issue.line);
  if (line === undefined || line.length > MAX_SNIPPET) return out;
  const snippet = line.replaceAll('\t', ' ');
  out += `\n | ${snippet}\n | `;
  const chars = [...snippet];
  // Wide characters are marked with wide dots, so that the mark stands under its character.
  for (let i = 0; i < issue.column && i < chars.length; i++) out += isWide(chars[i]) ? '\uff0e' : '.';
  return out + (isWide(chars[issue.column]) ? '\uff3e' : '^');
}

function isWide(char: string | undefined): boolean {
  return char !== undefined && char.codePointAt(0)! > 0x7f;
}
