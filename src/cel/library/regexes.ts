import { member } from '../declarations.ts';
import { error } from '../errors.ts';
import { StringList } from '../json.ts';
import type { Library } from '../library.ts';
import { compileRegex, findAll, findFirst } from '../regex.ts';
import { INT, listType, STRING } from '../types.ts';
import type { CelInt, CelValue } from '../values.ts';

function find(text: CelValue, pattern: CelValue): CelValue {
  const compiled = compileRegex(pattern as string);
  return compiled.ok
    ? findFirst(compiled.regex, text as string)
    : error(`Illegal regex: ${compiled.message}`);
}

function all(text: CelValue, pattern: CelValue, limit: number): CelValue {
  const compiled = compileRegex(pattern as string);
  if (!compiled.ok) return error(`Illegal regex: ${compiled.message}`);
  return new StringList(findAll(compiled.regex, text as string, limit));
}

/** find() and findAll() (apiserver pkg/cel/library/regex.go). */
export const REGEX: Library = {
  name: 'kubernetes.regex',
  functions: [
    {
      name: 'find',
      overloads: [
        member('string_find_string', [STRING, STRING], STRING, (text, pattern) => find(text!, pattern!)),
      ],
    },
    {
      name: 'findAll',
      overloads: [
        member('string_find_all_string', [STRING, STRING], listType(STRING), (text, pattern) =>
          all(text!, pattern!, -1),
        ),
        member(
          'string_find_all_string_int',
          [STRING, STRING, INT],
          listType(STRING),
          (text, pattern, limit) => all(text!, pattern!, (limit as CelInt).n),
        ),
      ],
    },
  ],
};
