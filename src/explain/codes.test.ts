import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Door } from './explanation.ts';
import { admissionFixes } from './fixes/admission.ts';
import { authenticationFixes } from './fixes/authentication.ts';
import { authorizationFixes } from './fixes/authorization.ts';
import { admissionWords } from './words/admission.ts';
import { authenticationWords } from './words/authentication.ts';
import { authorizationWords } from './words/authorization.ts';
import { policyWords } from './words/policy.ts';
import { serviceAccountAdmissionWords } from './words/service-account-admission.ts';

type Verdicts = Exclude<Door, 'impersonation'>;

/** Words in quotes and capitals that are no verdict codes. */
const OTHERS: ReadonlySet<string> = new Set([
  'HTTPS_PROXY',
  'NO_PROXY',
  'AUDIT_WRITE',
  'DAC_OVERRIDE',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
]);
/** Codes that other rooms than the doors' own give. */
const ELSEWHERE: ReadonlySet<string> = new Set(['MADE_UP', 'CONSOLE_LINK', 'CONSOLE_SESSION', 'ACCEPTED']);
/** The ways to gain rights that `sallyport rights` tells of have codes of their own. */
const OTHER_FILES: ReadonlySet<string> = new Set(['escalations.ts']);

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    const isSource = /(?<!\.test|\.fixture)\.ts$/.test(entry.name) && !OTHER_FILES.has(entry.name);
    return isSource ? [readFileSync(path, 'utf8')] : [];
  });
}

/** Every code that a door's own files name. */
function codesOf(door: Verdicts): Set<string> {
  const codes = new Set<string>();
  for (const text of sources(`src/${door}`)) {
    for (const [, code] of text.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)) codes.add(code!);
    for (const [, code] of text.matchAll(/code: '([A-Z0-9_]+)'/g)) codes.add(code!);
  }
  for (const other of OTHERS) codes.delete(other);
  return codes;
}

/** By door, the codes that docs/codes.md has a whole entry for. */
function documented(): Map<string, Set<string>> {
  const sections = readFileSync('docs/codes.md', 'utf8').split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const rows = section.matchAll(/^\| `([A-Z0-9_]+)` +\|(?: +[^ |].*? +\|){3}$/gm);
      return [section.split('\n')[0]!.toLowerCase(), new Set([...rows].map(([, code]) => code!))];
    }),
  );
}

const REFUSING: Readonly<Record<Verdicts, readonly string[]>> = {
  authentication: [...Object.keys(authenticationWords), ...Object.keys(authenticationFixes)],
  authorization: Object.keys(authorizationFixes),
  admission: [
    ...Object.keys({ ...admissionWords, ...policyWords, ...serviceAccountAdmissionWords }),
    ...Object.keys(admissionFixes),
  ],
};
const DOORS = Object.keys(REFUSING) as Verdicts[];

describe('verdict codes', () => {
  it.each(DOORS)('of %s all have an entry in docs/codes.md', (door) => {
    const there = documented().get(door)!;
    const used = [...codesOf(door), ...REFUSING[door]];
    expect([...new Set(used)].filter((code) => !there.has(code))).toEqual([]);
  });

  // The other way round, so that no row can go without the test above telling.
  it.each(DOORS)('of %s in docs/codes.md are all given by somebody', (door) => {
    const used = new Set([...codesOf(door), ...REFUSING[door]]);
    const unknown = [...documented().get(door)!].filter((code) => !used.has(code) && !ELSEWHERE.has(code));
    expect(unknown).toEqual([]);
  });

  it('of impersonation all have an entry in docs/codes.md', () => {
    const text = readFileSync('src/explain/explanation.ts', 'utf8');
    const used = new Set([...text.matchAll(/'(IMPERSONATION_[A-Z]+)'/g)].map(([, code]) => code));
    expect([...documented().get('impersonation')!].sort()).toEqual([...used].sort());
  });

  it('of authorizers all have words', () => {
    const used = [...codesOf('authorization')];
    expect(used.filter((code) => authorizationWords[code] === undefined)).toEqual([]);
  });

  it.each(DOORS)('of %s by which a request is refused have a remedy', (door) => {
    const tables = {
      authentication: authenticationFixes,
      authorization: authorizationFixes,
      admission: admissionFixes,
    };
    expect(REFUSING[door].filter((code) => tables[door][code] === undefined)).toEqual([]);
  });
});
