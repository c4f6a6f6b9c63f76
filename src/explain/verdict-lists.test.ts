import { expect, test } from 'vitest';
import { VerdictLists } from './verdict-lists.ts';

const [a, b, c] = [{ code: 'A' }, { code: 'B' }, { code: 'C' }];

test('gives the earlier list of the same verdicts', () => {
  const lists = new VerdictLists<{ code: string }>();
  const first = [a, b];
  expect(lists.shared(first)).toBe(first);
  expect(lists.shared([a, b])).toBe(first);
});

test('gives no list of other verdicts, whatever they look like', () => {
  const lists = new VerdictLists<{ code: string }>();
  lists.shared([a, b]);
  const others = [[c, b], [b], [a, { code: 'B' }], [a, c, b]];
  for (const list of others) expect(lists.shared(list)).toBe(list);
  const empty: { code: string }[] = [];
  expect(lists.shared(empty)).toBe(empty);
});
