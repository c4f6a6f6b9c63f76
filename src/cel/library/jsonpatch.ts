import { overload } from '../declarations.ts';
import type { Library } from '../library.ts';
import { STRING } from '../types.ts';

/** jsonpatch.escapeKey() (apiserver pkg/cel/library/jsonpatch.go). */
export const JSON_PATCH: Library = {
  name: 'kubernetes.jsonpatch',
  functions: [
    {
      name: 'jsonpatch.escapeKey',
      overloads: [
        overload('string_jsonpatch_escapeKey_string', [STRING], STRING, (key) =>
          (key as string).replace(/[/~]/g, (char) => (char === '/' ? '~1' : '~0')),
        ),
      ],
    },
  ],
};
