import type { KubeObject } from '../../meta/object.ts';
import { allocateSeats } from './concurrency-allocation.ts';
import type { DumpedLevel } from './flow-dump.ts';
import type { LevelFigures } from './flow-metrics.ts';
import { QueueSet, type Queuing } from './queue-set.ts';
import { RetryAfter } from './retry-after.ts';
import { SeatDemand } from './seat-demand.ts';

/** No request takes more than this part of a level's seats, and none more than ten. */
const WIDEST_PART = 0.15;
const WIDEST = 10;

/** A PriorityLevelConfiguration at work: its seats, and those who have or want one. */
export class PriorityLevel {
  readonly name: string;
  readonly seats: QueueSet;
  readonly demand: SeatDemand;
  readonly retryAfter = new RetryAfter();
  uid = '';
  exempt: boolean;
  shares = 0;
  lendablePercent = 0;
  /** Undefined: as much as there is. */
  borrowingPercent: number | undefined;
  queuing: Queuing | undefined;
  /** Seats by configuration, the fewest and the most that lending leaves, and now. */
  nominal = 0;
  lowest = 0;
  highest = 0;
  current = 0;
  target = 0;
  /** The most seats one request takes. */
  widest = WIDEST;
  dispatched = 0;
  rejected = 0;
  timedOut = 0;
  cancelled = 0;

  /** `now`: monotonic milliseconds. */
  constructor(object: KubeObject, now: number) {
    this.name = object.metadata.name!;
    this.exempt = object['spec']?.type === 'Exempt';
    this.demand = new SeatDemand(now);
    this.seats = new QueueSet(this.demand, this.exempt);
    this.take(object);
  }

  /** Takes over what the object says; `divideSeats` brings it into force. */
  take(object: KubeObject): void {
    const spec = object['spec'] ?? {};
    const of = this.exempt ? spec.exempt : spec.limited;
    this.uid = object.metadata.uid ?? '';
    this.shares = of?.nominalConcurrencyShares ?? (this.exempt ? 0 : 30);
    this.lendablePercent = of?.lendablePercent ?? 0;
    this.borrowingPercent = of?.borrowingLimitPercent;
    const { queues, handSize, queueLengthLimit } = of?.limitResponse?.queuing ?? {};
    this.queuing = queues > 0 ? { queues, handSize, queueLengthLimit } : undefined;
  }

  figures(): LevelFigures {
    const { name, nominal, lowest, highest, current, target, demand } = this;
    return { name, nominal, lowest, highest, current, target, ...demand.last, smoothed: demand.smoothed };
  }

  dump(): DumpedLevel {
    const { name, seats, dispatched, rejected, timedOut, cancelled } = this;
    const { queues, waiting, executing } = seats;
    return { name, queues, waiting, executing, dispatched, rejected, timedOut, cancelled };
  }
}

/**
 * Divides the server's seats among levels: by their shares, and then towards where they were wanted in the last period, as far
 * as levels lend and borrow (apiserver pkg/util/flowcontrol/apf_controller.go). Answers the fraction of its target that each
 * level got that could use it. `configured`: shares or levels may have changed.
 */
export function divideSeats(
  levels: readonly PriorityLevel[],
  serverSeats: number,
  now: number,
  configured: boolean,
): number {
  const allShares = levels.reduce((sum, level) => sum + level.shares, 0);
  let nominalSum = 0;
  for (const level of levels) {
    level.nominal = allShares > 0 ? Math.ceil((serverSeats * level.shares) / allShares) : 0;
    const lendable = Math.round((level.nominal * level.lendablePercent) / 100);
    const borrowable =
      level.borrowingPercent === undefined
        ? serverSeats
        : Math.round((level.nominal * level.borrowingPercent) / 100);
    level.lowest = level.nominal - lendable;
    level.highest = level.nominal + borrowable;
    nominalSum += level.nominal;
    const byHand = level.queuing ? Math.floor(level.nominal / level.queuing.handSize) : WIDEST;
    level.widest = Math.min(WIDEST, Math.max(1, Math.min(Math.ceil(level.nominal * WIDEST_PART), byHand)));
    if (!configured) level.demand.endPeriod(now);
  }
  const limited = levels.filter((level) => !level.exempt);
  const wanted = (level: PriorityLevel): number => level.demand.last.highWatermark;
  let left = nominalSum;
  for (const level of levels) {
    if (!level.exempt) continue;
    level.current = Math.max(level.lowest, wanted(level));
    level.target = level.current;
    left -= level.current;
  }
  const fewest = (level: PriorityLevel): number =>
    Math.max(level.lowest, Math.min(level.nominal, wanted(level)));
  const lowestSum = limited.reduce((sum, level) => sum + level.lowest, 0);
  const fewestSum = limited.reduce((sum, level) => sum + fewest(level), 0);
  let fraction = 0;
  for (const level of limited) level.target = Math.max(fewest(level), level.demand.smoothed);
  if (left <= lowestSum) for (const level of limited) level.current = level.lowest;
  else if (left <= fewestSum) {
    const part = (left - lowestSum) / (fewestSum - lowestSum);
    for (const level of limited)
      level.current = level.lowest + Math.round((fewest(level) - level.lowest) * part);
  } else {
    const claims = limited.map((level) => ({
      lowest: fewest(level),
      highest: level.highest,
      target: level.target,
    }));
    const divided = allocateSeats(nominalSum, claims);
    fraction = divided.fraction;
    limited.forEach((level, i) => {
      level.current = Math.round(divided.seats[i]!);
    });
  }
  for (const level of levels) level.seats.configure(level.queuing, level.current, now);
  return fraction;
}
