import { describe, expect, it } from 'vitest';
import { drawTree } from './drawing.ts';

describe('drawTree', () => {
  const tree = {
    text: 'root',
    children: [
      { text: 'a word and another and yet another one', mark: 'bad' as const, children: [{ text: 'leaf' }] },
      { text: 'last of them all, which is long too', mark: 'good' as const },
    ],
  };

  it('breaks lines at blanks, and keeps its branches whole', () => {
    expect(drawTree(tree, { colours: false, width: 30 })).toBe(
      [
        'root',
        '├─ ✗ a word and another and',
        '│  │  yet another one',
        '│  └─ leaf',
        '└─ ✓ last of them all, which',
        '      is long too',
        '',
      ].join('\n'),
    );
    for (const line of drawTree(tree, { colours: false, width: 30 }).split('\n'))
      expect(line.length).toBeLessThanOrEqual(30);
  });

  it('breaks none where programs read them', () => {
    expect(drawTree(tree).split('\n')).toHaveLength(5);
  });

  it('paints only where it may', () => {
    expect(drawTree(tree, { colours: false })).not.toContain('\u001b');
    expect(drawTree(tree, { colours: true })).toContain('\u001b[32m✓ \u001b[0mlast');
  });

  it('lets nobody steer the terminal', () => {
    expect(drawTree({ text: 'a\u001b[2Jb\u202ec\nd' })).toBe('a [2Jb c d\n');
  });
});
