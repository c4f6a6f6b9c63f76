import type { Issues } from './issues.ts';
import type { Token } from './lexer.ts';

/** Finds the words for a syntax error. */
export function reportSyntaxErrors(tokens: Token[], issues: Issues): void {
  const eof = tokens.at(-1)!;
  issues.report(eof.start, "Syntax error: mismatched input '<EOF>'");
}
