import { describe, expect, it } from 'vitest';
import type { AuthorizationAttributes } from '../authorization/authorizer.ts';
import type { UserInfo } from '../meta/user.ts';
import type { RequestHeaders } from './headers.ts';
import { Impersonation } from './impersonation.ts';

function headersOf(headers: Record<string, string | string[]>): RequestHeaders {
  const values = (name: string): string[] => {
    const value = headers[name];
    return value === undefined ? [] : typeof value === 'string' ? [value] : value;
  };
  return { header: (name) => values(name)[0], headerValues: values, headerNames: () => Object.keys(headers) };
}

const caller = (name = 'caller', extra?: UserInfo['extra']): UserInfo => ({
  name,
  groups: [],
  ...(extra ? { extra } : {}),
});
const listPods = (user: UserInfo, more: Partial<AuthorizationAttributes> = {}): AuthorizationAttributes => ({
  user,
  verb: 'list',
  isResourceRequest: true,
  namespace: 'default',
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  name: '',
  path: '/api/v1/namespaces/default/pods',
  ...more,
});

/** An authorizer that allows by `verb group/resource/subresource name`, and notes what it is asked. */
function allowing(...rights: string[]) {
  const asked: string[] = [];
  const set = new Set(rights);
  const impersonation = new Impersonation({
    authorizer: (a) => {
      const right =
        `${a.verb} ${[a.apiGroup, a.resource, a.subresource].filter(Boolean).join('/')} ${a.name}`.trim();
      asked.push(right);
      return { decision: set.has(right) || set.has('*') ? 'allow' : 'noOpinion', reason: '' };
    },
  });
  const become = async (
    headers: Record<string, string | string[]>,
    user = caller(),
    now = 0,
    more: Partial<AuthorizationAttributes> = {},
  ) => {
    asked.length = 0;
    const result = await impersonation.impersonate(headersOf(headers), listPods(user, more), now);
    if (!result) return undefined;
    return 'error' in result ? `${result.error.code} ${result.error.status.message}` : result;
  };
  return { become, asked, rights: set, impersonation };
}

const A = 'authentication.k8s.io';

describe('a request whose attributes are read when asked for', () => {
  it('is put to authorizers whole', async () => {
    const asked: AuthorizationAttributes[] = [];
    const impersonation = new Impersonation({
      authorizer: (a) => {
        asked.push(a);
        return { decision: 'noOpinion', reason: '' };
      },
    });
    const plain = listPods(caller(), { fieldSelector: { requirements: [] } });
    const lazy = Object.create(
      {},
      Object.fromEntries(
        Object.entries(plain).map(([key, value]) => [key, { get: () => value, enumerable: false }]),
      ),
    ) as AuthorizationAttributes;
    await impersonation.impersonate(headersOf({ 'impersonate-user': 'jane' }), lazy, 0);
    expect(asked[0]).toEqual({ ...plain, verb: 'impersonate-on:user-info:list' });
  });
});

describe('the headers', () => {
  it('that are not there cost no promise', () => {
    const { impersonation } = allowing();
    expect(impersonation.impersonate(headersOf({ accept: '*/*' }), listPods(caller()), 0)).toBeUndefined();
    expect(
      impersonation.impersonate(headersOf({ 'impersonate-user': '' }), listPods(caller()), 0),
    ).toBeUndefined();
  });

  it.each([
    [{ 'impersonate-uid': 'u' }, 'UID:"u", Groups:[]string(nil), Extra:map[string][]string(nil)'],
    [
      { 'impersonate-group': ['a', 'b"'] },
      'UID:"", Groups:[]string{"a", "b\\""}, Extra:map[string][]string(nil)',
    ],
    [
      { 'impersonate-user': '', 'impersonate-extra-z': 'y', 'impersonate-extra-scopes': ['a', 'b'] },
      'UID:"", Groups:[]string(nil), Extra:map[string][]string{"scopes":[]string{"a", "b"}, "z":[]string{"y"}}',
    ],
  ])('need a user: %j', async (headers, dump) => {
    const { become, asked } = allowing();
    expect(await become(headers as Record<string, string>)).toBe(
      `400 requested &user.DefaultInfo{Name:"", ${dump}} without impersonating a user name`,
    );
    expect(asked).toEqual([]);
  });

  it('need a user in the words of old where constrained impersonation is off', () => {
    const old = new Impersonation({
      constrained: false,
      authorizer: () => ({ decision: 'allow', reason: '' }),
    });
    const result = old.impersonate(headersOf({ 'impersonate-group': 'a' }), listPods(caller()), 0);
    expect(result).toMatchObject({
      error: { status: { message: 'requested [{Group  a    }] without impersonating a user' } },
    });
  });
});

