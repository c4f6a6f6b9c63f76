import { describe, expect, it } from 'vitest';
import { MANDATORY_FLOW_SCHEMAS, SUGGESTED_FLOW_SCHEMAS } from '../../registry/flowcontrol/bootstrap.ts';
import { requestInfo } from '../../request/request-info.ts';
import { FlowSchemas } from './flow-schemas.ts';

const LEVELS = new Set([
  'exempt',
  'catch-all',
  'system',
  'node-high',
  'leader-election',
  'workload-high',
  'workload-low',
  'global-default',
]);
const schemas = new FlowSchemas([...MANDATORY_FLOW_SCHEMAS, ...SUGGESTED_FLOW_SCHEMAS], LEVELS);

function flow(name: string, groups: string[], method: string, target: string, among = schemas): string {
  const [path = '', query = ''] = target.split('?');
  const info = requestInfo(method, path, new URLSearchParams(query));
  const found = among.match({ name, groups: [...groups, 'system:authenticated'] }, info);
  return among.schemas[found]?.name ?? 'none';
}

describe('flow schemas', () => {
  it.each([
    ['admin', ['system:masters'], 'GET', '/api/v1/pods', 'exempt'],
    ['jane', [], 'GET', '/livez', 'probes'],
    ['jane', [], 'GET', '/readyz/ping', 'probes'],
    ['jane', [], 'POST', '/livez', 'global-default'],
    [
      'system:kube-scheduler',
      [],
      'PUT',
      '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler',
      'system-leader-election',
    ],
    ['system:kube-scheduler', [], 'GET', '/api/v1/pods', 'kube-scheduler'],
    ['system:node:a', ['system:nodes'], 'PATCH', '/api/v1/nodes/a/status', 'system-node-high'],
    ['system:node:a', ['system:nodes'], 'GET', '/api/v1/pods?watch=1', 'system-nodes'],
    [
      'system:serviceaccount:kube-system:dns',
      ['system:serviceaccounts', 'system:serviceaccounts:kube-system'],
      'GET',
      '/api/v1/pods',
      'kube-system-service-accounts',
    ],
    ['system:serviceaccount:a:b', ['system:serviceaccounts'], 'GET', '/api/v1/pods', 'service-accounts'],
    ['jane', [], 'GET', '/api/v1/namespaces/a/pods', 'global-default'],
  ])('%s in %j: %s %s falls under %5$s', (name, groups, method, path, expected) => {
    expect(flow(name, groups, method, path)).toBe(expected);
  });

  it('looks at the groups again where the same name comes with others', () => {
    expect(flow('twice', [], 'GET', '/api/v1/pods')).toBe('global-default');
    expect(flow('twice', ['system:masters'], 'GET', '/api/v1/pods')).toBe('exempt');
    expect(flow('twice', [], 'GET', '/api/v1/pods')).toBe('global-default');
  });

  it('leaves out schemas whose level is not there', () => {
    const without = new FlowSchemas(
      [...MANDATORY_FLOW_SCHEMAS, ...SUGGESTED_FLOW_SCHEMAS],
      new Set(['exempt', 'catch-all']),
    );
    expect(flow('jane', [], 'GET', '/api/v1/pods', without)).toBe('catch-all');
  });

  it('takes a namespaced rule for namespaced requests alone', () => {
    const schema = {
      metadata: { name: 'tenant' },
      spec: {
        matchingPrecedence: 50,
        priorityLevelConfiguration: { name: 'workload-low' },
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'jane' } }],
            resourceRules: [
              { verbs: ['list'], apiGroups: [''], resources: ['pods'], namespaces: ['tenant-a'] },
            ],
          },
        ],
      },
    };
    const among = new FlowSchemas([schema, ...MANDATORY_FLOW_SCHEMAS], LEVELS);
    expect(flow('jane', [], 'GET', '/api/v1/namespaces/tenant-a/pods', among)).toBe('tenant');
    expect(flow('jane', [], 'GET', '/api/v1/namespaces/tenant-b/pods', among)).toBe('catch-all');
    expect(flow('jane', [], 'GET', '/api/v1/pods', among)).toBe('catch-all');
    expect(flow('jane', [], 'GET', '/api/v1/namespaces/tenant-a/pods/x', among)).toBe('catch-all');
  });
});
