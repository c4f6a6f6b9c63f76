import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../meta/object.ts';
import type { WebhookClient, WebhookReply } from '../webhook/client.ts';
import { attributesOf, pod, refusal, standingClock } from './fixtures/attributes.ts';
import {
  type ImagePolicyConfiguration,
  ImagePolicyWebhook,
  imagePolicyConfiguration,
} from './image-policy-webhook.ts';
import type { AdmissionAttributes } from './plugin.ts';

function setup(
  answer: (review: any) => object | string | undefined,
  configuration: Partial<ImagePolicyConfiguration> = {},
) {
  const asked: any[] = [];
  const client = {
    async post(body: string): Promise<WebhookReply> {
      const review = JSON.parse(body);
      asked.push(review);
      const status = answer(review);
      if (status === undefined)
        return {
          ok: false,
          failure: { kind: 'request', message: 'Post "https://x": refused' } as never,
        };
      const { apiVersion, kind } = review;
      const text = typeof status === 'string' ? status : JSON.stringify({ apiVersion, kind, status });
      return { ok: true, status: 200, contentType: 'application/json', body: text };
    },
  } as unknown as WebhookClient;
  const clock = standingClock();
  const given = { kubeConfigFile: '', allowMs: 1000, denyMs: 100, retryMs: 1, defaultAllow: false };
  const plugin = new ImagePolicyWebhook(client, { ...given, ...configuration }, clock, async () => {});
  const validate = async (object: KubeObject, more: Partial<AdmissionAttributes> = {}) => {
    const attributes = attributesOf({ object, ...more });
    return { verdict: await plugin.validate(attributes), attributes };
  };
  return { asked, clock, validate };
}

describe('ImagePolicyWebhook', () => {
  it('asks about all images and what annotations say of them', async () => {
    const { asked, validate } = setup(() => ({ allowed: true }));
    const annotations = { 'b.image-policy.k8s.io/x': '1', other: '2', 'a.image-policy.k8s.io/y': '3' };
    await validate(pod({ initContainers: [{ name: 'i', image: 'first' }] }, { annotations }));
    expect(asked).toEqual([
      {
        kind: 'ImageReview',
        apiVersion: 'imagepolicy.k8s.io/v1alpha1',
        metadata: { creationTimestamp: null },
        spec: {
          containers: [{ image: 'img' }, { image: 'first' }],
          annotations: { 'a.image-policy.k8s.io/y': '3', 'b.image-policy.k8s.io/x': '1' },
          namespace: 'ns',
        },
        status: { allowed: false },
      },
    ]);
  });

  it('refuses with the webhook’s reason, or without', async () => {
    const reasons = ['latest is late', ''];
    const { validate } = setup(() => ({ allowed: false, reason: reasons.shift() }));
    expect(refusal((await validate(pod())).verdict)).toBe(
      'pods "p" is forbidden: image policy webhook backend denied one or more images: latest is late',
    );
    const other = pod({ containers: [{ name: 'c', image: 'other' }] });
    expect(refusal((await validate(other)).verdict)).toBe(
      'pods "p" is forbidden: one or more images rejected by webhook backend',
    );
  });

  it('keeps answers for as long as it may', async () => {
    const { asked, clock, validate } = setup(({ spec }) => ({
      allowed: spec.containers[0].image === 'img',
      auditAnnotations: { seen: 'yes' },
    }));
    const bad = pod({ containers: [{ name: 'c', image: 'bad' }] });
    for (let i = 0; i < 2; i++) {
      const { attributes } = await validate(pod());
      expect(attributes.annotations).toEqual({ 'imagepolicywebhook.image-policy.k8s.io/seen': 'yes' });
      await validate(bad);
    }
    expect(asked).toHaveLength(2);
    clock.advance(500);
    await validate(pod());
    expect(asked).toHaveLength(2);
    await validate(bad);
    expect(asked).toHaveLength(3);
  });

  it('asks about what is added by ephemeralcontainers alone, and about no other subresource', async () => {
    const { asked, validate } = setup(() => ({ allowed: true }));
    const object = pod({ ephemeralContainers: [{ name: 'e', image: 'debug' }] });
    await validate(object, { operation: 'UPDATE', subresource: 'ephemeralcontainers' });
    await validate(object, { operation: 'UPDATE', subresource: 'status' });
    expect(asked.map(({ spec }) => spec.containers)).toEqual([[{ image: 'debug' }]]);
  });

  it.each([undefined, 'no json', '{"apiVersion":"v1","kind":"Pod"}'])(
    'stays closed or open, as told, without an answer: %s',
    async (answer) => {
      const closed = await setup(() => answer).validate(pod());
      expect(closed.verdict).toMatchObject({ outcome: 'denied', code: 'IMAGE_POLICY_FAILED' });
      const { verdict, attributes } = await setup(() => answer, { defaultAllow: true }).validate(pod());
      expect(verdict.code).toBe('IMAGE_POLICY_FAILED_OPEN');
      expect(attributes.object!.metadata.annotations).toEqual({
        'alpha.image-policy.k8s.io/failed-open': 'true',
      });
      expect(attributes.annotations).toEqual({
        'imagepolicywebhook.image-policy.k8s.io/failed-open': 'true',
      });
    },
  );
});

describe('an imagePolicy section', () => {
  it('has defaults', () => {
    expect(imagePolicyConfiguration({ kubeConfigFile: 'f' })).toEqual({
      kubeConfigFile: 'f',
      retryMs: 500,
      allowMs: 300_000,
      denyMs: 30_000,
      defaultAllow: false,
    });
  });

  it('may keep no answers', () => {
    expect(imagePolicyConfiguration({ allowTTL: -1, denyTTL: -1 })).toMatchObject({ allowMs: 0, denyMs: 0 });
  });

  it('is refused where it is out of bounds', () => {
    expect(() => imagePolicyConfiguration({ allowTTL: 1801 })).toThrow(
      'valid value is between 1s and 30m0s, got 30m1s',
    );
  });
});