describe('the legacy mode', () => {
  it('asks for each field by the verb impersonate, and settles the groups', async () => {
    const { become, asked } = allowing(
      'impersonate users jane',
      'impersonate groups ops',
      `impersonate ${A}/uids u`,
      `impersonate ${A}/userextras/scopes view`,
    );
    const headers = {
      'impersonate-user': 'jane',
      'impersonate-group': 'ops',
      'impersonate-uid': 'u',
      'impersonate-extra-scopes': 'view',
    };
    expect(await become(headers)).toEqual({
      user: { name: 'jane', uid: 'u', groups: ['ops', 'system:authenticated'], extra: { scopes: ['view'] } },
    });
    expect(asked).toEqual([
      'impersonate-on:user-info:list pods',
      'impersonate users jane',
      `impersonate ${A}/uids u`,
      'impersonate groups ops',
      `impersonate ${A}/userextras/scopes view`,
    ]);
  });

  it('is tried first once it has worked, and then words the refusals', async () => {
    const { become, asked } = allowing('impersonate users jane');
    expect(await become({ 'impersonate-user': 'kim' })).toBe(
      '403 pods is forbidden: User "caller" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"',
    );
    await become({ 'impersonate-user': 'jane' });
    expect(await become({ 'impersonate-user': 'kim' })).toBe(
      '403 users "kim" is forbidden: User "caller" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    await become({ 'impersonate-user': 'jane' });
    expect(asked).toEqual(['impersonate users jane']);
    expect(await become({ 'impersonate-user': 'kim' }, caller('another'))).toContain(
      'impersonate-on:user-info:list',
    );
  });

  it.each([
    [{ 'impersonate-user': 'system:anonymous' }, ['system:unauthenticated']],
    [{ 'impersonate-user': 'jane' }, ['system:authenticated']],
    [
      { 'impersonate-user': 'jane', 'impersonate-group': 'system:unauthenticated' },
      ['system:unauthenticated'],
    ],
    [
      { 'impersonate-user': 'system:serviceaccount:ns:bot' },
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
    [
      { 'impersonate-user': 'system:serviceaccount:ns:bot', 'impersonate-group': 'x' },
      ['x', 'system:authenticated'],
    ],
    [{ 'impersonate-user': 'system:serviceaccount:NS:bot' }, ['system:authenticated']],
  ])('settles the groups of %j', async (headers, groups) => {
    const { impersonation } = allowing('*');
    const old = new Impersonation({
      constrained: false,
      authorizer: () => ({ decision: 'allow', reason: '' }),
    });
    expect(await old.impersonate(headersOf(headers), listPods(caller()), 0)).toMatchObject({
      user: { groups },
    });
    expect(await impersonation.impersonate(headersOf(headers), listPods(caller()), 0)).toMatchObject({
      user: { groups },
    });
  });

  it('says what an authorizer said, and what broke', async () => {
    const impersonation = new Impersonation({
      authorizer: () => ({ decision: 'deny', reason: 'because', error: 'broken' }),
    });
    const result = await impersonation.impersonate(
      headersOf({ 'impersonate-user': '<x>' }),
      listPods(caller('<me>')),
      0,
    );
    expect(result).toMatchObject({
      error: {
        status: {
          message:
            'pods is forbidden: User "&lt;me&gt;" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default": broken: because',
        },
      },
    });
  });
});

describe('constrained modes', () => {
  it('take both the right to the user and the right to the request', async () => {
    const { become } = allowing(
      'impersonate-on:user-info:list pods',
      `impersonate:user-info ${A}/users jane`,
    );
    expect(await become({ 'impersonate-user': 'jane' })).toEqual({
      user: { name: 'jane', groups: ['system:authenticated'] },
      constraint: 'impersonate:user-info',
    });
    expect(await become({ 'impersonate-user': 'jane' }, caller(), 0, { verb: 'delete' })).toContain(
      'cannot impersonate-on:user-info:delete',
    );
  });

  it('limit what user-info may carry', async () => {
    const { become } = allowing('impersonate-on:user-info:list pods', `impersonate:user-info ${A}/users x`);
    const refused = async (more: Record<string, string | string[]>) => {
      const said = await become({ 'impersonate-user': 'x', ...more });
      return String(said).split('cluster scope: ')[1];
    };
    expect(await refused({ 'impersonate-group': 'system:masters' })).toBe(
      'impersonating the system:masters group is not allowed',
    );
    expect(await refused({ 'impersonate-group': '' })).toBe(
      'impersonating the empty string group is not allowed',
    );
    expect(await refused({ 'impersonate-extra-scopes': 'a' })).toBe(
      'impersonating an invalid key in extra is not allowed: extra.key: Invalid value: "scopes": must be a domain-prefixed path (such as "acme.io/foo")',
    );
    expect(await refused({ 'impersonate-extra-acme.io%2f%41': 'a' })).toBe(
      'impersonating a non-lowercase key in extra is not allowed: "acme.io/A"',
    );
    expect(await refused({ 'impersonate-extra-acme.io%2fa': '' })).toBe(
      'impersonating the empty string value in extra is not allowed',
    );
    expect(await refused({ 'impersonate-extra-': 'a' })).toBe(
      'impersonating the empty string key in extra is not allowed',
    );
  });

  it('ask for all of many groups at once first', async () => {
    const { become, asked } = allowing(
      'impersonate-on:user-info:list pods',
      `impersonate:user-info ${A}/users x`,
      `impersonate:user-info ${A}/groups *`,
    );
    await become({ 'impersonate-user': 'x', 'impersonate-group': ['a', 'b', 'c', 'd'] });
    expect(asked.filter((right) => right.includes('groups'))).toEqual([
      `impersonate:user-info ${A}/groups *`,
    ]);
  });

  it('know nodes and service accounts by their names', async () => {
    const { become } = allowing(
      'impersonate-on:arbitrary-node:list pods',
      `impersonate:arbitrary-node ${A}/nodes n1`,
      'impersonate-on:serviceaccount:list pods',
      `impersonate:serviceaccount ${A}/serviceaccounts bot`,
    );
    expect(await become({ 'impersonate-user': 'system:node:n1' })).toEqual({
      user: { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
      constraint: 'impersonate:arbitrary-node',
    });
    expect(await become({ 'impersonate-user': 'system:serviceaccount:ns:bot' })).toMatchObject({
      user: { groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'] },
      constraint: 'impersonate:serviceaccount',
    });
    expect(await become({ 'impersonate-user': 'system:node:n1', 'impersonate-group': 'x' })).toMatch(/^403/);
  });

  it('let an agent be the node its token names, and no other', async () => {
    const { become, asked } = allowing(
      'impersonate-on:associated-node:list pods',
      `impersonate:associated-node ${A}/nodes *`,
    );
    const agent = (node: string) =>
      caller('system:serviceaccount:kube-system:agent', { 'authentication.kubernetes.io/node-name': [node] });
    for (const node of ['n1', 'n2']) {
      expect(await become({ 'impersonate-user': `system:node:${node}` }, agent(node))).toEqual({
        user: { name: `system:node:${node}`, groups: ['system:nodes', 'system:authenticated'] },
        constraint: 'impersonate:associated-node',
      });
    }
    expect(asked).toEqual([]);
    expect(await become({ 'impersonate-user': 'system:node:n2' }, agent('n1'))).toMatch(/^403/);
    expect(
      await become(
        { 'impersonate-user': 'system:node:n1' },
        caller('jane', { 'authentication.kubernetes.io/node-name': ['n1'] }),
      ),
    ).toMatch(/^403/);
  });

  it('remember successes for 10 s, per request and per user', async () => {
    const { become, asked, rights } = allowing(
      'impersonate-on:user-info:list pods',
      'impersonate-on:user-info:get pods',
      `impersonate:user-info ${A}/users jane`,
    );
    await become({ 'impersonate-user': 'jane' });
    await become({ 'impersonate-user': 'jane' }, caller(), 9999);
    expect(asked).toEqual([]);
    await become({ 'impersonate-user': 'jane' }, caller(), 9999, { verb: 'get' });
    expect(asked).toEqual(['impersonate-on:user-info:get pods']);
    rights.clear();
    expect(await become({ 'impersonate-user': 'jane' }, caller(), 10_000)).toMatch(/^403/);
    expect(await become({ 'impersonate-user': 'jane' }, { ...caller(), groups: ['other'] }, 5000)).toMatch(
      /^403/,
    );
  });
});

describe('whoever is impersonated', () => {
  it('carries none of the caller over', async () => {
    const { become } = allowing('*');
    const rich = caller('root', { 'authentication.kubernetes.io/credential-id': ['X'] });
    expect(await become({ 'impersonate-user': 'jane' }, rich)).toEqual({
      user: { name: 'jane', groups: ['system:authenticated'] },
      constraint: 'impersonate:user-info',
    });
  });
});
