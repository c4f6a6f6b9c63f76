import type { Clock } from '../../meta/clock.ts';
import type { KubeObject } from '../../meta/object.ts';
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS } from '../../registry/flowcontrol/bootstrap.ts';
import type { Lister } from '../../registry/lister.ts';
import type { RequestInfo } from '../../request/request-info.ts';
import { answerText } from '../answer.ts';
import type { ApiRequest, Seat } from '../api-request.ts';
import { UnderWay } from '../under-way.ts';
import { type DumpedRequest, dumpLevels, dumpQueues, dumpRequests } from './flow-dump.ts';
import { FlowCounts, flowMetricsText, type Rejection } from './flow-metrics.ts';
import { type CompiledSchema, FlowSchemas } from './flow-schemas.ts';
import { Inflight, isMutating } from './inflight.ts';
import { divideSeats, PriorityLevel } from './priority-level.ts';
import type { Queue, Ticket } from './queue-set.ts';
import { flowHash } from './shuffle-sharding.ts';
import { Turns } from './turns.ts';
import { type ResourceSize, seatsOf } from './work-estimate.ts';

/** How often seats move to where they are wanted. */
const BORROWING_PERIOD_MS = 10_000;
/** A request waits a quarter of its time at most, and never longer than this. */
const LONGEST_WAIT_MS = 60_000;

/** While there is much to do, refusals are held back for so long, and so many of them. */
const HOLD_MS = 500;
const MOST_HELD = 10_000;

/** The way of a request from here on. */
export type Run = (request: ApiRequest) => void | Promise<void>;

/** What bounds the requests that run at once; one of two ways (server/config.go, DefaultBuildHandlerChain). */
export interface FlowControl {
  /** Runs the request, now or when there is a seat for it, or answers 429. Where it has not run yet, a promise that it has. */
  enter(request: ApiRequest, run: Run): void | Promise<void>;
  metricsText(): string;
  /** The debug page at the path; undefined where there is none. */
  page?(path: string, details: boolean): string | undefined;
  stop(): void;
}

export interface PriorityAndFairnessParts {
  schemas: Lister;
  levels: Lister;
  /** --max-requests-inflight and --max-mutating-requests-inflight together. */
  seats: number;
  /** --request-timeout in milliseconds. */
  requestTimeoutMs: number;
  /** How large a list of the resource is going to be. */
  sizeOf(info: RequestInfo): ResourceSize | undefined;
  clock: Clock;
  turns?: Turns;
}

/** A schema, its level and what is counted of both, at hand for each request. */
interface Flow {
  schema: CompiledSchema;
  level: PriorityLevel;
  counts: FlowCounts;
}

/** A request on its way through flow control. */
class FlowTicket implements Ticket, Seat {
  readonly flow: Flow;
  readonly seats: number;
  readonly request: ApiRequest;
  readonly arrivedAt: number;
  startedAt = -1;
  place = -1;
  queue: Queue | undefined;
  begin: (() => void) | undefined;
  isReleased = false;
  readonly #released: (ticket: FlowTicket) => void;
  #hash: bigint | undefined;

  constructor(
    flow: Flow,
    seats: number,
    request: ApiRequest,
    arrivedAt: number,
    released: (ticket: FlowTicket) => void,
  ) {
    this.#released = released;
    this.flow = flow;
    this.seats = seats;
    this.request = request;
    this.arrivedAt = arrivedAt;
  }

  get distinguisher(): string {
    const by = this.flow.schema.distinguisher;
    if (by === 'ByUser') return this.request.user.name;
    return by === 'ByNamespace' ? this.request.info.namespace : '';
  }

  hash(): bigint {
    this.#hash ??= flowHash(this.flow.schema.name, this.distinguisher);
    return this.#hash;
  }

  dispatched(): void {
    this.begin?.();
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.#released(this);
  }
}

/**
 * API Priority and Fairness (apiserver pkg/server/filters/priority-and-fairness.go, pkg/util/flowcontrol): a request falls under
 * the first FlowSchema that matches and takes seats of the priority level it leads to, waits for them in a fair queue, or is
 * turned away with 429. One thread does all the work, so seats are held by requests that wait for the store or a webhook and,
 * once a turn of the event loop is long, by those that wait for the processor (turns.ts).
 */
export class PriorityAndFairness implements FlowControl {
  readonly #parts: PriorityAndFairnessParts;
  readonly #turns: Turns;
  readonly #levels = new Map<string, PriorityLevel>();
  readonly #counts = new Map<string, FlowCounts>();
  readonly #executing = new Inflight();
  readonly #waiting = new Inflight();
  /** Those that wait or whose answers take time, for the dump. */
  readonly #live = new UnderWay<FlowTicket>();
  readonly #stops: (() => void)[];
  #schemas: FlowSchemas | undefined;
  #flows: readonly Flow[] = [];
  #catchAll: Flow | undefined;
  #fairFraction = 0;
  #held = 0;

