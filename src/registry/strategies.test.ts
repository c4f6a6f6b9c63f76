import { describe, expect, it } from 'vitest';
import { errorText } from '../meta/field-error.ts';
import { strategyOf } from './strategies.ts';

describe('strategies', () => {
  it('gives each kind its own, and what it does not know none', () => {
    expect(strategyOf('', 'services').begin).toBeDefined();
    const event = { apiVersion: 'v1', kind: 'Event', metadata: {} };
    const options = { allowPrivileged: false, serviceClusterIpRange: '10.0.0.0/24' };
    const { ttlSeconds } = strategyOf('events.k8s.io', 'events');
    expect(ttlSeconds?.(event, options)).toBe(3600);
    expect(ttlSeconds?.(event, { ...options, eventTtlSeconds: 60 })).toBe(60);
    expect(strategyOf('rbac.authorization.k8s.io', 'clusterroles').validateName).toBeDefined();
    expect(strategyOf('example.com', 'widgets')).toEqual({});
  });

  it('wants finalizers with a domain, but for those that Kubernetes knows', () => {
    const object = (...finalizers: string[]) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { finalizers },
    });
    const errors = (group: string, plural: string, ...finalizers: string[]) =>
      strategyOf(group, plural)
        .validate?.(object(...finalizers), {} as never)
        .filter(({ field }) => field.startsWith('metadata.finalizers'))
        .map(errorText);
    expect(errors('', 'configmaps', 'a.io/b', 'kubernetes', 'keep')).toEqual([
      'metadata.finalizers[2]: Invalid value: "keep": name is neither a standard finalizer name nor is it fully qualified',
    ]);
    expect(errors('coordination.k8s.io', 'leases', 'keep')).toEqual([]);
  });
});
