/** Where a token stands; lines and columns from 0. */
export interface Mark {
  index: number;
  line: number;
  column: number;
}

export type TokenKind =
  | 'streamEnd'
  | 'directive'
  | 'documentStart'
  | 'documentEnd'
  | 'blockSequenceStart'
  | 'blockMappingStart'
  | 'blockEnd'
  | 'flowSequenceStart'
  | 'flowSequenceEnd'
  | 'flowMappingStart'
  | 'flowMappingEnd'
  | 'blockEntry'
  | 'flowEntry'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar';

export interface Token {
  kind: TokenKind;
  mark: Mark;
  /** Of scalars their content, of aliases and anchors the name, of tags the suffix, of directives the name. */
  text: string;
  /** A scalar without quotes; only it may be something else than a string. */
  plain: boolean;
  /** Of a tag: `!`, `!!`, `!name!`, or empty for one written out. Of a directive: what follows its name. */
  handle: string;
}

/** A fault in the text, in libyaml's words. The line is given the way go-yaml gives it, which is not always right. */
export class YamlError extends Error {
  static scanner(problem: string, at: Mark, context: Mark): YamlError {
    if (at.line !== 0) return new YamlError(`line ${at.line + 1}: ${problem}`);
    return new YamlError(context.line === 0 ? problem : `line ${context.line}: ${problem}`);
  }

  static parser(problem: string, at: Mark, context: Mark | undefined): YamlError {
    const line = at.line !== 0 ? at.line : (context?.line ?? 0);
    return new YamlError(line === 0 ? problem : `line ${line}: ${problem}`);
  }
}
