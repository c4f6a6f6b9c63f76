import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CompactedError, type StoreEvent, StoreUnavailableError } from '../store.ts';
import { EtcdClient } from './client.ts';
import { ScriptedMember } from './member.testing.ts';
import { EtcdWatch } from './watch.ts';

describe('a watch on a member that tells its progress truthfully', () => {
  let member: ScriptedMember;
  let client: EtcdClient;
  let watch: EtcdWatch;
  let now: number;
  let events: StoreEvent[];
  let progress: number[];
  let failure: Error | undefined;

  beforeEach(async () => {
    now = 0;
    events = [];
    progress = [];
    failure = undefined;
    member = new ScriptedMember();
    await member.listen();
    client = await EtcdClient.open({ endpoints: [member.endpoint] });
    watch = new EtcdWatch(
      client,
      '/registry/pods/',
      4,
      {
        events: (more) => events.push(...more),
        progress: (revision) => progress.push(revision),
        failed: (error) => {
          failure = error;
        },
      },
      { now: () => now, monotonic: () => now },
    );
    await vi.waitUntil(() => member.starts.length === 1);
  });
  afterEach(async () => {
    watch.end();
    client.close();
    await member.close();
  });

  const revisions = () => events.map(({ revision }) => revision);

  it('asks for it, and hands it on', async () => {
    expect(member.starts).toEqual([5]);
    member.progress = 9;
    watch.askProgress();
    await vi.waitUntil(() => progress.length > 0);
    expect(progress).toEqual([9]);
    expect(events).toEqual([]);
  });

  it('hands on in one what comes in pieces', async () => {
    member.put('/registry/pods/a', [6, 7], true);
    member.put('/registry/pods/b', [8], true);
    member.put('/registry/pods/c', [9]);
    await vi.waitUntil(() => events.length > 0);
    expect(revisions()).toEqual([6, 7, 8, 9]);
    expect(Buffer.from(events[3]!.value!).toString()).toBe('value 9');
  });

  it('goes on behind the last event where the stream breaks', async () => {
    member.put('/registry/pods/a', [6, 7]);
    await vi.waitUntil(() => events.length === 2);
    member.break();
    await vi.waitUntil(() => member.starts.length === 2);
    expect(member.starts[1]).toBe(8);
    member.put('/registry/pods/a', [8]);
    await vi.waitUntil(() => events.length === 3);
    expect(revisions()).toEqual([6, 7, 8]);
    expect(failure).toBeUndefined();
  });

  it('opens another stream where one owes an answer for too long', async () => {
    watch.askProgress();
    await vi.waitUntil(() => member.progressRequests === 1);
    now += 2000;
    watch.askProgress();
    await vi.waitUntil(() => member.progressRequests === 2);
    expect(member.starts).toHaveLength(1);
    now += 1500;
    member.progress = 9;
    watch.askProgress();
    await vi.waitUntil(() => member.starts.length === 2);
    // It was asked for, and is asked for again.
    await vi.waitUntil(() => progress.length > 0);
    expect(progress).toEqual([9]);
    expect(failure).toBeUndefined();
  });

  it('keeps a stream that tells something in time', async () => {
    for (let i = 0; i < 4; i++) {
      watch.askProgress();
      member.put('/registry/pods/a', [6 + i]);
      await vi.waitUntil(() => events.length === i + 1);
      now += 2500;
    }
    expect(member.starts).toHaveLength(1);
  });

  it.each([
    ['mvcc: required revision has been compacted', 12, CompactedError],
    ['etcdserver: something else', 0, StoreUnavailableError],
  ])('ends where the member ends it: %s', async (reason, compactedAt, kind) => {
    member.cancel(reason, compactedAt);
    await vi.waitUntil(() => failure !== undefined);
    expect(failure).toBeInstanceOf(kind);
    expect(member.starts).toHaveLength(1);
  });
});
