import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../meta/object.ts';
import { type EventLimit, EventRateLimit } from './event-rate-limit.ts';
import { attributesOf, refusal, standingClock } from './fixtures/attributes.ts';
import type { AdmissionAttributes } from './plugin.ts';

function setup(...limits: Partial<EventLimit>[]) {
  const clock = standingClock();
  const one = { type: 'Server', qps: 1, burst: 2, cacheSize: 0 } as const;
  const plugin = new EventRateLimit(
    limits.map((limit) => ({ ...one, ...limit })),
    clock,
  );
  const event = (about: string): KubeObject => ({
    metadata: { name: 'e', namespace: 'ns' },
    source: { component: 'kubelet', host: 'n1' },
    involvedObject: { kind: 'Pod', namespace: 'ns', name: about, uid: 'u', apiVersion: 'v1' },
  });
  const write = (given: Partial<AdmissionAttributes> = {}, about = 'p'): string | undefined =>
    refusal(plugin.validate(attributesOf({ of: 'events', object: event(about), ...given })));
  return { clock, write, plugin };
}

describe('EventRateLimit', () => {
  it('lets a burst in, and then as many as there is time for', () => {
    const { clock, write } = setup({});
    expect([write(), write()]).toEqual([undefined, undefined]);
    expect(write()).toBe('Too many requests: limit reached on type Server for key ');
    clock.advance(999);
    expect(write()).toBeDefined();
    clock.advance(1);
    expect(write()).toBeUndefined();
    clock.advance(60_000);
    expect([write(), write(), write()].map((words) => words === undefined)).toEqual([true, true, false]);
  });

  it('answers 429', () => {
    const { plugin } = setup({ burst: 0 });
    expect(plugin.validate(attributesOf({ of: 'events', object: { metadata: {} } }))).toMatchObject({
      error: { status: { code: 429, reason: 'TooManyRequests' } },
    });
  });

  it.each([
    ['Namespace', { namespace: 'other' }, 'ns'],
    ['User', { user: { name: 'joe', groups: [] } }, 'jane'],
  ] as const)('counts by %s', (type, other, key) => {
    const { write } = setup({ type, burst: 1 });
    expect(write()).toBeUndefined();
    expect(write(other)).toBeUndefined();
    expect(write()).toBe(`Too many requests: limit reached on type ${type} for key ${key}`);
  });

  it('counts by where events are from and what they are about', () => {
    const { write } = setup({ type: 'SourceAndObject', burst: 1 });
    expect([write({}, 'p'), write({}, 'q')]).toEqual([undefined, undefined]);
    expect(write({}, 'p')).toContain('for key kubeletn1Podnspuv1');
  });

  it('names each limit that is reached, and takes from all', () => {
    const { write } = setup({ burst: 1 }, { type: 'Namespace', burst: 1 });
    write();
    expect(write()).toBe(
      'Too many requests: [limit reached on type Server for key , limit reached on type Namespace for key ns]',
    );
  });

  it('remembers no more keys than it may', () => {
    const { write } = setup({ type: 'Namespace', burst: 1, cacheSize: 2 });
    for (const namespace of ['a', 'b', 'c']) expect(write({ namespace })).toBeUndefined();
    expect(write({ namespace: 'c' })).toBeDefined();
    expect(write({ namespace: 'a' })).toBeUndefined();
  });

  it('counts no dry run', () => {
    const { write } = setup({ burst: 0 });
    expect(write({ dryRun: true })).toBeUndefined();
  });
});
