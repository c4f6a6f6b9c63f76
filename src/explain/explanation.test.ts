import { describe, expect, it } from 'vitest';
import { explanationsOf, missingRight } from './explanation.ts';
import { grantCommands } from './near-miss.ts';
import type { DecisionRecord } from './record.ts';
import { decisionTree } from './tree.ts';
import type { AuthenticationVerdict } from './verdict.ts';

const NOW = Date.UTC(2026, 10, 21, 11, 20);
const HOUR = 3_600_000;
const request = {
  method: 'DELETE',
  path: '/api/v1/namespaces/dev/pods/web',
  verb: 'delete',
  apiGroup: '',
  apiVersion: 'v1',
  namespace: 'dev',
  resource: 'pods',
  subresource: '',
  name: 'web',
  remoteAddress: '127.0.0.1',
  userAgent: 'kubectl',
};
const jane = { name: 'jane', groups: ['developers', 'system:authenticated'] };
const refused = (by: string, code: string, facts = {}): AuthenticationVerdict => ({
  verdict: 'refused',
  by,
  code,
  facts,
});
const notMine = (by: string, code: string, facts = {}): AuthenticationVerdict => ({
  verdict: 'notMine',
  by,
  code,
  facts,
});
const record = (parts: Partial<DecisionRecord>): DecisionRecord => ({ id: 'x', at: NOW, request, ...parts });
const told = (...asked: AuthenticationVerdict[]): string[] =>
  explanationsOf(record({ authentication: { micros: 1, asked } }), undefined, NOW).map(
    ({ what, fix }) => `${what}; ${fix}`,
  );

describe('why a caller is not known', () => {
  it('says whose certificate expired, how long ago, and leaves out what a front proxy would have made of it', () => {
    const facts = { commonName: 'jane', role: 'leaf', notAfter: NOW - 3 * HOUR - 6 * 60_000, now: NOW };
    expect(
      told(notMine('front-proxy', 'FRONT_PROXY_OTHER_AUTHORITY'), refused('x509', 'X509_EXPIRED', facts)),
    ).toEqual([
      'the client certificate of jane expired 3 hours ago (2026-11-21 08:14 UTC); renew it: sallyport kubeconfig renew jane',
    ]);
  });

  it('says whom a token is for', () => {
    const facts = { audiences: ['vault'], wanted: ['https://kubernetes.default.svc'] };
    expect(
      told(refused('service-account', 'SA_AUDIENCE', facts), refused('bearer', 'TOKEN_UNKNOWN')),
    ).toEqual([
      'the token is for audience vault, this server takes https://kubernetes.default.svc; get one for this server: kubectl create token NAME -n NAMESPACE --audience https://kubernetes.default.svc',
    ]);
  });

  it('says of a token nobody knows what those said who might have known it', () => {
    expect(
      told(
        notMine('service-account', 'SA_OTHER_ISSUER', { issuer: 'https://other' }),
        notMine('websocket', 'WEBSOCKET_NONE'),
        refused('bearer', 'TOKEN_UNKNOWN'),
      ),
    ).toEqual([expect.stringContaining('the token is from https://other')]);
  });
});

