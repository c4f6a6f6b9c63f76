import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../meta/object.ts';
import { StatusError } from '../meta/status.ts';
import { applyScale, scaleOf } from './scale.ts';

const deployments = { group: 'apps', resource: 'deployments' };
const deployment = (): KubeObject => ({
  metadata: { name: 'd', namespace: 'ns', uid: 'u', resourceVersion: '5', labels: { a: 'b' } },
  spec: {
    replicas: 3,
    selector: {
      matchLabels: { app: 'd' },
      matchExpressions: [{ key: 'x', operator: 'In', values: ['b', 'a'] }],
    },
  },
  status: { replicas: 1 },
});

describe('scale', () => {
  it('shows what of an object can be scaled', () => {
    expect(scaleOf(deployments, deployment())).toEqual({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'd', namespace: 'ns', uid: 'u', resourceVersion: '5' },
      spec: { replicas: 3 },
      status: { replicas: 1, selector: 'app=d,x in (a,b)' },
    });
  });

  it('reads the plain selector of a ReplicationController', () => {
    const object: KubeObject = { metadata: { name: 'r' }, spec: { replicas: 0, selector: { a: 'b' } } };
    expect(scaleOf({ group: '', resource: 'replicationcontrollers' }, object)).toMatchObject({
      spec: {},
      status: { replicas: 0, selector: 'a=b' },
    });
  });

  it('writes replicas and version', () => {
    const object = deployment();
    applyScale(deployments, object, { metadata: { name: 'd', resourceVersion: '4' }, spec: { replicas: 7 } });
    expect(object['spec'].replicas).toBe(7);
    expect(object.metadata.resourceVersion).toBe('4');
  });

  it('refuses less than none, and another uid', () => {
    const refuse = (scale: KubeObject) => {
      try {
        applyScale(deployments, deployment(), scale);
      } catch (error) {
        if (error instanceof StatusError) return error.status;
      }
      throw new Error('not refused');
    };
    expect(refuse({ metadata: { name: 'd' }, spec: { replicas: -1 } })).toMatchObject({
      code: 422,
      message:
        'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    });
    expect(refuse({ metadata: { name: 'd', uid: 'v' } })).toMatchObject({ code: 409 });
  });
});
