import { quote } from '../../meta/go-quote.ts';

/** Sets of indexes as text: `1,3-5,7` (validateIndexesFormat in pkg/apis/batch/validation/validation.go). */

type Interval = { first: number; last: number } | { error: string };

const atoi = (text: string): number | undefined => (/^[+-]?[0-9]+$/.test(text) ? Number(text) : undefined);

function parseInterval(text: string, completions: number): Interval {
  const limits = text.split('-');
  if (limits.length > 2)
    return {
      error: `the fragment ${quote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    };
  const numbers: number[] = [];
  for (const limit of limits) {
    const n = atoi(limit);
    if (n === undefined) return { error: `cannot convert string to integer for index: ${quote(limit)}` };
    if (n >= completions) return { error: `too large index: ${quote(limit)}` };
    numbers.push(n);
  }
  const [first, last = first] = numbers as [number, number?];
  if (limits.length > 1 && first >= last!) return { error: nonIncreasing(first, last!) };
  return { first, last: last! };
}

const nonIncreasing = (previous: number, current: number) =>
  `non-increasing order, previous: ${previous}, current: ${current}`;

/** How many indexes the text names, all below `completions`; or what is wrong with it. */
export function parseIndexes(text: string, completions: number): { total: number } | { error: string } {
  let total = 0;
  let before: number | undefined;
  if (text === '') return { total };
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions);
    if ('error' in interval) return interval;
    if (before !== undefined && before >= interval.first)
      return { error: nonIncreasing(before, interval.first) };
    total += interval.last - interval.first + 1;
    before = interval.last;
  }
  return { total };
}

/** What is wrong where an index stands in both texts. Parts that cannot be read are passed over. */
export function overlapFault(completed: string, failed: string, completions: number): string | undefined {
  if (completed === '' || failed === '') return undefined;
  const readable = (text: string) =>
    text.split(',').flatMap((part) => {
      const interval = parseInterval(part, completions);
      return 'error' in interval ? [] : [interval];
    });
  const a = readable(completed);
  const b = readable(failed);
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const one = a[i]!;
    const other = b[j]!;
    if (one.first <= other.last && other.first <= one.last)
      return `failedIndexes and completedIndexes overlap at index: ${Math.max(one.first, other.first)}`;
    if (one.first <= other.first) i++;
    else j++;
  }
  return undefined;
}
