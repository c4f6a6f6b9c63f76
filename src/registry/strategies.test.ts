import { describe, expect, it } from 'vitest';
import { strategyOf } from './strategies.ts';

describe('strategies', () => {
  it('gives each kind its own, and what it does not know none', () => {
    expect(strategyOf('', 'services').begin).toBeDefined();
    expect(
      strategyOf('events.k8s.io', 'events').ttlSeconds?.({ apiVersion: 'v1', kind: 'Event', metadata: {} }),
    ).toBe(3600);
    expect(strategyOf('rbac.authorization.k8s.io', 'clusterroles').validateName).toBeDefined();
    expect(strategyOf('example.com', 'widgets')).toEqual({});
  });
});
