import { describe, expect, it } from 'vitest';
import { pathAttributes, resourceAttributes } from './attributes.ts';
import { authorizationErrorText, forbiddenStatus } from './forbidden.ts';

const joe = { name: 'joe', groups: [] };

describe('forbiddenStatus', () => {
  it.each([
    [
      { verb: 'get', resource: 'pods', name: 'p', namespace: 'default' },
      'pods "p" is forbidden: User "joe" cannot get resource "pods" in API group "" in the namespace "default"',
    ],
    [
      { verb: 'update', group: 'apps', resource: 'deployments', subresource: 'scale', name: 'web' },
      'deployments.apps "web" is forbidden: User "joe" cannot update resource "deployments/scale" in API group "apps" at the cluster scope',
    ],
  ])('words %j', (asked, message) => {
    expect(forbiddenStatus(resourceAttributes(joe, asked), '').status).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message,
    });
  });

  it('puts the reason behind, and names nothing for a path', () => {
    const { status } = forbiddenStatus(pathAttributes(joe, 'get', '/metrics'), 'no numbers');
    expect(status.message).toBe('forbidden: User "joe" cannot get path "/metrics": no numbers');
    expect(status.details).toEqual({});
  });

  it('keeps odd names from looking like HTML', () => {
    const odd = { name: 'o<d>d & "q"', groups: [] };
    expect(forbiddenStatus(pathAttributes(odd, 'get', '/'), '').status.message).toBe(
      'forbidden: User "o&lt;d&gt;d &amp; \\"q\\"" cannot get path "/"',
    );
  });
});

describe('authorizationErrorText', () => {
  it('is the text of the 500', () => {
    expect(authorizationErrorText('/api/v1/pods?a=<b>', 'unknown')).toBe(
      'Internal Server Error: "/api/v1/pods?a=&lt;b&gt;": unknown\n',
    );
  });
});
