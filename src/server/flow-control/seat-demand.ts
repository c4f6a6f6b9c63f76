/** What a priority level asked for in one period. */
export interface DemandPeriod {
  average: number;
  deviation: number;
  highWatermark: number;
}

/** How much of the last smoothed demand stays after a period of ten seconds: half of it after five minutes. */
const SMOOTHING = 0.977;

/**
 * Seats that a priority level uses or waits for, weighed by how long (apiserver pkg/util/flowcontrol/fairqueuing/integrator.go).
 * Times are monotonic milliseconds.
 */
export class SeatDemand {
  #value = 0;
  #since: number;
  #began: number;
  #sum = 0;
  #squares = 0;
  #max = 0;
  #smoothed = 0;
  #last: DemandPeriod = { average: 0, deviation: 0, highWatermark: 0 };

  constructor(now: number) {
    this.#since = now;
    this.#began = now;
  }

  set(value: number, now: number): void {
    this.#integrate(now);
    this.#value = value;
    if (value > this.#max) this.#max = value;
  }

  /** Ends the period and begins the next. */
  endPeriod(now: number): DemandPeriod {
    this.#integrate(now);
    const duration = now - this.#began;
    if (duration > 0) {
      const average = this.#sum / duration;
      const variance = Math.max(0, this.#squares / duration - average * average);
      const deviation = Math.sqrt(variance);
      const envelope = average + deviation;
      this.#smoothed = Math.max(envelope, SMOOTHING * this.#smoothed + (1 - SMOOTHING) * envelope);
      this.#last = { average, deviation, highWatermark: this.#max };
    } else this.#last = { ...this.#last, highWatermark: this.#max };
    this.#began = now;
    this.#sum = 0;
    this.#squares = 0;
    this.#max = this.#value;
    return this.#last;
  }

  /** Of the period that ended last. */
  get last(): DemandPeriod {
    return this.#last;
  }

  /** Follows a growing demand at once and a falling one slowly. */
  get smoothed(): number {
    return this.#smoothed;
  }

  #integrate(now: number): void {
    const duration = now - this.#since;
    if (duration <= 0) return;
    this.#since = now;
    if (this.#value === 0) return;
    this.#sum += this.#value * duration;
    this.#squares += this.#value * this.#value * duration;
  }
}