  constructor(parts: PriorityAndFairnessParts) {
    this.#parts = parts;
    this.#turns = parts.turns ?? new Turns(parts.clock);
    const stale = (): void => {
      this.#schemas = undefined;
    };
    const timer = setInterval(() => this.#lend(), BORROWING_PERIOD_MS).unref();
    this.#stops = [parts.schemas.onChange(stale), parts.levels.onChange(stale), () => clearInterval(timer)];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  enter(request: ApiRequest, run: Run): void | Promise<void> {
    const { info } = request;
    if (request.isLongRunning && info.verb !== 'watch') return run(request);
    const flow = this.#classify(request);
    const { level, counts } = flow;
    request.flow = flow;
    const now = request.stepAt;
    const seats = seatsOf(info, request.query, this.#parts.sizeOf, level.widest);
    counts.seats.observe(seats);
    const ticket = new FlowTicket(flow, seats, request, now, this.#released);
    const entry = level.seats.enter(ticket, now);
    if (entry === 'runs') {
      counts.executing++;
      counts.executingSeats += seats;
      // Whether the server is well is said at once, however much there is to do.
      if (!this.#turns.isLate(now) || isProbe(info)) return this.#execute(ticket, run);
      return new Promise((resolve, reject) => {
        this.#live.add(ticket);
        this.#turns.push(level.name, () => this.#executeLater(ticket, run, resolve, reject));
      });
    }
    if (entry === 'waits') return this.#wait(ticket, run);
    if (this.#held >= MOST_HELD || !this.#turns.isLate(now)) {
      this.#refuse(ticket, entry);
      return;
    }
    // Who comes back at once whatever Retry-After says would keep the server busy with saying no.
    this.#held++;
    return new Promise((resolve) => {
      setTimeout(() => {
        this.#held--;
        this.#refuse(ticket, entry);
        resolve();
      }, HOLD_MS);
    });
  }

  #wait(ticket: FlowTicket, run: Run): Promise<void> {
    const { request, flow, seats } = ticket;
    const { level, counts } = flow;
    const { clock } = this.#parts;
    const mutating = isMutating(request.info);
    counts.waiting++;
    counts.waitingSeats += seats;
    counts.queueLength.observe(ticket.queue?.waiting.length ?? 0);
    this.#waiting.begin(mutating, ticket.arrivedAt);
    this.#live.add(ticket);
    return new Promise((resolve, reject) => {
      const ended = (): number => {
        clearTimeout(timer);
        counts.waiting--;
        counts.waitingSeats -= seats;
        this.#waiting.end(mutating);
        return (clock.monotonic() - ticket.arrivedAt) / 1000;
      };
      const giveUp = (reason: Rejection): void => {
        if (!level.seats.giveUp(ticket, clock.monotonic())) return;
        counts.waitedInVain.observe(ended());
        this.#live.delete(ticket);
        this.#refuse(ticket, reason);
        resolve();
      };
      const timer = setTimeout(() => giveUp('time-out'), this.#longestWait(request));
      request.exchange.onClose(() => giveUp('cancelled'));
      ticket.begin = () => {
        counts.waitedToRun.observe(ended());
        counts.executing++;
        counts.executingSeats += seats;
        this.#turns.push(level.name, () => this.#executeLater(ticket, run, resolve, reject));
      };
      // A seat may have come free while it was put in its queue.
      if (ticket.startedAt >= 0) ticket.begin();
    });
  }

  #execute(ticket: FlowTicket, run: Run): void | Promise<void> {
    const { request, flow } = ticket;
    flow.counts.dispatched++;
    flow.level.dispatched++;
    this.#executing.begin(isMutating(request.info), ticket.startedAt);
    request.seat = ticket;
    let running: void | Promise<void>;
    try {
      running = request.exchange.closed ? undefined : run(request);
    } catch (error) {
      ticket.release();
      throw error;
    }
    if (!running) {
      ticket.release();
      return;
    }
    if (request.record.status === undefined && !ticket.isReleased && ticket.place < 0) this.#live.add(ticket);
    return running.finally(() => ticket.release());
  }

  #executeLater(
    ticket: FlowTicket,
    run: Run,
    resolve: (settled: void | Promise<void>) => void,
    reject: (error: unknown) => void,
  ): void {
    ticket.request.stepAt = this.#parts.clock.monotonic();
    try {
      resolve(this.#execute(ticket, run));
    } catch (error) {
      reject(error);
    }
  }

  readonly #released = (ticket: FlowTicket): void => {
    const { flow, request, seats, startedAt } = ticket;
    const now = this.#parts.clock.monotonic();
    const { counts, level } = flow;
    counts.executing--;
    counts.executingSeats -= seats;
    this.#executing.end(isMutating(request.info));
    const times = request.info.verb === 'watch' ? counts.watchesStarted : counts.executed;
    times.observe((now - startedAt) / 1000);
    this.#live.delete(ticket);
    level.seats.leave(ticket, now);
  };

  #refuse(ticket: FlowTicket, reason: Rejection): void {
    const { request, flow } = ticket;
    const { level, counts } = flow;
    counts.reject(reason === 'cancelled' ? 'time-out' : reason);
    level.rejected++;
    if (reason === 'time-out') level.timedOut++;
    if (reason === 'cancelled') level.cancelled++;
    level.retryAfter.note(this.#parts.clock.now());
    if (request.exchange.closed) return;
    request.record.flowControl = { schema: flow.schema.name, level: level.name, refused: reason };
    answerText(request, 429, 'Too many requests, please try again later.\n', {
      'retry-after': String(level.retryAfter.seconds),
    });
  }

  #longestWait(request: ApiRequest): number {
    const { requestTimeoutMs } = this.#parts;
    return Math.min((request.timeoutMs ?? requestTimeoutMs) / 4, LONGEST_WAIT_MS);
  }

  #classify(request: ApiRequest): Flow {
    this.#schemas ??= this.#compile();
    const found = this.#schemas.match(request.user, request.info);
    return found < 0 ? this.#catchAll! : this.#flows[found]!;
  }

