import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { KubeconfigFile } from './kubeconfig-file.ts';
import { mergeKubeconfigs } from './merge-kubeconfigs.ts';

const merge = (texts: readonly string[], target = '/t/config') =>
  mergeKubeconfigs(
    texts.map((text, index) => KubeconfigFile.parse(text, `/t/${index}`)),
    { target },
  );

const config = (name: string, server: string, more: object = {}): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: { token: `token of ${server}` } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
    ...more,
  });

describe('merging kubeconfigs', () => {
  it('gives names of their own to entries whose names are taken, and follows them', () => {
    const { text, renames, currentContext } = merge([config('c', 'https://a'), config('c', 'https://b')]);
    expect(renames.map(({ list, from, to }) => `${list} ${from} ${to}`)).toEqual([
      'clusters c c-2',
      'users c c-2',
      'contexts c c-2',
    ]);
    expect(currentContext).toBe('c');
    const merged = KubeconfigFile.parse(text, '/t/config');
    expect(merged.context('c-2')).toEqual({ cluster: 'c-2', user: 'c-2', namespace: '' });
    expect(merged.value('clusters', 'c-2')).toEqual({ server: 'https://b' });
    expect(merged.value('users', 'c')).toEqual({ token: 'token of https://a' });
  });

  it('takes what is the same once, whatever the order of its fields', () => {
    const a = 'clusters: [{name: c, cluster: {server: "https://a", x: 1}}]';
    const b = 'clusters: [{cluster: {x: 1, server: "https://a"}, name: c}]';
    const { counts, renames } = merge([a, b, a]);
    expect(counts.clusters).toBe(1);
    expect(renames).toEqual([]);
  });

  it('takes the current-context of the first file that has one, under its new name', () => {
    const first = 'contexts: [{name: c, context: {cluster: x, user: y}}]';
    expect(merge([first, config('c', 'https://b')]).currentContext).toBe('c-2');
  });

  it('keeps unknown fields, extensions, preferences, and tokens that look like numbers', () => {
    const extensions = (name: string) => [{ name, extension: { deep: [1, { two: true }] } }];
    const one = config('a', 'https://a', { extensions: extensions('x'), preferences: { colors: true } });
    const two = config('b', 'https://b', {
      extensions: extensions('y'),
      preferences: { other: 1 },
      unknown: { kept: null },
    });
    const three =
      'users: [{name: n, user: {token: 0123, future: {a: [b]}, extensions: [{name: z, extension: {q: 1e3}}]}}]';
    const merged = KubeconfigFile.parse(merge([one, two, three]).text, '/t/config');
    const all = merged.document.toJS() as Record<string, unknown>;
    expect(all['extensions']).toEqual([...extensions('x'), ...extensions('y')]);
    expect(all['preferences']).toEqual({ colors: true, other: 1 });
    expect(all['unknown']).toEqual({ kept: null });
    expect(merged.value('users', 'n')).toEqual({
      token: '0123',
      future: { a: ['b'] },
      extensions: [{ name: 'z', extension: { q: '1e3' } }],
    });
  });

  it('carries over what aliases stand for', () => {
    const text =
      'users: [{name: a, user: &u {token: t}}, {name: b, user: *u}]\nclusters: []\ncontexts: null\n';
    const merged = KubeconfigFile.parse(merge([config('x', 'https://x'), text]).text, '/t/config');
    expect(merged.value('users', 'b')).toEqual({ token: 't' });
  });

  it('refuses what is no kubeconfig, and shows nothing of it', () => {
    expect(() => merge(['kind: Pod'])).toThrow('/t/0 is no kubeconfig: its kind is "Pod"');
    expect(() => merge(['users: {a: b}'])).toThrow('/t/0 is no kubeconfig: users is no list');
    const secret = 'users:\n- name: a\n  user: {token: "hunter2\n';
    expect(() => merge([secret])).toThrow(/^\/t\/0 is no YAML/);
    expect(() => merge([secret])).not.toThrow(/hunter2/);
    expect(merge(['', config('a', 'https://a')]).counts.contexts).toBe(1);
  });

  describe('with files that entries name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-merge-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'ca.crt'), 'CA');
    const text =
      'clusters: [{name: c, cluster: {server: s, certificate-authority: ca.crt}}]\nusers: [{name: u, user: {exec: {command: ./bin/plugin}, tokenFile: /abs}}]';
    const file = KubeconfigFile.parse(text, join(folder, 'sub', 'config'));

    it('names them as seen from where it stands', () => {
      const { text } = mergeKubeconfigs([file], { target: join(folder, 'all') });
      const merged = KubeconfigFile.parse(text, join(folder, 'all'));
      expect(merged.value('clusters', 'c')).toEqual({ server: 's', 'certificate-authority': 'sub/ca.crt' });
      expect(merged.value('users', 'u')).toEqual({ exec: { command: 'sub/bin/plugin' }, tokenFile: '/abs' });
    });

    it('or embeds them', () => {
      const embed = (path: string): string => `content of ${path.slice(folder.length)}`;
      const { text } = mergeKubeconfigs([file], { target: join(folder, 'all'), embed });
      const data = KubeconfigFile.parse(text, 'x').value('clusters', 'c')?.['certificate-authority-data'];
      expect(Buffer.from(String(data), 'base64').toString()).toBe('content of /sub/ca.crt');
      expect(text).not.toContain('certificate-authority:');
    });
  });

  it('loses nothing of made-up ones, gives the same each time, and the same once more when merged with itself', () => {
    // Few names and contents, so that they clash often; names that look like those given to others, too.
    const name = fc.constantFrom('a', 'b', 'a-2', 'a-3', '__proto__', '1');
    const content = fc.record(
      { server: fc.constantFrom('x', 'y'), extra: fc.jsonValue({ maxDepth: 1 }) },
      { requiredKeys: ['server'] },
    );
    const unique = <T extends { name: string }>(arbitrary: fc.Arbitrary<T>) =>
      fc.uniqueArray(arbitrary, { selector: ({ name }) => name, maxLength: 4 });
    const kubeconfig = fc.record({
      clusters: unique(fc.record({ name, cluster: content })),
      users: unique(fc.record({ name, user: content })),
      contexts: unique(fc.record({ name, context: fc.record({ cluster: name, user: name }) })),
      'current-context': fc.option(name, { nil: '' }),
    });
    fc.assert(
      fc.property(fc.array(kubeconfig, { minLength: 1, maxLength: 4 }), (configs) => {
        const texts = configs.map((one) => stringify(one));
        const { text, renames, currentContext } = merge(texts);
        expect(merge(texts).text).toBe(text);
        const merged = KubeconfigFile.parse(text, '/t/config');
        for (const list of ['clusters', 'users', 'contexts'] as const) {
          const names = merged.entries(list).map((entry) => entry.name);
          expect(new Set(names).size).toBe(names.length);
        }
        for (const [index, source] of texts.entries()) {
          const file = KubeconfigFile.parse(source, `/t/${index}`);
          const nameNow = (list: 'clusters' | 'users' | 'contexts', from: string): string =>
            renames.find((one) => one.path === `/t/${index}` && one.list === list && one.from === from)?.to ??
            from;
          for (const list of ['clusters', 'users'] as const)
            for (const entry of file.entries(list))
              expect(merged.value(list, nameNow(list, entry.name))).toEqual(file.value(list, entry.name));
          for (const entry of file.entries('contexts')) {
            const before = file.context(entry.name)!;
            const after = merged.context(nameNow('contexts', entry.name))!;
            // What it refers to is what it referred to; a name that was nowhere in its own file can't be followed.
            if (file.value('clusters', before.cluster))
              expect(merged.value('clusters', after.cluster)).toEqual(file.value('clusters', before.cluster));
            if (file.value('users', before.user))
              expect(merged.value('users', after.user)).toEqual(file.value('users', before.user));
          }
        }
        expect(currentContext === '' || configs.some((one) => one['current-context'] !== '')).toBe(true);
        const again = merge([text, text]);
        expect(again.renames).toEqual([]);
        expect(again.text).toBe(text);
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});