describe('why a caller is not allowed', () => {
  const forbidden = record({
    authentication: { micros: 1, asked: [], user: jane },
    authorization: {
      micros: 1,
      decision: 'noOpinion',
      asked: [
        { decision: 'noOpinion', by: 'Node', code: 'NODE_NOT_A_NODE', facts: {}, reason: '' },
        { decision: 'noOpinion', by: 'RBAC', code: 'RBAC_NO_RULE', facts: {}, reason: '' },
      ],
    },
  });
  const remedy = {
    nearMisses: [
      {
        binding: { kind: 'RoleBinding', namespace: 'dev', name: 'readers' },
        role: { kind: 'Role', name: 'readers' },
        rule: { verbs: ['get', 'list'], resources: ['pods'] },
        differences: [{ part: 'verb', asked: 'delete', held: ['get', 'list'] }],
      },
    ],
    manifest: undefined,
  };

  it('names what comes near, and the commands that grant the rest', () => {
    expect(explanationsOf(forbidden, remedy, NOW)).toEqual([
      {
        door: 'authorization',
        code: 'RBAC_NO_RULE',
        what: 'jane (developers) may get and list pods in dev by RoleBinding dev/readers, but not delete them',
        fix: 'to allow: kubectl create role allow-delete-pods-web --verb=delete --resource=pods --resource-name=web -n dev && kubectl create rolebinding allow-delete-pods-web-to-jane --role=allow-delete-pods-web --user=jane -n dev',
        commands: [
          'kubectl create role allow-delete-pods-web --verb=delete --resource=pods --resource-name=web -n dev',
          'kubectl create rolebinding allow-delete-pods-web-to-jane --role=allow-delete-pods-web --user=jane -n dev',
        ],
      },
    ]);
  });

  it('has nothing to say of requests that were let in', () => {
    const allowed = { ...forbidden, authorization: { micros: 1, decision: 'allow', asked: [] } };
    expect(explanationsOf(allowed, undefined, NOW)).toEqual([]);
    expect(missingRight(allowed)).toBeUndefined();
  });

  it('never tells how to give rights to the anonymous', () => {
    const user = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
    const [explanation] = explanationsOf(
      { ...forbidden, authentication: { micros: 1, asked: [], user } },
      undefined,
      NOW,
    );
    expect(explanation!.fix).not.toContain('kubectl create');
  });

  it('puts names into commands so that a shell takes them for names', () => {
    const asked = missingRight(forbidden)!;
    const user = { name: "x'; rm -rf /; echo '\u001b[2J", groups: [] };
    expect(grantCommands({ ...asked, user })!.join(' ')).toContain(
      `--user='x'\\''; rm -rf /; echo '\\''[2J'`,
    );
  });

  it('says of impersonation for whom it is lacking, and grants it in a way that kubectl takes', () => {
    const asked = { ...missingRight(forbidden)!, name: '', verb: 'impersonate-on:user-info:list' };
    const explained = (missing: typeof asked) =>
      explanationsOf(
        record({
          authentication: { micros: 1, asked: [], user: jane },
          impersonation: { micros: 1, refused: 'x', missing },
        }),
        undefined,
        NOW,
      )[0]!;
    const { code, what, commands } = explained(asked);
    expect(code).toBe('IMPERSONATION_RIGHT');
    expect(what).toBe('jane (developers) may not list pods in dev as somebody else (user-info)');
    expect(commands).toEqual([
      expect.stringMatching(/^echo '\{"apiVersion":"v1","kind":"List".*' \| kubectl apply -f -$/),
    ]);
    const legacy = explained({
      ...asked,
      verb: 'impersonate',
      resource: 'users',
      namespace: '',
      name: 'bob',
    });
    expect(legacy.what).toBe('jane (developers) may not act as user bob');
    expect(legacy.commands![0]).toContain('--verb=impersonate --resource=users --resource-name=bob');
  });

  it('leaves kubelets to the Node authorizer, in its words', () => {
    const user = { name: 'system:node:n1', groups: ['system:nodes'] };
    const asked = [
      {
        decision: 'noOpinion' as const,
        by: 'Node',
        code: 'NODE_NOT_ALLOWED',
        facts: {},
        reason: "node 'n1' cannot read 'n2', only its own Node object",
      },
      { decision: 'noOpinion' as const, by: 'RBAC', code: 'RBAC_NO_RULE', facts: {}, reason: '' },
    ];
    const explained = explanationsOf(
      {
        ...forbidden,
        authentication: { micros: 1, asked: [], user },
        authorization: { micros: 1, decision: 'noOpinion', asked },
      },
      undefined,
      NOW,
    );
    expect(explained.map(({ code, what }) => [code, what])).toEqual([['NODE_NOT_ALLOWED', asked[0]!.reason]]);
  });

  it('draws no control characters', () => {
    const tree = decisionTree({
      ...forbidden,
      request: { ...request, userAgent: 'evil\u001b[2J\u202eagent' },
    });
    expect(tree).toContain('evil [2J agent');
    expect(tree).toContain('RBAC: no opinion, RBAC_NO_RULE');
  });
});