  /** Takes the objects as they are now. What is mandatory and not there yet is imagined. */
  #compile(): FlowSchemas {
    const withMandatory = (there: KubeObject[], mandatory: readonly KubeObject[]): KubeObject[] => [
      ...there,
      ...mandatory.filter((object) => !there.some((o) => o.metadata.name === object.metadata.name)),
    ];
    const levels = withMandatory(this.#parts.levels.list(), MANDATORY_PRIORITY_LEVELS);
    const now = this.#parts.clock.monotonic();
    const names = new Set(levels.map((object) => object.metadata.name!));
    for (const name of this.#levels.keys()) if (!names.has(name)) this.#levels.delete(name);
    for (const object of levels) {
      const name = object.metadata.name!;
      const known = this.#levels.get(name);
      if (known) known.take(object);
      else this.#levels.set(name, new PriorityLevel(object, now));
    }
    this.#fairFraction = divideSeats([...this.#levels.values()], this.#parts.seats, now, true);
    const compiled = new FlowSchemas(
      withMandatory(this.#parts.schemas.list(), MANDATORY_FLOW_SCHEMAS),
      names,
    );
    this.#flows = compiled.schemas.map((schema) => ({
      schema,
      level: this.#levels.get(schema.level)!,
      counts: this.#countsOf(schema),
    }));
    this.#catchAll = this.#flows.find(({ schema }) => schema.name === 'catch-all');
    return compiled;
  }

  #countsOf(schema: CompiledSchema): FlowCounts {
    const key = `${schema.level}\0${schema.name}`;
    let counts = this.#counts.get(key);
    if (!counts) {
      counts = new FlowCounts(schema.level, schema.name);
      this.#counts.set(key, counts);
    }
    return counts;
  }

  #lend(): void {
    if (this.#schemas === undefined) return;
    const levels = [...this.#levels.values()];
    this.#fairFraction = divideSeats(levels, this.#parts.seats, this.#parts.clock.monotonic(), false);
  }

  metricsText(): string {
    this.#schemas ??= this.#compile();
    const now = this.#parts.clock.monotonic();
    const levels = [...this.#levels.values()].map((level) => level.figures());
    return [
      flowMetricsText([...this.#counts.values()], levels, this.#fairFraction),
      this.#executing.text(
        'apiserver_current_inflight_requests',
        'The most requests that ran at once in the last second.',
        now,
      ),
      this.#waiting.text(
        'apiserver_current_inqueue_requests',
        'The most requests that waited at once in the last second.',
        now,
      ),
    ].join('');
  }

  page(path: string, details: boolean): string | undefined {
    this.#schemas ??= this.#compile();
    const levels = [...this.#levels.values()].map((level) => level.dump());
    if (path === '/debug/api_priority_and_fairness/dump_priority_levels') return dumpLevels(levels);
    if (path === '/debug/api_priority_and_fairness/dump_queues') return dumpQueues(levels);
    if (path === '/debug/api_priority_and_fairness/dump_requests')
      return dumpRequests(
        [...this.#live].map((ticket) => this.#dumped(ticket)),
        details,
      );
    return undefined;
  }

  #dumped(ticket: FlowTicket): DumpedRequest {
    const { flow, request, queue, startedAt, seats } = ticket;
    const { info } = request;
    return {
      level: flow.level.name,
      schema: flow.schema.name,
      queue: queue?.index ?? -1,
      place: queue && startedAt < 0 ? queue.waiting.indexOf(ticket) : -1,
      distinguisher: ticket.distinguisher,
      arrivedAt: request.now,
      startedAt: startedAt < 0 ? undefined : request.now + (startedAt - ticket.arrivedAt),
      seats,
      user: request.user.name,
      verb: info.verb,
      path: info.path,
      namespace: info.namespace,
      name: info.name,
      apiVersion: info.apiGroup ? `${info.apiGroup}/${info.apiVersion}` : info.apiVersion,
      resource: info.resource,
      subresource: info.subresource,
    };
  }
}

/** /livez, /readyz, /healthz and the single checks below them. */
export const isProbe = ({ isResourceRequest, path }: RequestInfo): boolean =>
  !isResourceRequest && /^\/(?:livez|readyz|healthz)(?:\/|$)/.test(path);
