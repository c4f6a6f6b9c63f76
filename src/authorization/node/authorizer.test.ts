import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../meta/object.ts';
import { StaticLister } from '../../registry/lister.ts';
import { type ResourceQuestion, resourceAttributes } from '../attributes.ts';
import { fieldSelectorAttributes } from '../selectors.ts';
import { NodeAuthorizer } from './authorizer.ts';
import { NodeGraph } from './graph.ts';

const pod = (name: string, nodeName: string, spec: object = {}): KubeObject => ({
  metadata: { name, namespace: 'nw', uid: name },
  spec: { nodeName, ...spec },
});
const P1 = pod('p1', 'n1', {
  serviceAccountName: 'runner',
  containers: [{ envFrom: [{ secretRef: { name: 'env' } }] }],
  volumes: [
    { secret: { secretName: 'used' } },
    { persistentVolumeClaim: { claimName: 'data' } },
    { projected: { sources: [{ configMap: { name: 'map' } }] } },
  ],
});
const PV: KubeObject = {
  metadata: { name: 'pv1' },
  spec: {
    claimRef: { namespace: 'nw', name: 'data' },
    csi: {
      nodeStageSecretRef: { namespace: 'nw', name: 'stage' },
      controllerExpandSecretRef: { namespace: 'nw', name: 'grow' },
    },
  },
};

function setup() {
  const pods = new StaticLister([P1, pod('p2', 'n2')]);
  const persistentvolumes = new StaticLister([PV]);
  const authorizer = new NodeAuthorizer(new NodeGraph({ pods, persistentvolumes }));
  const ask = (asked: ResourceQuestion, node = 'n1') =>
    authorizer.authorize(
      resourceAttributes({ name: `system:node:${node}`, groups: ['system:nodes'] }, asked),
    );
  return { pods, persistentvolumes, authorizer, ask };
}

describe('NodeAuthorizer', () => {
  it.each([
    ['secrets', 'used', 'nw'],
    ['secrets', 'env', 'nw'],
    ['secrets', 'stage', 'nw'],
    ['configmaps', 'map', 'nw'],
    ['persistentvolumeclaims', 'data', 'nw'],
    ['persistentvolumes', 'pv1', ''],
    ['serviceaccounts', 'runner', 'nw'],
    ['pods', 'p1', 'nw'],
    ['nodes', 'n1', ''],
  ])('lets a node get %s %s through its pod', (resource, name, namespace) => {
    const { ask } = setup();
    const asked = { verb: 'get', resource, name, namespace };
    expect(ask(asked).decision).toBe('allow');
    expect(ask(asked, 'n2').decision).toBe('noOpinion');
  });

  it.each([
    [
      { verb: 'get', resource: 'secrets', name: 'spare', namespace: 'nw' },
      "no relationship found between node 'n1' and this object",
    ],
    [
      { verb: 'get', resource: 'secrets', name: 'grow', namespace: 'nw' },
      "no relationship found between node 'n1' and this object",
    ],
    [{ verb: 'list', resource: 'secrets', namespace: 'nw' }, 'No Object name found'],
    [{ verb: 'list', resource: 'secrets' }, 'can only read namespaced object of this type'],
    [
      { verb: 'delete', resource: 'secrets', name: 'used', namespace: 'nw' },
      'can only read resources of this type',
    ],
    [
      {
        verb: 'get',
        resource: 'persistentvolumeclaims',
        subresource: 'status',
        name: 'data',
        namespace: 'nw',
      },
      'can only get/update/patch this type',
    ],
    [{ verb: 'get', resource: 'nodes', name: 'n2' }, "node 'n1' cannot read 'n2', only its own Node object"],
    [
      { verb: 'list', resource: 'pods', namespace: 'nw' },
      'can only list/watch pods with spec.nodeName field selector',
    ],
    [
      { verb: 'list', group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease' },
      'can only get, create, update, patch, or delete a node lease',
    ],
    [
      { verb: 'get', group: 'coordination.k8s.io', resource: 'leases', namespace: 'nw', name: 'n1' },
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    [{ verb: 'delete', resource: 'services', name: 'x', namespace: 'nw' }, ''],
  ])('refuses %j', (asked, reason) => {
    expect(setup().ask(asked)).toMatchObject({ decision: 'noOpinion', reason });
  });

  it('takes a field selector for its own pods, with further terms', () => {
    const { ask } = setup();
    const list = (raw: string) =>
      ask({ verb: 'list', resource: 'pods', fieldSelector: fieldSelectorAttributes(raw) }).decision;
    expect(list('spec.nodeName=n1,status.phase!=Failed')).toBe('allow');
    expect(list('spec.nodeName!=n1')).toBe('noOpinion');
    expect(list('spec.nodeName=n2')).toBe('noOpinion');
  });

  it('follows pods and volumes as they come and go', () => {
    const { ask, pods, persistentvolumes } = setup();
    const secret = (name: string) =>
      ask({ verb: 'get', resource: 'secrets', name, namespace: 'nw' }).decision;
    persistentvolumes.remove('', 'pv1');
    expect(secret('stage')).toBe('noOpinion');
    pods.set(pod('p3', 'n1', { imagePullSecrets: [{ name: 'used' }] }));
    pods.remove('nw', 'p1');
    expect(secret('used')).toBe('allow');
    pods.remove('nw', 'p3');
    expect(secret('used')).toBe('noOpinion');
  });

  it('is about nodes alone', () => {
    const { authorizer } = setup();
    const asked = { verb: 'get', resource: 'nodes', name: 'n1' };
    expect(
      authorizer.authorize(resourceAttributes({ name: 'system:node:n1', groups: [] }, asked)).reason,
    ).toBe('');
    expect(
      authorizer.authorize(resourceAttributes({ name: 'system:node:', groups: ['system:nodes'] }, asked))
        .reason,
    ).toBe('unknown node for user "system:node:"');
  });
});
