import { histogramSamples, metricText, type Sample } from '../metric-text.ts';
import { PlainHistogram } from '../plain-histogram.ts';

const PREFIX = 'apiserver_flowcontrol_';
const SECONDS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const SEATS = [1, 2, 4, 8, 16, 32, 64, 100];
const LENGTHS = [0, 1, 10, 50, 100, 250, 500, 1000];

export type Rejection = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

/** What is counted of the requests of one FlowSchema at one priority level. */
export class FlowCounts {
  readonly labels: Readonly<Record<string, string>>;
  dispatched = 0;
  readonly rejected = new Map<Rejection, number>();
  executing = 0;
  executingSeats = 0;
  waiting = 0;
  waitingSeats = 0;
  readonly waitedToRun = new PlainHistogram(SECONDS);
  readonly waitedInVain = new PlainHistogram(SECONDS);
  readonly executed = new PlainHistogram(SECONDS);
  readonly watchesStarted = new PlainHistogram(SECONDS);
  readonly seats = new PlainHistogram(SEATS);
  readonly queueLength = new PlainHistogram(LENGTHS);

  constructor(level: string, schema: string) {
    this.labels = { priority_level: level, flow_schema: schema };
  }

  reject(reason: Rejection): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }
}

/** What is shown of one priority level. */
export interface LevelFigures {
  name: string;
  nominal: number;
  lowest: number;
  highest: number;
  current: number;
  highWatermark: number;
  average: number;
  deviation: number;
  smoothed: number;
  target: number;
}

/** kube-apiserver's metrics of API Priority and Fairness, by their names (apiserver pkg/util/flowcontrol/metrics). */
export function flowMetricsText(
  flows: readonly FlowCounts[],
  levels: readonly LevelFigures[],
  fairFraction: number,
): string {
  const ofFlows = (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    value: (flow: FlowCounts) => number,
  ): string =>
    metricText(
      PREFIX + name,
      help,
      type,
      flows.map((flow) => ({ labels: flow.labels, value: value(flow) })),
    );
  const ofLevels = (name: string, help: string, value: (level: LevelFigures) => number): string =>
    metricText(
      PREFIX + name,
      help,
      'gauge',
      levels.map((level) => ({ labels: { priority_level: level.name }, value: value(level) })),
    );
  const histograms = (name: string, help: string, samples: (flow: FlowCounts) => Sample[]): string =>
    metricText(PREFIX + name, help, 'histogram', flows.flatMap(samples));
  const rejected = flows.flatMap((flow) =>
    [...flow.rejected].map(([reason, value]) => ({ labels: { ...flow.labels, reason }, value })),
  );
  return [
    metricText(`${PREFIX}rejected_requests_total`, 'Requests that were turned away.', 'counter', rejected),
    ofFlows('dispatched_requests_total', 'counter', 'Requests that got a seat.', (f) => f.dispatched),
    ofFlows('current_inqueue_requests', 'gauge', 'Requests that wait in a queue.', (f) => f.waiting),
    ofFlows(
      'current_inqueue_seats',
      'gauge',
      'Seats that requests in queues wait for.',
      (f) => f.waitingSeats,
    ),
    ofFlows('current_executing_requests', 'gauge', 'Requests that have a seat.', (f) => f.executing),
    ofFlows('current_executing_seats', 'gauge', 'Seats that requests have.', (f) => f.executingSeats),
    histograms('request_wait_duration_seconds', 'How long requests waited in a queue.', (flow) => [
      ...(flow.waitedToRun.count
        ? histogramSamples({ ...flow.labels, execute: 'true' }, flow.waitedToRun)
        : []),
      ...(flow.waitedInVain.count
        ? histogramSamples({ ...flow.labels, execute: 'false' }, flow.waitedInVain)
        : []),
    ]),
    histograms('request_execution_seconds', 'How long requests had a seat.', (flow) => [
      ...(flow.executed.count ? histogramSamples({ ...flow.labels, type: 'regular' }, flow.executed) : []),
      ...(flow.watchesStarted.count
        ? histogramSamples({ ...flow.labels, type: 'watch' }, flow.watchesStarted)
        : []),
    ]),
    histograms('work_estimated_seats', 'Seats that requests were taken to need.', (flow) =>
      flow.seats.count ? histogramSamples(flow.labels, flow.seats) : [],
    ),
    histograms('request_queue_length_after_enqueue', 'How long its queue is when a request joins it.', (f) =>
      f.queueLength.count ? histogramSamples(f.labels, f.queueLength) : [],
    ),
    ofLevels('nominal_limit_seats', 'Seats a priority level is configured to have.', (l) => l.nominal),
    ofLevels('lower_limit_seats', 'Seats a priority level keeps whatever others want.', (l) => l.lowest),
    ofLevels('upper_limit_seats', 'Seats a priority level has at most.', (l) => l.highest),
    ofLevels('current_limit_seats', 'Seats a priority level has now.', (l) => l.current),
    ofLevels(
      'demand_seats_high_watermark',
      'The most seats wanted at once in the last period.',
      (l) => l.highWatermark,
    ),
    ofLevels('demand_seats_average', 'Seats wanted in the last period, on average.', (l) => l.average),
    ofLevels(
      'demand_seats_stdev',
      'Standard deviation of the seats wanted in the last period.',
      (l) => l.deviation,
    ),
    ofLevels('demand_seats_smoothed', 'Seats wanted, smoothed.', (l) => l.smoothed),
    ofLevels('target_seats', 'Seats a priority level would have if all had what they want.', (l) => l.target),
    metricText(
      `${PREFIX}seat_fair_frac`,
      'The fraction of its target that each level gets that can use it.',
      'gauge',
      [{ labels: {}, value: fairFraction }],
    ),
  ].join('');
}
