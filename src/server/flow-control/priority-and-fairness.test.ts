import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../meta/object.ts';
import { StaticLister } from '../../registry/lister.ts';
import { ApiRequest } from '../api-request.ts';
import type { Exchange } from '../exchange.ts';
import { PriorityAndFairness } from './priority-and-fairness.ts';
import { Turns } from './turns.ts';

interface Answered {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** A request that notes its answer. */
function request(user: string, groups: string[], method: string, target: string) {
  const [path = '', query = ''] = target.split('?');
  const answered: Answered[] = [];
  let leave = (): void => {};
  let closed = false;
  const exchange: Exchange = {
    method,
    path,
    query,
    httpVersion: '2',
    host: '',
    remoteAddress: '192.0.2.1',
    certificates: [],
    header: () => undefined,
    headerValues: () => [],
    headerNames: () => [],
    cut: () => {},
    body: async () => undefined,
    source: () => Readable.from([]),
    respond: (status, headers, body) => {
      answered.push({ status, headers, body: String(body) });
    },
    stream: () => {
      throw new Error('no stream is asked for');
    },
    onClose: (listener) => {
      leave = listener;
    },
    get closed() {
      return closed;
    },
  };
  const made = new ApiRequest(exchange, Date.now(), 0);
  made.user = { name: user, groups: [...groups, 'system:authenticated'] };
  return {
    made,
    answered,
    leave: () => {
      closed = true;
      leave();
    },
  };
}

const level = (name: string, shares: number, limitResponse: object): KubeObject => ({
  metadata: { name, uid: `uid-${name}` },
  spec: { type: 'Limited', limited: { nominalConcurrencyShares: shares, limitResponse } },
});
const schema = (name: string, to: string, user: string): KubeObject => ({
  metadata: { name, uid: `uid-${name}` },
  spec: {
    matchingPrecedence: 100,
    priorityLevelConfiguration: { name: to },
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: user } }],
        resourceRules: [
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true },
        ],
      },
    ],
  },
});

