import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodeYaml } from './value.ts';

function value(text: string): unknown {
  const decoded = decodeYaml(text);
  if (!decoded.ok) throw new Error(decoded.error);
  return decoded.value;
}

describe('YAML as go-yaml reads it', () => {
  it.each([
    ['a: 1', { a: 1 }],
    ['- a\n- b: c\n  d: e\n-\n', ['a', { b: 'c', d: 'e' }, null]],
    ['a:\n- 1\n- 2\nb: 3', { a: [1, 2], b: 3 }],
    ['{a: [1, "2", x y], b: {c: }, d}', { a: [1, '2', 'x y'], b: { c: null }, d: null }],
    ['[a: b, c]', [{ a: 'b' }, 'c']],
    [
      'a: |\n  x\n   y\n\nb: >\n  one\n  two\n\n  three\nc: |-\n  z\nd: |+\n  k\n\n',
      { a: 'x\n y\n', b: 'one two\nthree\n', c: 'z', d: 'k\n\n' },
    ],
    ['a: "x\\n\\u0041\\\n  b"', { a: 'x\nAb' }],
    ["a: 'it''s'", { a: "it's" }],
    ['a: one\n  two\n\n  three', { a: 'one two\nthree' }],
    ['? a\n: b\n? c', { a: 'b', c: null }],
    ['x: &a {k: 1}\nw: *a\nz: {<<: *a, l: 2}', { x: { k: 1 }, w: { k: 1 }, z: { k: 1, l: 2 } }],
    ['%YAML 1.1\n---\na: b\n...\n---\nc: d', { a: 'b' }],
    ['# only a comment\n', null],
    ['', null],
    [
      'a: y\nb: no\nc: On\nd: ~\ne: 0x1F\nf: 017\ng: 0o17\nh: 1_000\ni: 1e3\nj: .5\nk: 08\nl: 2001-01-01\nm: "yes"',
      {
        a: true,
        b: false,
        c: true,
        d: null,
        e: 31,
        f: 15,
        g: 15,
        h: 1000,
        i: 1000,
        j: 0.5,
        k: 8,
        l: '2001-01-01',
        m: 'yes',
      },
    ],
    ['a: !!str 5\nb: !!int "5"\nc: !custom x\nd: !!binary aGk=', { a: '5', b: 5, c: 'x', d: 'hi' }],
    ['{"a": "b", "c": [1, true, null]}', { a: 'b', c: [1, true, null] }],
    ['{"a":1}', { a: 1 }],
    ['1: a\ntrue: b\n1.5: c', { 1: 'a', true: 'b', '1.5': 'c' }],
    ['a: http://x/y?z=1#f', { a: 'http://x/y?z=1#f' }],
    ['a:\tb', { a: 'b' }],
    ['a: b: c'.replace('b: ', 'b:'), { a: 'b:c' }],
    ['\ufeffa: 1', { a: 1 }],
    ['a: 1\r\nb: 2\r\n', { a: 1, b: 2 }],
  ])('%j', (text, expected) => {
    expect(value(text)).toEqual(expected);
  });

  it.each([
    ['a: [', 'yaml: line 1: did not find expected node content'],
    ['apiVersion: v1\n kind: [', 'yaml: line 2: mapping values are not allowed in this context'],
    ['a: b: c', 'yaml: mapping values are not allowed in this context'],
    ['a:\n\tb: 2', 'yaml: line 2: found character that cannot start any token'],
    ['a: @x', 'yaml: found character that cannot start any token'],
    ['a: "x', 'yaml: found unexpected end of stream'],
    ['a:\n  b: 1\n c: 2', 'yaml: line 2: did not find expected key'],
    ['a: [1, 2', "yaml: line 1: did not find expected ',' or ']'"],
    ['a: {b: 1', "yaml: line 1: did not find expected ',' or '}'"],
    ['a: 1\nb\n', "yaml: line 3: could not find expected ':'"],
    ['a: *x', "yaml: unknown anchor 'x' referenced"],
    ['a: - b', 'yaml: block sequence entries are not allowed in this context'],
    ['- a\nb: c', "yaml: line 1: did not find expected '-' indicator"],
    ['a: "\\q"', 'yaml: found unknown escape character'],
    ['a: \u0001', 'yaml: control characters are not allowed'],
    ['%YAML 1.2\n---\na: b', 'yaml: found incompatible YAML document'],
    ['a: .nan', 'json: unsupported value: NaN'],
    ['a: &a [*a]', "yaml: anchor 'a' value contains itself"],
  ])('refuses %j', (text, error) => {
    expect(decodeYaml(text)).toEqual({ ok: false, error });
  });

  it('does not let aliases multiply without end', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(',')}]`,
      );
    expect(decodeYaml(lines.join('\n'))).toEqual({
      ok: false,
      error: 'yaml: document contains excessive aliasing',
    });
  });

  it('does not run out of stack', () => {
    expect(decodeYaml('['.repeat(100_000)).ok).toBe(false);
    expect(decodeYaml('- '.repeat(100_000)).ok).toBe(false);
  });

  it('agrees with another reader on manifests', () => {
    const text = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, "tier": 'front'}
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: c   # the one
        image: "registry.example/app:1"
        args: ["--a=b", --c, -d]
        command:
        - /bin/sh
        - -c
        - |
          set -e
          echo "hi: there" # not a comment
        env:
          - {name: A, value: "1"}
          - name: B
            value: >-
              folded
              text
`;
    expect(value(text)).toEqual(parse(text, { version: '1.1' }));
  });
});
