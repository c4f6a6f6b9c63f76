import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

const require = createRequire(import.meta.url);
let library: typeof Yaml | undefined;

/** The library is loaded when the first client asks for YAML: most never do. */
export function goYaml(object: unknown): string {
  library ??= require('yaml') as typeof Yaml;
  return library.stringify(object, {
    sortMapEntries: true,
    lineWidth: 80,
    indentSeq: false,
    version: '1.1',
    singleQuote: null,
  } as never);
}
