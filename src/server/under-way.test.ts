import { describe, expect, it } from 'vitest';
import { UnderWay } from './under-way.ts';

describe('what is under way', () => {
  const item = (name: string) => ({ name, place: -1 });
  const names = (all: UnderWay<ReturnType<typeof item>>): string[] => [...all].map(({ name }) => name);

  it('is told of until it is over', () => {
    const all = new UnderWay<ReturnType<typeof item>>();
    const [a, b, c] = [item('a'), item('b'), item('c')] as const;
    for (const one of [a, b, c]) all.add(one);
    all.delete(b);
    all.delete(b);
    expect(names(all)).toEqual(['a', 'c']);
    expect(b.place).toBe(-1);
    all.delete(item('never here'));
    expect(names(all)).toEqual(['a', 'c']);
  });

  it('takes the places that others have left', () => {
    const all = new UnderWay<ReturnType<typeof item>>();
    for (let i = 0; i < 1000; i++) {
      const one = item(String(i));
      all.add(one);
      expect(one.place).toBe(0);
      all.delete(one);
    }
  });

  it('may change while somebody goes through it', () => {
    const all = new UnderWay<ReturnType<typeof item>>();
    for (const name of ['a', 'b', 'c']) all.add(item(name));
    const seen: string[] = [];
    for (const one of all) {
      seen.push(one.name);
      all.delete(one);
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(names(all)).toEqual([]);
  });
});
