import { describe, expect, it } from 'vitest';
import { AbacAuthorizer, readPolicyFile } from './abac.ts';
import { pathAttributes, resourceAttributes } from './attributes.ts';

const read = (text: string) => readPolicyFile('F', { read: () => text, stat: () => ({ isFile: true }) });
const v1 = (spec: object): string =>
  JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec });
const POLICIES = [
  '# a comment',
  '',
  v1({ user: 'anna', namespace: 'ab', resource: 'configmaps', apiGroup: '' }),
  v1({ group: 'readers', namespace: '*', resource: '*', apiGroup: '*', readonly: true }),
  v1({ user: 'cleo', nonResourcePath: '/metrics/*', readonly: true }),
  v1({ user: '*', namespace: 'open', resource: 'services' }),
  '{"user":"old","resource":"pods"}',
].join('\n');

describe('AbacAuthorizer', () => {
  const authorizer = new AbacAuthorizer(read(POLICIES));
  const asks = (name: string, groups: string[], verb: string, resource: string, namespace = '') =>
    authorizer.authorize(resourceAttributes({ name, groups }, { verb, resource, namespace })).decision;

  it('matches user, namespace and resource, subresources too', () => {
    expect(asks('anna', [], 'delete', 'configmaps', 'ab')).toBe('allow');
    expect(asks('anna', [], 'delete', 'configmaps')).toBe('noOpinion');
    expect(asks('anna', [], 'delete', 'secrets', 'ab')).toBe('noOpinion');
    expect(asks('old', [], 'delete', 'pods', 'anywhere')).toBe('allow');
  });

  it('lets readers read', () => {
    expect(asks('x', ['readers'], 'watch', 'secrets')).toBe('allow');
    expect(asks('x', ['readers'], 'create', 'secrets', 'ab')).toBe('noOpinion');
  });

  it('means the authenticated by a star', () => {
    expect(asks('x', ['system:authenticated'], 'create', 'services', 'open')).toBe('allow');
    expect(asks('system:anonymous', ['system:unauthenticated'], 'get', 'services', 'open')).toBe('noOpinion');
  });

  it('knows paths exactly or by their beginning', () => {
    const path = (p: string) => authorizer.authorize(pathAttributes({ name: 'cleo', groups: [] }, 'get', p));
    expect(path('/metrics/x').decision).toBe('allow');
    expect(path('/metrics')).toMatchObject({ decision: 'noOpinion', reason: 'No policy matched.' });
  });
});

describe('readPolicyFile', () => {
  it.each([
    [
      '"text"',
      'error reading policy file F, line 2: "text": couldn\'t get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    ],
    [
      v1({ user: 7 }),
      `error reading policy file F, line 2: ${v1({ user: 7 })}: json: cannot unmarshal number into Go struct field PolicySpec.spec.user of type string`,
    ],
  ])('refuses %s', (line, message) => {
    expect(() => read(`# fine\n${line}`)).toThrow(new Error(message));
  });
});
