import { describe, expect, it } from 'vitest';
import { emitYaml } from './emit.ts';
import { decodeYaml } from './value.ts';

describe('emitYaml', () => {
  it('sorts keys, keeps lists at their key and quotes what would be read as something else', () => {
    const value = {
      b: ['x', { c: 1, a: 'yes' }],
      a: { d: '', e: 'true', f: 'a: b', g: '1:30' },
      empty: {},
      none: [],
      nothing: null,
    };
    expect(emitYaml(value)).toBe(
      `a:\n  d: ""\n  e: "true"\n  f: 'a: b'\n  g: "1:30"\nb:\n- x\n- a: "yes"\n  c: 1\nempty: {}\nnone: []\nnothing: null\n`,
    );
  });

  it('folds at the first blank behind column 80', () => {
    const message = `pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"`;
    expect(emitYaml({ message })).toBe(
      `message: 'pods is forbidden: User "jane" cannot list resource "pods" in API group\n  "" in the namespace "default"'\n`,
    );
  });

  it('writes lines as a literal block', () => {
    expect(emitYaml({ text: 'two\nlines\n' })).toBe('text: |\n  two\n  lines\n');
    expect(emitYaml({ text: 'two\nlines' })).toBe('text: |-\n  two\n  lines\n');
  });

  it('is read back as what was written', () => {
    const value = {
      'key 1': 'a #b',
      odd: ' leading',
      tab: 'a\tb',
      uni: 'ä€😀',
      quote: `it's "so"`,
      n: [1, -2.5, true, null],
      deep: [[1], [{ a: [] }]],
    };
    const read = decodeYaml(emitYaml(value));
    expect(read).toMatchObject({ ok: true, value });
  });
});
