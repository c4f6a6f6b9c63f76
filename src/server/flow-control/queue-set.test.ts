import { describe, expect, it } from 'vitest';
import { QueueSet, type Ticket } from './queue-set.ts';
import { SeatDemand } from './seat-demand.ts';
import { flowHash } from './shuffle-sharding.ts';

const FEW = { queues: 8, handSize: 2, queueLengthLimit: 5 };
const MANY = { queues: 64, handSize: 4, queueLengthLimit: 50 };

class Request implements Ticket {
  startedAt = -1;
  queue?: Ticket['queue'];
  readonly seats: number;
  readonly flow: string;
  readonly #started: Request[];

  constructor(flow: string, started: Request[], seats = 1) {
    this.flow = flow;
    this.seats = seats;
    this.#started = started;
  }

  hash(): bigint {
    return flowHash('schema', this.flow);
  }

  dispatched(): void {
    this.#started.push(this);
  }
}

function set(queuing: typeof FEW | undefined, limit: number, exempt = false) {
  const made = new QueueSet(new SeatDemand(0), exempt);
  made.configure(queuing, limit, 0);
  return made;
}

describe('a level without queues', () => {
  it('turns away what finds no seat, and takes the next once one is free', () => {
    const queues = set(undefined, 2);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((flow) => new Request(flow, [])) as [
      Request,
      Request,
      Request,
      Request,
    ];
    expect(queues.enter(a, 1)).toBe('runs');
    expect(queues.enter(b, 1)).toBe('runs');
    expect(queues.enter(c, 1)).toBe('concurrency-limit');
    queues.leave(a, 2);
    expect(queues.enter(d, 2)).toBe('runs');
    expect(queues.seatsInUse).toBe(2);
  });

  it('lets one through that wants more seats than there are, alone', () => {
    const queues = set(undefined, 2);
    const wide = new Request('a', [], 5);
    expect(queues.enter(wide, 1)).toBe('runs');
    expect(queues.enter(new Request('b', []), 1)).toBe('concurrency-limit');
    queues.leave(wide, 2);
    expect(queues.enter(new Request('b', []), 2)).toBe('runs');
    expect(queues.enter(new Request('c', [], 5), 2)).toBe('concurrency-limit');
  });
});

describe('the exempt level', () => {
  it('has a seat for everybody', () => {
    const queues = set(undefined, 0, true);
    for (let i = 0; i < 1000; i++) expect(queues.enter(new Request('a', []), 1)).toBe('runs');
    expect(queues.executing).toBe(1000);
  });
});

describe('a level with queues', () => {
  it('holds as many as its queues take of a flow, and turns the rest away', () => {
    const queues = set(FEW, 3);
    const entries = Array.from({ length: 20 }, () => queues.enter(new Request('jane', []), 1));
    expect(entries.filter((e) => e === 'runs')).toHaveLength(3);
    // Two queues of five are this flow's.
    expect(entries.filter((e) => e === 'waits')).toHaveLength(10);
    expect(entries.filter((e) => e === 'queue-full')).toHaveLength(7);
    expect(queues.waiting).toBe(10);
  });

  it('lets a flow in whose queues are not the full ones', () => {
    const queues = set(MANY, 1);
    for (let i = 0; i < 500; i++) queues.enter(new Request('flood', []), 1);
    expect(queues.enter(new Request('flood', []), 1)).toBe('queue-full');
    expect(queues.enter(new Request('somebody else', []), 1)).toBe('waits');
  });

  it('does as much for one flow as for another, whoever asks more often', () => {
    const started: Request[] = [];
    const queues = set(MANY, 4);
    const first = Array.from({ length: 150 }, () => new Request('flood', started));
    const calm = Array.from({ length: 20 }, () => new Request('calm', started));
    const running: Request[] = [];
    for (const request of [...first, ...calm]) if (queues.enter(request, 1) === 'runs') running.push(request);
    let now = 1;
    for (let step = 0; step < 60; step++) {
      now += 3;
      const done = running.shift()!;
      queues.leave(done, now);
      running.push(...started.splice(0));
    }
    // Sixty were served; calm's queues are as many as flood's, so it had its twenty by then.
    expect(calm.filter((r) => r.startedAt >= 0)).toHaveLength(20);
  });

  it('charges requests by how long they took', () => {
    const started: Request[] = [];
    const queues = set({ queues: 2, handSize: 1, queueLengthLimit: 50 }, 1);
    const flows = Array.from({ length: 20 }, (_, i) => `flow-${i}`);
    const hands = new Map<number, string>();
    const opener = new Request('a', started);
    queues.enter(opener, 0);
    const waiting: Request[] = [];
    for (const flow of flows) {
      const request = new Request(flow, started);
      queues.enter(request, 0);
      if (!hands.has(request.queue!.index)) hands.set(request.queue!.index, flow);
      waiting.push(request);
    }
    expect(hands.size).toBe(2);
    const [slow, quick] = [...hands.values()] as [string, string];
    for (let i = 0; i < 30; i++)
      for (const flow of [slow, quick]) queues.enter(new Request(flow, started), 0);
    let now = 0;
    let current: Request = opener;
    const served = { slow: 0, quick: 0 };
    for (let step = 0; step < 40; step++) {
      const isSlow = current.queue?.index === waiting.find((r) => r.flow === slow)!.queue!.index;
      now += isSlow ? 30 : 1;
      if (current !== opener) served[isSlow ? 'slow' : 'quick']++;
      queues.leave(current, now);
      current = started.shift()!;
    }
    expect(served.quick).toBeGreaterThan(served.slow * 3);
  });

  it('forgets who gives up', () => {
    const started: Request[] = [];
    const queues = set(FEW, 1);
    const [runs, gone, next] = [1, 2, 3].map(() => new Request('a', started)) as [Request, Request, Request];
    queues.enter(runs, 1);
    queues.enter(gone, 1);
    queues.enter(next, 1);
    expect(queues.giveUp(gone, 2)).toBe(true);
    expect(queues.giveUp(gone, 2)).toBe(false);
    queues.leave(runs, 3);
    expect(started).toEqual([next]);
    expect(queues.giveUp(next, 4)).toBe(false);
    queues.leave(next, 5);
    expect([queues.waiting, queues.executing, queues.seatsInUse, queues.seatsWaiting]).toEqual([0, 0, 0, 0]);
  });

  it('keeps those that wait when its queues are changed', () => {
    const started: Request[] = [];
    const queues = set(FEW, 1);
    const requests = Array.from({ length: 4 }, () => new Request('a', started));
    for (const request of requests) queues.enter(request, 1);
    queues.configure({ queues: 2, handSize: 1, queueLengthLimit: 1 }, 10, 2);
    expect(started).toHaveLength(3);
    for (const request of requests) queues.leave(request, 3);
    expect([queues.waiting, queues.seatsInUse]).toEqual([0, 0]);
  });
});
