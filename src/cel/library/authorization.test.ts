import { describe, expect, it } from 'vitest';
import {
  AUTHORIZER_TYPE,
  type AuthorizationAnswer,
  type AuthorizationCheck,
  authorizerValue,
  compile,
  kubernetesEnvironment,
  type Program,
  requestResourceValue,
} from '../index.ts';

const env = kubernetesEnvironment().extend({ variables: { authorizer: AUTHORIZER_TYPE } });

function program(source: string): Program {
  const compiled = compile(env, source);
  if (!compiled.ok) throw new Error(compiled.text);
  return compiled.program;
}

function asking(answer: (check: AuthorizationCheck) => AuthorizationAnswer | Promise<AuthorizationAnswer>) {
  const asked: AuthorizationCheck[] = [];
  const authorizer = authorizerValue({ name: 'jane', groups: ['dev'] }, (check) => {
    asked.push(check);
    return answer(check);
  });
  return { asked, authorizer };
}

const allow: AuthorizationAnswer = { decision: 'allow', reason: 'a rule' };

describe('the authorizer in expressions', () => {
  it('asks for a resource', () => {
    const { asked, authorizer } = asking(() => allow);
    const source =
      'authorizer.group("apps").resource("deployments").subresource("status").namespace("n").name("d").check("update").allowed()';
    const done = program(source).evaluate({ authorizer });
    expect(done.value).toBe(true);
    expect(done.cost).toBe(350_007);
    expect(asked).toEqual([
      {
        kind: 'resource',
        user: { name: 'jane', groups: ['dev'] },
        verb: 'update',
        group: 'apps',
        resource: 'deployments',
        subresource: 'status',
        namespace: 'n',
        name: 'd',
        fieldSelector: '',
        labelSelector: '',
      },
    ]);
  });

  it('asks for a path, once for the same question', () => {
    const { asked, authorizer } = asking(() => ({ decision: 'deny', reason: 'no rule' }));
    const done = program(
      'authorizer.path("/healthz").check("get").allowed() ? "" : authorizer.path("/healthz").check("get").reason()',
    ).evaluate({ authorizer });
    expect(done.value).toBe('no rule');
    expect(asked).toHaveLength(1);
  });

  it('asks for a service account', () => {
    const { asked, authorizer } = asking(() => allow);
    program(
      'authorizer.serviceAccount("ns", "sa").group("").resource("pods").check("list").allowed()',
    ).evaluate({
      authorizer,
    });
    expect(asked[0]?.user.name).toBe('system:serviceaccount:ns:sa');
  });

  it('asks for what the request is about', () => {
    const { asked, authorizer } = asking(() => ({ decision: 'noOpinion', reason: '', error: 'broken' }));
    const compiled = compile(
      env.extend({
        variables: {
          'authorizer.requestResource': requestResourceValue(authorizer, {
            group: '',
            resource: 'pods',
            subresource: '',
            namespace: 'n',
            name: 'p',
          }).type,
        },
      }),
      'authorizer.requestResource.check("x").errored() && authorizer.requestResource.check("x").error() == "broken"',
    );
    if (!compiled.ok) throw new Error(compiled.text);
    const done = compiled.program.evaluate({
      authorizer,
      'authorizer.requestResource': requestResourceValue(authorizer, {
        group: '',
        resource: 'pods',
        subresource: '',
        namespace: 'n',
        name: 'p',
      }),
    });
    expect(done.value).toBe(true);
    expect(asked).toMatchObject([{ resource: 'pods', namespace: 'n', name: 'p', verb: 'x' }]);
  });

  it.each([
    ['authorizer.path("").check("get").allowed()', 'path must not be empty'],
    ['authorizer.group("").resource(" ").check("get").allowed()', 'resource must not be empty'],
    [
      'authorizer.serviceAccount("N", "s").path("/").check("get").allowed()',
      'Invalid service account namespace',
    ],
    ['authorizer.serviceAccount("n", "S").path("/").check("get").allowed()', 'Invalid service account name'],
  ])('%s is an error', (source, words) => {
    expect(program(source).evaluate({ authorizer: asking(() => allow).authorizer }).error?.message).toBe(
      words,
    );
  });

  it('may take its time', async () => {
    const { asked, authorizer } = asking(async ({ verb }) => ({
      decision: verb === 'get' ? 'allow' : 'deny',
      reason: '',
    }));
    const made = program(
      '["get", "list"].map(v, authorizer.group("").resource("pods").check(v).allowed()) == [true, false]',
    );
    const done = await made.evaluateAsync({ authorizer });
    expect(done.value).toBe(true);
    expect(asked.map(({ verb }) => verb)).toEqual(['get', 'list']);
  });

  it('gives on what its authorizer throws', async () => {
    const { authorizer } = asking(async () => {
      throw new Error('out of order');
    });
    await expect(
      program('authorizer.path("/").check("get").allowed()').evaluateAsync({ authorizer }),
    ).rejects.toThrow('out of order');
  });
});
