import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { goSyntaxError } from './go-json-syntax.ts';
import { countKeys, NumberLiteral, parseExact, plainValue, RepeatedObject, survey } from './json-text.ts';
import { decodeYaml } from './yaml/value.ts';

/** A text with one character more, one less, or another one. */
const mutated = fc
  .tuple(
    fc.json({ maxDepth: 3 }),
    fc.nat(),
    fc.constantFrom(
      '',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '0',
      '.',
      'e',
      '-',
      'n',
      ' ',
      '\t',
      '\n',
      '\u0001',
      'é',
    ),
    fc.boolean(),
  )
  .map(([text, at, char, replace]) => {
    const i = at % (text.length + 1);
    return text.slice(0, i) + char + text.slice(i + (replace ? 1 : 0));
  });

describe('JSON texts', () => {
  it('are refused by both readers or by none', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        let taken = true;
        try {
          JSON.parse(text);
        } catch {
          taken = false;
        }
        expect(goSyntaxError(Buffer.from(text)) === undefined).toBe(taken);
      }),
      { numRuns: 2000 },
    );
  });

  it('are surveyed right, and parsed exactly to the same', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const value = JSON.parse(text);
        expect(survey(text).keys).toBe(countKeys(value));
        expect(plainValue(parseExact(text))).toEqual(value);
      }),
    );
  });

  it('show repeated keys and odd numbers', () => {
    const text = '{"a":{"b":1,"b":2},"c":[1e3,1.0,12345678901234567890,-5,"1.5:{}\\\\\\"e"]}';
    expect(survey(text)).toEqual({ keys: 4, oddNumbers: true, depth: 2 });
    expect(countKeys(JSON.parse(text))).toBe(3);
    const value = parseExact(text) as { a: unknown; c: unknown[] };
    expect(value.a).toEqual(
      new RepeatedObject([
        ['b', 1],
        ['b', 2],
      ]),
    );
    expect(value.c).toEqual([
      new NumberLiteral('1e3'),
      new NumberLiteral('1.0'),
      new NumberLiteral('12345678901234567890'),
      -5,
      '1.5:{}\\"e',
    ]);
    expect(survey('[true,false,null,12]').oddNumbers).toBe(false);
  });
});

describe('YAML texts', () => {
  const values = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof(
        // In a block scalar of blanks alone, libyaml takes them all for indentation; the other library does not.
        fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).filter((text) => !/^ +$/.test(text)),
        fc.constantFrom('a: b', '- x', 'yes', '1e3', '~', 'two\nlines\n', ' led', '#no', '"q"', "it's"),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
      ),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(
        fc
          .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 10 })
          // The other library writes `<<` without quotes, which then is a merge.
          .filter((key) => key !== '__proto__' && key !== '<<'),
        tie('any'),
        { maxKeys: 4 },
      ),
    ),
  })).any;

  it.each(['BLOCK_FOLDED', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'PLAIN'] as const)(
    'written by another library as %s read back the same',
    (defaultStringType) => {
      fc.assert(
        fc.property(values, (inner) => {
          // At the top libyaml wants block scalars indented, which the other library does not.
          const value = { root: inner };
          const text = stringify(value, {
            version: '1.1',
            defaultStringType,
            defaultKeyType: 'QUOTE_DOUBLE',
          });
          expect(decodeYaml(text)).toMatchObject({ ok: true, value });
        }),
        { numRuns: 200 },
      );
    },
  );

  it('of any kind end in a value or an error', () => {
    const bits = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '  ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '"',
      "'",
      '&a',
      '*a',
      '!',
      '!!str',
      '|',
      '>',
      '#',
      '---',
      '...',
      '?',
      '%',
      '\t',
      '<<',
      '1',
      '\r\n',
      'é',
    );
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 40 }), (parts) => {
        expect(typeof decodeYaml(parts.join('')).ok).toBe('boolean');
      }),
      { numRuns: 3000 },
    );
  });
});
