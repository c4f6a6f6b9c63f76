import { rfc3339 } from '../meta/clock.ts';
import { cloneJson } from '../meta/clone.ts';
import type { KubeObject } from '../meta/object.ts';
import { userInfoJson } from '../meta/user.ts';
import type { VirtualContext, VirtualResource } from '../registry/virtual.ts';

/** POST selfsubjectreviews: tells callers who they are; what they sent is dropped (pkg/registry/authentication/selfsubjectreview). */
export class SelfSubjectReviewResource implements VirtualResource {
  async create(review: KubeObject, context: VirtualContext): Promise<KubeObject> {
    await context.admit(cloneJson(review));
    return {
      apiVersion: review.apiVersion ?? 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
      metadata: { creationTimestamp: rfc3339(context.now) },
      status: { userInfo: userInfoJson(context.user) },
    };
  }
}
