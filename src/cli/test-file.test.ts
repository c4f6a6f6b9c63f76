import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BadTestFile, readTestFile } from './test-file.ts';
import { TEST_FILE_SCHEMA } from './test-file-schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'a.test.yaml');
function faultsOf(text: string): readonly string[] {
  writeFileSync(path, text);
  try {
    readTestFile(path);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(BadTestFile);
    return (error as BadTestFile).faults.map((fault) => fault.replace(`${path}:`, ''));
  }
}

const test = (change: (lines: string[]) => void): string => {
  const lines = [
    'manifests: .',
    'tests:',
    '- name: one',
    '  who: {user: jane}',
    '  what: {verb: get, resource: pods}',
    '  expect: {verdict: allowed}',
  ];
  change(lines);
  return lines.join('\n');
};

describe('a test file that cannot be used says where', () => {
  it.each([
    [{ 0: 'manifest: .' }, '1:1: the file has no field "manifest"; there are manifests, '],
    [{ 3: '  who: {user: jane, claims: {}}' }, '4:8: tests[0].who: give one of user, claims, '],
    [{ 3: '  who: {claims: {}, groups: [a]}' }, '4:21: groups are for a made-up user'],
    [{ 3: '  who: {token: 5}' }, '4:16: tests[0].who.token: has to be a string'],
    [{ 3: '  who: {tokenFile: nope}' }, '4:20: tests[0].who.tokenFile: ENOENT'],
    [{ 4: '  what: {verb: get}' }, '5:9: tests[0].what: give a verb and either a resource or a path'],
    [{ 5: '  expect: {verdict: allow}' }, '6:21: tests[0].expect.verdict: has to be allowed or refused'],
    [{ 5: '  expects: {verdict: allowed}' }, '6:3: a test has no field "expects"'],
    [{ 1: 'anonymousAuth: 1\ntests:' }, '2:16: anonymousAuth: has to be true or false'],
    [{ 3: '  who: {user: jane' }, '5:'],
  ])('%j', (changed, words) => {
    const [fault, ...others] = faultsOf(
      test((lines) => {
        for (const [i, line] of Object.entries(changed)) lines[Number(i)] = line;
      }),
    );
    expect(fault).toContain(words);
    expect(fault!.startsWith(words.slice(0, 2))).toBe(true);
    expect(others).toEqual([]);
  });

  it('all of them at once', () => {
    const text = test((lines) => {
      lines.push('- {who: {}, what: {verb: get, path: /}, expect: {verdict: allowed}}', '- 7');
    });
    expect(faultsOf(text).map((fault) => fault.split(': ')[1])).toEqual(['tests[1].who', 'tests[2]']);
    expect(faultsOf('tests: []')).toEqual(['1:8: tests: there are none']);
    expect(faultsOf('')).toHaveLength(1);
  });

  it('has a schema with the same fields', () => {
    expect(faultsOf(test(() => {}))).toEqual([]);
    const { properties } = TEST_FILE_SCHEMA.properties.tests.items.properties.who;
    expect(Object.keys(properties)).toContain('certificate');
  });
});
