import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KubeObject } from '../meta/object.ts';
import { conflictError, notFoundError } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import { LeaderElection } from './leader-election.ts';

const LEASES = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };

/** One Lease that several servers see; `reachable` says which of them do. */
class SharedLease {
  lease: KubeObject | undefined;
  cutOff = new Set<string>();

  client(server: string): ObjectClient {
    const seen = (): void => {
      if (this.cutOff.has(server)) throw new Error('the store cannot be reached');
    };
    return {
      lister: () => undefined,
      list: async () => [],
      delete: async () => {},
      get: async () => {
        seen();
        if (!this.lease) throw notFoundError(LEASES, 'work');
        return this.lease;
      },
      create: async (_resource, _namespace, object) => {
        seen();
        if (this.lease) throw conflictError(LEASES, 'work', 'it is there');
        this.lease = object;
        return object;
      },
      update: async (_resource, _namespace, _name, change) => {
        seen();
        const next = structuredClone(this.lease!);
        if (change(next) !== false) this.lease = next;
        return this.lease!;
      },
    };
  }
}

describe('leader election', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };

  function server(shared: SharedLease, identity: string) {
    const state = { working: false };
    const election = new LeaderElection({
      client: shared.client(identity),
      clock,
      lease: 'work',
      identity,
      lead: () => {
        state.working = true;
        return {
          stop: () => {
            state.working = false;
          },
        };
      },
    });
    return { election, state };
  }

  it('has one server work, and another when that one gives up', async () => {
    const shared = new SharedLease();
    const [a, b] = [server(shared, 'a'), server(shared, 'b')];
    a.election.start();
    await vi.advanceTimersByTimeAsync(10);
    b.election.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([a.state.working, b.state.working]).toEqual([true, false]);
    await a.election.stop();
    expect(a.state.working).toBe(false);
    await vi.advanceTimersByTimeAsync(2100);
    expect(b.state.working).toBe(true);
    expect(shared.lease?.['spec']).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    await b.election.stop();
  });

  it('never has two work, though one is cut off', async () => {
    const shared = new SharedLease();
    const [a, b] = [server(shared, 'a'), server(shared, 'b')];
    a.election.start();
    await vi.advanceTimersByTimeAsync(10);
    b.election.start();
    await vi.advanceTimersByTimeAsync(5000);
    shared.cutOff.add('a');
    for (let i = 0; i < 400; i++) {
      await vi.advanceTimersByTimeAsync(100);
      expect(a.state.working && b.state.working).toBe(false);
    }
    expect([a.state.working, b.state.working]).toEqual([false, true]);
    shared.cutOff.clear();
    await vi.advanceTimersByTimeAsync(30_000);
    expect([a.state.working, b.state.working]).toEqual([false, true]);
    await a.election.stop();
    await b.election.stop();
  });
});
