import { tests as checking } from '@bufbuild/cel-spec/testdata/checking.js';
import { tests as comprehensions } from '@bufbuild/cel-spec/testdata/comprehension.js';
import { tests as parsing } from '@bufbuild/cel-spec/testdata/parsing.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, Environment, kubernetesEnvironment, toJson } from './index.ts';

const plain = new Environment();
const kubernetes = kubernetesEnvironment();

function words(source: string, env = plain): string {
  return env.parse(source).issues.toString();
}

interface Suite {
  tests?: readonly { error?: string; original: { expr: string } }[];
  suites?: readonly Suite[];
}

function* failures(suite: Suite): Generator<{ expr: string; error: string }> {
  for (const test of suite.tests ?? []) {
    if (test.error?.includes('ERROR: :')) yield { expr: test.original.expr, error: test.error.trim() };
  }
  for (const inner of suite.suites ?? []) yield* failures(inner);
}

describe('syntax errors', () => {
  // Not comparable: cases of cel-go that were recorded with lower limits (nesting of 32, four recoveries), and those
  // where cel-go does not look at a value whose key is unsupported.
  const otherLimits =
    /recursion (?:limit|depth) exceeded|limit exceeded: 4|^ERROR: :\d+:\d+: unsupported syntax '\?'\n[^\n]*\n[^\n]*$/;
  const cases = [parsing, checking, comprehensions]
    .flatMap((suite) => [...failures(suite as unknown as Suite)])
    .filter(({ error }) => !otherLimits.test(error));

  it('has cases enough', () => {
    expect(cases.length).toBeGreaterThan(60);
  });

  it.each(cases)('$expr', ({ expr, error }) => {
    expect(words(expr).replaceAll('ERROR: <input>:', 'ERROR: :')).toBe(error);
  });

  it('names a place by characters and marks wide ones widely', () => {
    expect(words("'héllo' + 'é' x")).toBe(
      "ERROR: <input>:1:15: Syntax error: extraneous input 'x' expecting <EOF>\n | 'héllo' + 'é' x\n | ..．........．..^",
    );
  });
});

describe('limits', () => {
  it.each([
    ['selections', `a${'.b'.repeat(250)}`, `a${'.b'.repeat(251)}`],
    ['indices', `a${'[0]'.repeat(250)}`, `a${'[0]'.repeat(251)}`],
    ['additions', `1${'+1'.repeat(250)}`, `1${'+1'.repeat(251)}`],
    ['method calls', `a${'.b()'.repeat(250)}`, `a${'.b()'.repeat(251)}`],
  ])('%s nest 250 deep and no deeper', (_, fits, tooDeep) => {
    expect(words(fits)).toBe('');
    expect(words(tooDeep)).toContain('max recursion depth exceeded');
  });

  it('parentheses are limited too', () => {
    expect(words(`${'('.repeat(300)}1${')'.repeat(300)}`)).toContain(
      'expression recursion limit exceeded: 250',
    );
  });

  it('what is wrong is looked for no deeper than the stack goes', () => {
    // How deep that is depends on where this runs.
    expect(words('[optional.of(x.all(y,'.repeat(61), kubernetes)).toMatch(
      /recursion limit exceeded: 250|Syntax error/,
    );
  });

  it('conditions may be long', () => {
    const compiled = compile(plain, `true${' && true'.repeat(10_000)}`);
    expect(compiled.ok && compiled.program.evaluate().value).toBe(true);
  });

  it('counts characters', () => {
    expect(words(`'${'x'.repeat(100_000)}'`)).toContain(
      'expression code point size exceeds limit: size: 100002, limit 100000',
    );
  });

  it('macros that copy their argument cannot double an expression for ever', () => {
    expect(words(`a${'.optMap(x, x)'.repeat(40)}`, kubernetes)).toContain('exceeds limit of 200000 parts');
  });

  it('reports a hundred issues at the most', () => {
    const text = words('#'.repeat(1000));
    expect(text.match(/ERROR/g)).toHaveLength(100);
    expect(text).toMatch(/9\d\d more errors were truncated$/);
  });
});

describe('literals', () => {
  const json = (source: string): unknown => {
    const compiled = compile(plain, source);
    if (!compiled.ok) throw new Error(compiled.text);
    const done = compiled.program.evaluate();
    return done.error ? done.error.message : toJson(done.value);
  };

  it.each<[string, unknown]>([
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['0x7fffffffffffffff', 9223372036854775807n],
    ['18446744073709551615u', 18446744073709551615n],
    ['1e3', 1000],
    ["'a' 'b'", undefined],
    [String.raw`'\u00e9\U0001F600\x41\101\n'`, 'é😀AA\n'],
    [String.raw`r'\n'`, '\\n'],
    [`'''it's "quoted"'''`, `it's "quoted"`],
    ['b"\\xff\\101"', '/0E='],
    ['b"é"', 'w6k='],
    ['[1, 2, 3,]', [1, 2, 3]],
    ['{"a": 1, "b": [true, null]}', { a: 1, b: [true, null] }],
  ])('%s', (source, value) => {
    if (value === undefined) expect(compile(plain, source).ok).toBe(false);
    else expect(json(source)).toEqual(value);
  });

  it.each([
    ['9223372036854775808', 'invalid int literal'],
    ['18446744073709551616u', 'invalid uint literal'],
    ['1e999', 'invalid double literal'],
  ])('%s', (source, message) => {
    expect(words(source)).toContain(`ERROR: <input>:1:1: ${message}`);
  });
});

describe('any text', () => {
  // Texts that look like CEL find more than random characters do.
  const piece = fc.constantFrom(
    ...[
      'a',
      'b.c',
      'has(',
      'x.all(y,',
      'optional.of(',
      '.?d',
      '[?0]',
      '{?',
      'constructor',
      '__proto__',
      '"1constructor"',
      'duration(',
      '}',
      '[',
      ']',
      '(',
      ')',
      '&&',
      '||',
      '?',
      ':',
      ',',
    ],
    ...[
      '==',
      '<=',
      'in',
      '!',
      '-',
      '+',
      '*',
      '1',
      '2u',
      '0x',
      '1e',
      '1.5',
      "'s'",
      'r"x',
      "b'",
      '"""',
      "'",
      '`a-b`',
      '`',
      '\\',
      '\n',
    ],
    ...[
      '// c',
      'true',
      'null',
      'package',
      '.',
      '..',
      '\u{1F600}',
      '\u0000',
      'é',
      '@',
      '=',
      ';',
      'map(m,',
      'T{f:',
      'cel.bind(v,',
    ],
  );
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.array(piece, { maxLength: 25 }).map((parts) => parts.join('')),
    fc.array(piece, { maxLength: 25 }).map((parts) => parts.join(' ')),
  );

  it('is read or refused, and nothing else', () => {
    fc.assert(
      fc.property(text, (source) => {
        const compiled = compile(kubernetes, source);
        if (compiled.ok) {
          const done = compiled.program.evaluate({}, { costLimit: 10_000 });
          expect(done.cost).toBeLessThan(1_000_000);
        } else expect(compiled.text).not.toBe('');
      }),
      { numRuns: 1000 },
    );
  });

  it('repeated at length does not exhaust the stack', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 400 }), (source, times) => {
        expect(compile(kubernetes, source.repeat(times)).ok).toBeTypeOf('boolean');
      }),
      { numRuns: 100 },
    );
  });
});
