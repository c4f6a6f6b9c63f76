import { describe, expect, it } from 'vitest';
import { Turns } from './turns.ts';

function loop() {
  let now = 1000;
  const soon: (() => void)[] = [];
  const clock = { now: () => now, monotonic: () => now };
  const turns = new Turns(clock, (run) => soon.push(run));
  return {
    turns,
    pass: (ms: number) => {
      now += ms;
    },
    now: () => now,
    turn: () => {
      for (const run of soon.splice(0)) run();
    },
    pending: () => soon.length,
  };
}

describe('turns of the event loop', () => {
  it('lets what comes in the first milliseconds of a turn run at once', () => {
    const { turns, now, pass, turn } = loop();
    expect(turns.isLate(now())).toBe(false);
    pass(4);
    expect(turns.isLate(now())).toBe(false);
    pass(4);
    expect(turns.isLate(now())).toBe(true);
    turn();
    expect(turns.isLate(now())).toBe(false);
  });

  it('stops once nothing is left', () => {
    const { turns, now, turn, pending } = loop();
    turns.isLate(now());
    turn();
    expect(pending()).toBe(0);
  });

  it('lets the lanes take turns, each in the order of arrival', () => {
    const { turns, turn } = loop();
    const ran: string[] = [];
    for (let i = 0; i < 3; i++) turns.push('flood', () => ran.push(`flood${i}`));
    turns.push('system', () => ran.push('system'));
    turn();
    expect(ran).toEqual(['flood0', 'system', 'flood1', 'flood2']);
  });

  it('looks for what has come after a few milliseconds', () => {
    const { turns, turn, pass, now } = loop();
    const ran: number[] = [];
    for (let i = 0; i < 10; i++)
      turns.push('flood', () => {
        ran.push(i);
        pass(2);
      });
    turn();
    expect(ran).toEqual([0, 1, 2]);
    expect(turns.isLate(now())).toBe(true);
    for (let i = 0; i < 3; i++) turn();
    expect(ran).toHaveLength(10);
    expect(turns.waiting).toBe(0);
  });

  it('runs what a request of the lane adds', () => {
    const { turns, turn } = loop();
    const ran: string[] = [];
    turns.push('a', () => {
      ran.push('first');
      turns.push('a', () => ran.push('second'));
    });
    turn();
    expect(ran).toEqual(['first', 'second']);
  });
});
