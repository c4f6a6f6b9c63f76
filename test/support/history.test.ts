import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

/** Three writes of `k0`, each upon the one before, acknowledged at 11, 12 and 13. */
function three(): History {
  const history = new History();
  for (const [i, id] of ['a', 'b', 'c'].entries()) {
    history.writes.set(id, { key: 'k0', id, previous: i === 0 ? '' : ['a', 'b'][i - 1]! });
    history.acknowledge(id, 11 + i);
  }
  return history;
}
const event = (revision: number, id: string) => ({ type: 'MODIFIED', key: 'k0', id, revision });
const session = (upTo: number, ...events: ReturnType<typeof event>[]) => ({ after: 10, events, upTo });

describe('the checker of histories', () => {
  it('finds nothing wrong with one that is whole', () => {
    const history = three();
    history.sessions.push(session(13, event(11, 'a'), event(12, 'b'), event(13, 'c')));
    history.sessions.push(session(12, event(11, 'a'), event(12, 'b')));
    history.checkChains(new Map([['k0', 'c']]));
    history.checkSessions();
    expect(history.faults).toEqual([]);
    expect([history.newest(), history.newest('k0'), history.newest('k1')]).toEqual([13, 13, 0]);
  });

  it.each([
    ['lost', new Map([['k0', 'b']]), 'the acknowledged write c of k0 at 13 is lost'],
    ['nobody’s', new Map([['k0', 'x']]), 'k0 holds x, which nobody wrote'],
  ])('finds a write that is %s', (_, last, fault) => {
    const history = three();
    history.checkChains(last);
    expect(history.faults).toContain(fault);
  });

  it('takes a write of which no answer came for done or not done', () => {
    const history = three();
    history.writes.set('d', { key: 'k0', id: 'd', previous: 'c' });
    for (const id of ['c', 'd']) history.checkChains(new Map([['k0', id]]));
    expect(history.faults).toEqual([]);
  });

  it.each([
    ['missed', [event(11, 'a'), event(13, 'c')], 'a watch from 10 to 13 missed 12: k0 b'],
    [
      'repeated',
      [event(11, 'a'), event(11, 'a'), event(12, 'b'), event(13, 'c')],
      'a watch told 11 behind 11',
    ],
    ['told out of order', [event(12, 'b'), event(11, 'a'), event(13, 'c')], 'a watch told 11 behind 12'],
    [
      'told otherwise',
      [event(11, 'a'), event(12, 'c'), event(13, 'c')],
      'revision 12 is k0 b here and k0 c there',
    ],
  ])('finds an event that is %s', (_, events, fault) => {
    const history = three();
    history.sessions.push(session(13, ...events));
    history.checkSessions();
    expect(history.faults).toContain(fault);
  });
});
