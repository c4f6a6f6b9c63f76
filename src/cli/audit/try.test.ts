import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../audit/policy.ts';
import { attributesOf, tryPolicy } from './try.ts';

const policy = parsePolicy(`
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: [mute]
- level: RequestResponse
  resources: [{group: "", resources: [configmaps]}]
- level: Metadata
  nonResourceURLs: [/healthz*]
`);

describe('trying an audit policy', () => {
  it.each([
    [
      'GET /api/v1/namespaces/default/configmaps',
      'jane',
      1,
      'RequestResponse',
      ['ResponseComplete', 'Panic'],
    ],
    [
      'get /api/v1/configmaps?watch=true',
      'jane',
      1,
      'RequestResponse',
      ['ResponseStarted', 'ResponseComplete', 'Panic'],
    ],
    ['GET /api/v1/configmaps', 'mute', 0, 'None', []],
    ['GET /healthz/ping', undefined, 2, 'Metadata', ['ResponseComplete', 'Panic']],
    ['GET /api/v1/pods', 'jane', undefined, 'None', []],
  ])('%s by %s', (request, as, rule, level, stages) => {
    const trial = tryPolicy(policy, attributesOf({ request, ...(as ? { as } : {}) }));
    expect(trial).toMatchObject({ level, stages });
    expect(trial.rule).toBe(rule);
  });

  it('takes no other kind of request', () => {
    expect(() => attributesOf({ request: 'list pods' })).toThrow('a method and a path');
  });
});
