import { describe, expect, it } from 'vitest';
import { autoscalerFromV1, autoscalerToV1, defaultAutoscalerV1 } from './conversion.ts';

const v1 = (spec: object, metadata = {}) => ({
  apiVersion: 'autoscaling/v1',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'h', ...metadata },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' }, maxReplicas: 3, ...spec },
});

describe('HorizontalPodAutoscaler', () => {
  it('wants 80 % of the CPU where v1 says nothing', () => {
    const object = v1({});
    defaultAutoscalerV1(object);
    expect(autoscalerFromV1(object)['spec']).toMatchObject({
      minReplicas: 1,
      metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
    });
  });

  it('has the CPU of v1 as a metric in v2', () => {
    const stored = autoscalerFromV1(v1({ minReplicas: 1, targetCPUUtilizationPercentage: 50 }));
    expect(stored['apiVersion']).toBe('autoscaling/v2');
    expect(stored['spec'].metrics).toEqual([
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      },
    ]);
    expect(stored['spec'].targetCPUUtilizationPercentage).toBeUndefined();
    expect(autoscalerToV1(stored)['spec']).toMatchObject({
      targetCPUUtilizationPercentage: 50,
      minReplicas: 1,
    });
  });

  it('carries in annotations what v1 has no field for, and comes back whole', () => {
    const stored = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h', annotations: { mine: 'kept' } },
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
        minReplicas: 2,
        maxReplicas: 3,
        metrics: [
          {
            type: 'Pods',
            pods: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '10' } },
          },
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } },
          },
        ],
      },
      status: { desiredReplicas: 2, currentMetrics: null },
    };
    const old = autoscalerToV1(stored);
    expect(old['spec'].targetCPUUtilizationPercentage).toBe(60);
    expect(JSON.parse(old.metadata.annotations!['autoscaling.alpha.kubernetes.io/metrics']!)).toEqual([
      { type: 'Pods', pods: { metricName: 'q', targetAverageValue: '10' } },
    ]);
    const back = autoscalerFromV1(old);
    expect(back.metadata.annotations).toEqual({ mine: 'kept' });
    expect(back['spec'].metrics).toEqual(expect.arrayContaining(stored.spec.metrics));
    expect(back['spec'].metrics).toHaveLength(2);
  });
});
