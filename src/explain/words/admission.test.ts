import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { admissionWords } from './admission.ts';

const ROOT = new URL('../../admission/', import.meta.url);
const FOLDERS = ['', 'node-restriction/', 'pod-security/'];
/** Calls that refuse: their code is the first string among the arguments. */
const REFUSING =
  /\b(?:forbid|fail|refuse|refused|wordsOf|podOnNode)\(\s*(?:attributes,\s*(?:node,\s*)?)?'([A-Z0-9_]+)'/g;

describe('words of admission', () => {
  it('are there for every code that plugins refuse with', () => {
    const codes = new Set<string>();
    for (const folder of FOLDERS) {
      for (const file of readdirSync(new URL(folder, ROOT))) {
        if (!file.endsWith('.ts') || file.endsWith('.test.ts') || file.startsWith('service-account'))
          continue;
        const source = readFileSync(new URL(folder + file, ROOT), 'utf8');
        for (const [, code] of source.matchAll(REFUSING)) codes.add(code!);
        for (const [, code] of source.matchAll(/code: '((?:LIMIT|QUOTA)_[A-Z_]+)'/g))
          if (code !== 'QUOTA_NOT_CHARGED') codes.add(code!);
      }
    }
    expect(codes.size).toBeGreaterThan(70);
    expect([...codes].filter((code) => !admissionWords[code])).toEqual([]);
    expect(Object.keys(admissionWords).filter((code) => !codes.has(code))).toEqual([]);
  });
});