describe('API Priority and Fairness', () => {
  let control: PriorityAndFairness | undefined;
  afterEach(() => control?.stop());

  /** Five seats for catch-all, and as many for each level given (of the same shares). */
  function made(levels: KubeObject[], schemas: KubeObject[], requestTimeoutMs = 60_000) {
    let now = 0;
    const clock = { now: () => now, monotonic: () => now };
    control = new PriorityAndFairness({
      schemas: new StaticLister(schemas),
      levels: new StaticLister(levels),
      seats: 5 * (levels.length + 1),
      requestTimeoutMs,
      sizeOf: () => ({ objects: 100, bytes: 2000 }),
      clock,
      turns: new Turns(clock, (run) => void setImmediate(run)),
    });
    return {
      control,
      pass: (ms: number) => {
        now += ms;
      },
      now: () => now,
    };
  }

  /** Runs until it is told to end. */
  function long(enter: PriorityAndFairness, one: ReturnType<typeof request>) {
    let end = (): void => {};
    let running = false;
    const done = enter.enter(one.made, () => {
      running = true;
      return new Promise((resolve) => {
        end = resolve;
      });
    });
    return { ...one, done, isRunning: () => running, end: () => end() };
  }

  it('turns away what finds no seat, as kube-apiserver does', async () => {
    const { control: flows } = made([], []);
    const running = Array.from({ length: 5 }, () =>
      long(flows, request('jane', [], 'GET', '/api/v1/nodes/a')),
    );
    expect(running.every((one) => one.isRunning())).toBe(true);
    const surplus = long(flows, request('joe', [], 'POST', '/api/v1/namespaces/a/pods'));
    await surplus.done;
    expect(surplus.isRunning()).toBe(false);
    const [answer] = surplus.answered;
    expect(answer!.status).toBe(429);
    expect(answer!.body).toBe('Too many requests, please try again later.\n');
    expect(answer!.headers).toMatchObject({
      'retry-after': '1',
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-kubernetes-pf-flowschema-uid': '',
      'x-kubernetes-pf-prioritylevel-uid': '',
    });
    expect(surplus.made.record.flowControl).toEqual({
      schema: 'catch-all',
      level: 'catch-all',
      refused: 'concurrency-limit',
    });
    running[0]!.end();
    await running[0]!.done;
    expect(long(flows, request('joe', [], 'POST', '/api/v1/namespaces/a/pods')).isRunning()).toBe(true);
    expect(flows.metricsText()).toContain(
      'apiserver_flowcontrol_rejected_requests_total{priority_level="catch-all",flow_schema="catch-all",reason="concurrency-limit"} 1',
    );
  });

  it('has room for administrators, probes and other levels while one is full', () => {
    const { control: flows } = made([level('mine', 5, { type: 'Reject' })], [schema('mine', 'mine', 'jane')]);
    for (let i = 0; i < 8; i++) long(flows, request('joe', [], 'GET', '/api/v1/nodes/a'));
    const isLet = (user: string, groups: string[], path: string): boolean =>
      long(flows, request(user, groups, 'GET', path)).isRunning();
    expect(isLet('joe', [], '/api/v1/nodes/a')).toBe(false);
    expect(isLet('admin', ['system:masters'], '/api/v1/nodes/a')).toBe(true);
    expect(isLet('jane', [], '/api/v1/nodes/a')).toBe(true);
  });

  it('lets requests wait, and runs them when there is a seat', async () => {
    const queuing = { queues: 4, handSize: 2, queueLengthLimit: 3 };
    const { control: flows } = made(
      [level('mine', 5, { type: 'Queue', queuing })],
      [schema('mine', 'mine', 'jane')],
    );
    const asked = Array.from({ length: 13 }, () =>
      long(flows, request('jane', [], 'GET', '/api/v1/nodes/a')),
    );
    expect(asked.filter((one) => one.isRunning())).toHaveLength(5);
    const refused = asked.filter((one) => one.answered.length > 0);
    expect(refused).toHaveLength(2);
    expect(refused[0]!.made.record.flowControl?.refused).toBe('queue-full');
    asked[0]!.end();
    await asked[0]!.done;
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked.filter((one) => one.isRunning())).toHaveLength(6);
    expect(flows.page('/debug/api_priority_and_fairness/dump_priority_levels', false)).toMatch(
      /^mine, +\d, +false, +false, +5, +5, +6, +2, +0, +0$/m,
    );
    expect(flows.page('/debug/api_priority_and_fairness/dump_requests', true)).toContain('jane');
  });

  it('turns away who has waited a quarter of the request time', async () => {
    const queuing = { queues: 4, handSize: 2, queueLengthLimit: 3 };
    const { control: flows } = made(
      [level('mine', 5, { type: 'Queue', queuing })],
      [schema('mine', 'mine', 'jane')],
      40,
    );
    const asked = Array.from({ length: 6 }, () => long(flows, request('jane', [], 'GET', '/api/v1/nodes/a')));
    await asked[5]!.done;
    expect(asked[5]!.answered[0]!.status).toBe(429);
    expect(asked[5]!.made.record.flowControl?.refused).toBe('time-out');
  });

  it('forgets who goes away while waiting', async () => {
    const queuing = { queues: 4, handSize: 2, queueLengthLimit: 3 };
    const { control: flows } = made(
      [level('mine', 5, { type: 'Queue', queuing })],
      [schema('mine', 'mine', 'jane')],
    );
    const asked = Array.from({ length: 7 }, () => long(flows, request('jane', [], 'GET', '/api/v1/nodes/a')));
    asked[5]!.leave();
    await asked[5]!.done;
    expect(asked[5]!.answered).toEqual([]);
    asked[0]!.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked[6]!.isRunning()).toBe(true);
  });

  it('counts a list by its bytes, and a watch until it has begun', async () => {
    const { control: flows } = made(
      [level('mine', 20, { type: 'Queue', queuing: { queues: 4, handSize: 2, queueLengthLimit: 3 } })],
      [schema('mine', 'mine', 'jane')],
    );
    const seats = (): string =>
      /current_executing_seats\{priority_level="mine"[^}]*\} (\d+)/.exec(flows.metricsText())![1]!;
    const list = long(flows, request('jane', [], 'GET', '/api/v1/pods'));
    expect(seats()).toBe('2');
    list.end();
    await list.done;
    const paged = long(flows, request('jane', [], 'GET', '/api/v1/pods?limit=10'));
    expect(seats()).toBe('1');
    paged.end();
    await paged.done;
    const watch = long(flows, request('jane', [], 'GET', '/api/v1/pods?watch=1'));
    expect(seats()).toBe('2');
    watch.made.seat!.release();
    expect(seats()).toBe('0');
  });

  it('lets those wait for the processor that come late in a long turn, probes excepted', async () => {
    const { control: flows, pass, now } = made([], []);
    const run = (user: string, path: string, groups: string[] = []) => {
      const ran: string[] = [];
      const { made: one } = request(user, groups, 'GET', path);
      one.stepAt = now();
      void flows.enter(one, async () => {
        ran.push(path);
        pass(10);
      });
      return () => ran.length > 0;
    };
    expect(run('jane', '/api/v1/nodes/a')()).toBe(true);
    const late = run('jane', '/api/v1/nodes/b');
    expect(late()).toBe(false);
    expect(run('jane', '/livez')()).toBe(true);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(late()).toBe(true);
  });
});
