import type { SeatDemand } from './seat-demand.ts';
import { dealHand } from './shuffle-sharding.ts';

/** How a priority level lets requests wait; without it, what finds no seat is turned away. */
export interface Queuing {
  queues: number;
  handSize: number;
  queueLengthLimit: number;
}

/** A request that has a seat or waits for one. */
export interface Ticket {
  readonly seats: number;
  /** The hash of the flow, made only where requests have to wait. */
  hash(): bigint;
  /** Called when a seat is found for a request that had to wait. */
  dispatched(): void;
  /** Where it waits, or waited; the queue set's own. */
  queue?: Queue | undefined;
  /** Monotonic milliseconds; when it got its seats. */
  startedAt: number;
}

export interface Queue {
  readonly index: number;
  readonly waiting: Ticket[];
  executing: number;
  seatsInUse: number;
  /** Seat-seconds of work that waits. */
  work: number;
  /** When, on the clock of seat-seconds handed out, its next request is due. */
  next: number;
}

export type Entry = 'runs' | 'waits' | 'queue-full' | 'concurrency-limit';

/** What a request is taken to cost until it has run (apiserver pkg/util/flowcontrol/fairqueuing/queueset: 3 ms). */
const ESTIMATED_SECONDS = 0.003;

/**
 * The seats of a priority level, and the requests that wait for one: fair queuing over queues that flows are dealt to by
 * shuffle sharding (apiserver pkg/util/flowcontrol/fairqueuing/queueset). Each queue with requests gets the same amount of
 * work done, whatever the number of its requests: the one whose next request is due first on a clock of seat-seconds goes
 * first. The clock is that of the request dispatched last (start-time fair queuing, Goyal et al. 1996), which needs no look at
 * all queues as it advances. A request that finds a seat while nobody waits takes it and knows nothing of queues.
 */
export class QueueSet {
  readonly #demand: SeatDemand;
  readonly #exempt: boolean;
  #limit = 0;
  #queuing: Queuing | undefined;
  #queues: Queue[] = [];
  /** Those with requests that wait. */
  #busy: Queue[] = [];
  #clock = 0;
  #deals = 0;
  #hands = new Map<bigint, number[]>();
  seatsInUse = 0;
  seatsWaiting = 0;
  executing = 0;
  waiting = 0;

  /** `exempt`: everybody finds a seat. */
  constructor(demand: SeatDemand, exempt: boolean) {
    this.#demand = demand;
    this.#exempt = exempt;
  }

  get limit(): number {
    return this.#limit;
  }

  /** All of them, for who looks at them. */
  get queues(): readonly Queue[] {
    return this.#queues;
  }

