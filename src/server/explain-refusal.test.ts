import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { AuthenticationChain } from '../authentication/chain.ts';
import { AuthorizationChain } from '../authorization/chain.ts';
import { RbacAuthorizer } from '../authorization/rbac/authorizer.ts';
import { RbacPolicy } from '../authorization/rbac/policy.ts';
import { staticSource } from '../authorization/rbac/source.ts';
import { DecisionRing } from '../explain/record.ts';
import { systemClock } from '../meta/clock.ts';
import { RequestChain } from './chain.ts';
import type { Exchange } from './exchange.ts';
import { type ExplainMode, isLoopback, refusalExplainer } from './explain-refusal.ts';

const role = (name: string, rules: object[]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  rules,
});
const binding = (name: string, user: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { kind: 'ClusterRole', name },
  subjects: [{ kind: 'User', name: user }],
});
const source = staticSource([
  role('explain', [{ verbs: ['get'], nonResourceURLs: ['/sallyport/explain'] }]),
  binding('explain', 'olga'),
]);

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** What the doors answer to somebody who asks for pods; without a name, to somebody nobody knows. */
function answer(
  mode: ExplainMode,
  name: string,
  { address = '192.0.2.1', headers = {} }: { address?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const authorization = new AuthorizationChain([new RbacAuthorizer(new RbacPolicy(source))]);
  const explain = refusalExplainer({
    mode,
    authorization,
    policy: source,
    failed: (error) => {
      throw error;
    },
  });
  const chain = new RequestChain({
    clock: systemClock,
    authentication: new AuthenticationChain(
      name === ''
        ? [
            {
              name: 'bearer',
              authenticate: () => ({ verdict: 'refused', by: 'bearer', code: 'TOKEN_UNKNOWN', facts: {} }),
            },
          ]
        : [
            {
              name: 'test',
              authenticate: () => ({
                verdict: 'authenticated',
                by: 'test',
                code: 'X',
                facts: {},
                user: { name, groups: [] },
              }),
            },
          ],
    ),
    audiences: [],
    impersonate: () => ({ outcome: 'none' }),
    authorization,
    decisions: new DecisionRing(4),
    logRefusal: () => {},
    logFailure: (_, error) => {
      throw error;
    },
    ...(explain ? { explain } : {}),
    handle: () => {},
  });
  const sent: Record<string, string> = { 'audit-id': 'one', ...headers };
  return new Promise((resolve) => {
    const exchange: Exchange = {
      method: 'GET',
      path: '/api/v1/pods',
      query: '',
      httpVersion: '2',
      host: 'x',
      remoteAddress: address,
      certificates: [],
      header: (field) => sent[field],
      headerValues: () => [],
      headerNames: () => Object.keys(sent),
      body: async () => undefined,
      source: () => Readable.from([]),
      respond: (status, fields, body) => resolve({ status, headers: fields, body: body.toString() }),
      stream: () => {
        throw new Error('nothing is streamed');
      },
      onClose: () => {},
      closed: false,
      cut: () => {},
    };
    chain.serve(exchange);
  });
}

describe('explanations in answers', () => {
  it.each([
    ['permitted', 'jane', {}],
    ['loopback', 'jane', {}],
    ['loopback', '', {}],
    ['loopback', 'jane', { address: '127.0.0.1', headers: { 'x-forwarded-for': '192.0.2.1' } }],
    ['authenticated', '', { address: '127.0.0.1' }],
    ['off', 'olga', { address: '127.0.0.1' }],
  ] as const)('change not one byte for who may not know: %s, %j', async (mode, name, more) => {
    expect(await answer(mode, name, more)).toEqual(await answer('off', name, more));
    expect((await answer(mode, name, more)).headers['warning']).toBeUndefined();
  });

  it.each([
    ['permitted', 'olga', {}],
    ['loopback', 'olga', {}],
    ['loopback', '', { address: '127.0.0.1' }],
    ['loopback', 'jane', { address: '::1' }],
    ['authenticated', 'jane', {}],
  ] as const)('stand in a header for who may: %s, %j', async (mode, name, more) => {
    const told = await answer(mode, name, more);
    const { warning, ...others } = told.headers;
    expect(warning).toEqual([expect.stringMatching(/^299 - ".+; .+"$/)]);
    expect({ ...told, headers: others }).toEqual(await answer('off', name, more));
  });

  it('are written in UTF-8', async () => {
    const { warning } = (await answer('authenticated', 'jané')).headers;
    expect(Buffer.from((warning as string[])[0]!, 'latin1').toString('utf8')).toContain(
      'jané may not list pods',
    );
  });

  it('know a loopback address', () => {
    expect(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true);
    expect(['10.0.0.1', '::2', '127.evil', '::ffff:10.0.0.1', ''].some(isLoopback)).toBe(false);
  });
});
