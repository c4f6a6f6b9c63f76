import { expect, it } from 'vitest';
import { generateName } from './generated-name.ts';

const counting = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i);

it('adds five letters or digits', () => {
  expect(generateName('made-', counting)).toBe('made-bcdfg');
});

it('leaves room for them in 63 characters', () => {
  expect(generateName('x'.repeat(70), counting)).toBe(`${'x'.repeat(58)}bcdfg`);
});