  /** Requests that wait already stay where they are. */
  configure(queuing: Queuing | undefined, limit: number, now: number): void {
    const before = this.#queuing;
    if (before?.queues !== queuing?.queues || before?.handSize !== queuing?.handSize) {
      this.#hands.clear();
      this.#queues = Array.from({ length: queuing?.queues ?? 0 }, (_, index) => ({
        index,
        waiting: [],
        executing: 0,
        seatsInUse: 0,
        work: 0,
        next: this.#clock,
      }));
    }
    this.#queuing = queuing;
    this.#limit = limit;
    this.#dispatch(now);
  }

  enter(ticket: Ticket, now: number): Entry {
    if (this.#exempt || (this.waiting === 0 && this.#fits(ticket.seats))) {
      this.#start(ticket, now);
      return 'runs';
    }
    if (!this.#queuing) return 'concurrency-limit';
    const queue = this.#queueFor(ticket.hash());
    if (this.seatsInUse >= this.#limit && queue.waiting.length >= this.#queuing.queueLengthLimit)
      return 'queue-full';
    if (queue.waiting.length === 0) {
      if (queue.executing === 0 || queue.next < this.#clock) queue.next = Math.max(queue.next, this.#clock);
      this.#busy.push(queue);
    }
    ticket.queue = queue;
    queue.waiting.push(ticket);
    queue.work += ticket.seats * ESTIMATED_SECONDS;
    this.waiting++;
    this.seatsWaiting += ticket.seats;
    this.#noteDemand(now);
    // Others may wait for more seats than are free, and this one for fewer.
    this.#dispatch(now, ticket);
    return ticket.startedAt < 0 ? 'waits' : 'runs';
  }

  /** The request is done: its seats go to the next. */
  leave(ticket: Ticket, now: number): void {
    this.executing--;
    this.seatsInUse -= ticket.seats;
    const { queue } = ticket;
    if (queue) {
      queue.executing--;
      queue.seatsInUse -= ticket.seats;
      // It was taken to cost so much, and has cost something else.
      queue.next += ticket.seats * ((now - ticket.startedAt) / 1000 - ESTIMATED_SECONDS);
      if (queue.next < this.#clock) queue.next = this.#clock;
    }
    this.#noteDemand(now);
    if (this.waiting > 0) this.#dispatch(now);
  }

  /** The request does not wait any longer; false where it does not wait. */
  giveUp(ticket: Ticket, now: number): boolean {
    const { queue } = ticket;
    const at = queue && ticket.startedAt < 0 ? queue.waiting.indexOf(ticket) : -1;
    if (!queue || at < 0) return false;
    this.#takeOut(queue, at);
    this.#noteDemand(now);
    this.#dispatch(now);
    return true;
  }

  #start(ticket: Ticket, now: number): void {
    ticket.startedAt = now;
    this.executing++;
    this.seatsInUse += ticket.seats;
    this.#noteDemand(now);
  }

  #fits(seats: number): boolean {
    // Who wants more seats than there are gets all of them, once they are free.
    if (seats > this.#limit) return this.executing === 0;
    return this.seatsInUse + seats <= this.#limit;
  }

  /** `entering` is told by its caller. */
  #dispatch(now: number, entering?: Ticket): void {
    while (this.waiting > 0 && (this.#exempt || this.seatsInUse < this.#limit)) {
      let first: Queue | undefined;
      let due = Number.POSITIVE_INFINITY;
      for (const queue of this.#busy) {
        const finish = queue.next + queue.waiting[0]!.seats * ESTIMATED_SECONDS;
        if (finish >= due) continue;
        due = finish;
        first = queue;
      }
      const ticket = first!.waiting[0]!;
      if (!this.#fits(ticket.seats)) return;
      this.#clock = Math.max(this.#clock, first!.next);
      this.#takeOut(first!, 0);
      first!.next += ticket.seats * ESTIMATED_SECONDS;
      first!.executing++;
      first!.seatsInUse += ticket.seats;
      this.#start(ticket, now);
      if (ticket !== entering) ticket.dispatched();
    }
  }

  #takeOut(queue: Queue, at: number): void {
    const [ticket] = queue.waiting.splice(at, 1);
    queue.work = queue.waiting.length === 0 ? 0 : queue.work - ticket!.seats * ESTIMATED_SECONDS;
    this.waiting--;
    this.seatsWaiting -= ticket!.seats;
    if (queue.waiting.length > 0) {
      // Queues with the same due date take turns.
      this.#busy.push(this.#busy.splice(this.#busy.indexOf(queue), 1)[0]!);
      return;
    }
    this.#busy.splice(this.#busy.indexOf(queue), 1);
  }

  /** The queue of the flow's hand with the least work. */
  #queueFor(hash: bigint): Queue {
    const { queues, handSize } = this.#queuing!;
    let hand = this.#hands.get(hash);
    if (!hand) {
      if (this.#hands.size >= 10_000) this.#hands.clear();
      hand = dealHand(hash, queues, Math.min(handSize, queues));
      this.#hands.set(hash, hand);
    }
    const offset = this.#deals++ % hand.length;
    let best: Queue | undefined;
    for (let i = 0; i < hand.length; i++) {
      const queue = this.#queues[hand[(offset + i) % hand.length]!]!;
      if (!best || queue.work < best.work) best = queue;
    }
    return best!;
  }

  #noteDemand(now: number): void {
    this.#demand.set(this.seatsInUse + this.seatsWaiting, now);
  }
}
