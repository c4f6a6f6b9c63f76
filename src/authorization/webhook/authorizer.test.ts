import { describe, expect, it } from 'vitest';
import type { Clock } from '../../meta/clock.ts';
import type { WebhookClient, WebhookReply } from '../../webhook/client.ts';
import { type ResourceQuestion, resourceAttributes } from '../attributes.ts';
import { fieldSelectorAttributes, labelSelectorAttributes } from '../selectors.ts';
import { WebhookAuthorizer, type WebhookAuthorizerOptions } from './authorizer.ts';

const wes = { name: 'wes', uid: '7', groups: ['g'] };

function setup(status: object | WebhookReply, options: Partial<WebhookAuthorizerOptions> = {}) {
  const sent: { apiVersion: string; spec: Record<string, unknown> }[] = [];
  let now = 0;
  const clock: Clock = { now: () => now, monotonic: () => now };
  const reply: WebhookReply =
    'ok' in status
      ? status
      : { ok: true, status: 200, contentType: 'application/json', body: JSON.stringify({ status }) };
  const client = {
    post: async (body: string) => {
      sent.push(JSON.parse(body));
      return reply;
    },
    close() {},
  } as unknown as WebhookClient;
  const authorizer = new WebhookAuthorizer({
    name: 'default',
    client,
    version: 'v1',
    timeoutMs: 1000,
    authorizedTtlMs: 60_000,
    unauthorizedTtlMs: 1000,
    onError: 'noOpinion',
    backoff: { firstMs: 1, factor: 1, jitter: 0, tries: 1 },
    clock,
    ...options,
  });
  const ask = async (asked: Partial<ResourceQuestion> = {}) =>
    authorizer.authorize(
      resourceAttributes(wes, { verb: 'list', version: 'v1', resource: 'pods', ...asked }),
    );
  return { authorizer, ask, sent, pass: (ms: number) => (now += ms) };
}

const failing: WebhookReply = {
  ok: false,
  failure: {
    message: 'unknown',
    status: 403,
    reason: 'Forbidden',
    retriable: false,
    timedOut: false,
    retryAfterSeconds: 0,
  },
};

describe('WebhookAuthorizer', () => {
  it('tells who asks for what', async () => {
    const { ask, sent } = setup({ allowed: true, reason: 'because' });
    expect(await ask({ namespace: 'n' })).toMatchObject({ decision: 'allow', reason: 'because' });
    expect(sent).toEqual([
      {
        kind: 'SubjectAccessReview',
        apiVersion: 'authorization.k8s.io/v1',
        metadata: {},
        spec: {
          user: 'wes',
          uid: '7',
          groups: ['g'],
          resourceAttributes: { namespace: 'n', verb: 'list', version: 'v1', resource: 'pods' },
        },
        status: { allowed: false },
      },
    ]);
  });

  it('calls groups group in v1beta1', async () => {
    const { ask, sent } = setup({ allowed: true }, { version: 'v1beta1' });
    await ask();
    expect(sent[0]).toMatchObject({ apiVersion: 'authorization.k8s.io/v1beta1', spec: { group: ['g'] } });
    expect(sent[0]!.spec).not.toHaveProperty('groups');
  });

  it('sends selectors by their terms, those alone the API has words for', async () => {
    const { ask, sent } = setup({ allowed: true });
    await ask({
      fieldSelector: fieldSelectorAttributes('a=b,c!=d'),
      labelSelector: labelSelectorAttributes('e,!f,g in (i,h),l>3'),
    });
    expect(sent[0]!.spec['resourceAttributes']).toMatchObject({
      fieldSelector: {
        requirements: [
          { key: 'a', operator: 'In', values: ['b'] },
          { key: 'c', operator: 'NotIn', values: ['d'] },
        ],
      },
      labelSelector: {
        requirements: [
          { key: 'e', operator: 'Exists' },
          { key: 'f', operator: 'DoesNotExist' },
          { key: 'g', operator: 'In', values: ['h', 'i'] },
        ],
      },
    });
    await ask({ labelSelector: labelSelectorAttributes('a in') });
    expect(sent[1]!.spec['resourceAttributes']).not.toHaveProperty('labelSelector');
  });

  it.each([
    [
      { denied: true, reason: 'no' },
      { decision: 'deny', reason: 'no' },
    ],
    [
      { allowed: false, reason: 'shrug' },
      { decision: 'noOpinion', reason: 'shrug' },
    ],
    [
      { allowed: true, denied: true },
      { decision: 'deny', error: 'webhook subject access review returned both allow and deny response' },
    ],
    [failing, { decision: 'noOpinion', error: 'unknown' }],
    [
      {
        ok: true,
        status: 200,
        contentType: '',
        body: '{"apiVersion":"authorization.k8s.io/v1beta1","kind":"SubjectAccessReview"}',
      } as WebhookReply,
      {
        decision: 'noOpinion',
        error: 'converting (v1beta1.SubjectAccessReview) to (v1.SubjectAccessReview): unknown conversion',
      },
    ],
    [
      { ok: true, status: 200, contentType: '', body: '{"status":{"allowed":"yes"}}' } as WebhookReply,
      {
        decision: 'noOpinion',
        error:
          'json: cannot unmarshal string into Go struct field SubjectAccessReviewStatus.status.allowed of type bool',
      },
    ],
    [
      { ok: true, status: 200, contentType: '', body: '{"nonsense":true}' } as WebhookReply,
      { decision: 'noOpinion' },
    ],
  ])('makes of %j a verdict', async (status, verdict) => {
    expect(await setup(status).ask()).toMatchObject(verdict);
  });

  it('remembers answers for their time, errors never', async () => {
    const allowed = setup({ allowed: true });
    await allowed.ask();
    allowed.pass(59_999);
    await allowed.ask();
    expect(allowed.sent).toHaveLength(1);
    allowed.pass(1);
    await allowed.ask();
    expect(allowed.sent).toHaveLength(2);
    const broken = setup(failing);
    await broken.ask();
    await broken.ask();
    expect(broken.sent).toHaveLength(2);
    const off = setup({ allowed: true }, { authorizedTtlMs: 0, unauthorizedTtlMs: 0 });
    await Promise.all([off.ask(), off.ask()]);
    expect(off.sent).toHaveLength(2);
  });

  it('denies on errors where it is told to', async () => {
    expect(await setup(failing, { onError: 'deny' }).ask()).toMatchObject({
      decision: 'deny',
      error: 'unknown',
    });
  });

  it('asks where its conditions are met', async () => {
    const of = (result: boolean | { error: string }) =>
      setup(
        { allowed: true },
        { onError: 'deny', matchConditions: { matches: () => result, trace: () => [] } },
      );
    expect(await of(true).ask()).toMatchObject({ decision: 'allow' });
    expect(await of(false).ask()).toMatchObject({ decision: 'noOpinion', reason: '' });
    expect(await of({ error: 'cannot' }).ask()).toMatchObject({ decision: 'deny', error: 'cannot' });
  });

  it('has no rules to tell', () => {
    expect(setup({}).authorizer.rulesFor()).toMatchObject({
      incomplete: true,
      error: 'webhook authorizer does not support user rule resolution',
    });
  });
});
