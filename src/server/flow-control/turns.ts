import type { Clock } from '../../meta/clock.ts';

/** How long requests of one turn of the event loop run before the others have to wait for the next. */
const TURN_MS = 5;
/** Where reading what has come takes longer, they run for half as long as that, up to this. */
const LONGEST_TURN_MS = 50;

/** One lane of requests that have a seat and wait for the processor. */
interface Lane {
  waiting: (() => void)[];
  /** Up to where `waiting` is done. */
  at: number;
}

/**
 * Shares the one thread out. What comes while little is to do runs at once and knows nothing of this. Once a turn of the event
 * loop has been busy for longer than a few milliseconds, requests stand in a lane for each priority level, and the levels take
 * turns, a few milliseconds between looks at what has come meanwhile: so a seat stands for a request that is being worked on
 * or waits to be, and a flood of one level leaves the others their part.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #soon: (run: () => void) => void;
  readonly #lanes = new Map<string, Lane>();
  #order: Lane[] = [];
  #next = 0;
  #waiting = 0;
  /** When the first request of this turn came; negative between turns. */
  #began = -1;

  /** `soon` is setImmediate: it runs once the event loop has looked for what has come. */
  constructor(clock: Clock, soon: (run: () => void) => void = setImmediate) {
    this.#clock = clock;
    this.#soon = soon;
  }

  /** Requests that wait for the processor. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether a request that comes at `now` (monotonic milliseconds) has to wait. */
  isLate(now: number): boolean {
    if (this.#began < 0) {
      this.#began = now;
      this.#soon(this.#turn);
      return false;
    }
    return this.#waiting > 0 || now - this.#began > TURN_MS;
  }

  /** Runs it when it is the lane's turn. */
  push(lane: string, run: () => void): void {
    let found = this.#lanes.get(lane);
    if (!found) {
      found = { waiting: [], at: 0 };
      this.#lanes.set(lane, found);
      this.#order.push(found);
    }
    found.waiting.push(run);
    this.#waiting++;
    if (this.#began >= 0) return;
    this.#began = this.#clock.monotonic();
    this.#soon(this.#turn);
  }

  readonly #turn = (): void => {
    if (this.#waiting === 0) {
      this.#began = -1;
      return;
    }
    const began = this.#clock.monotonic();
    const budget = Math.min(LONGEST_TURN_MS, Math.max(TURN_MS, (began - this.#began) / 2));
    do this.#runOne();
    while (this.#waiting > 0 && this.#clock.monotonic() - began < budget);
    // What has been read meanwhile gets its own look first.
    this.#began = this.#clock.monotonic();
    this.#soon(this.#turn);
  };

  #runOne(): void {
    for (;;) {
      const lane = this.#order[this.#next]!;
      this.#next = (this.#next + 1) % this.#order.length;
      if (lane.at === lane.waiting.length) continue;
      const run = lane.waiting[lane.at]!;
      lane.waiting[lane.at++] = NOTHING;
      if (lane.at === lane.waiting.length) {
        lane.waiting = [];
        lane.at = 0;
      } else if (lane.at > 1000 && lane.at > lane.waiting.length >> 1) {
        lane.waiting = lane.waiting.slice(lane.at);
        lane.at = 0;
      }
      this.#waiting--;
      run();
      return;
    }
  }
}

const NOTHING = (): void => {};
