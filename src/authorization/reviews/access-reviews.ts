import { type FieldError, invalid } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { badRequestError, invalidError } from '../../meta/status.ts';
import type { UserInfo } from '../../meta/user.ts';
import type { VirtualContext, VirtualResource } from '../../registry/virtual.ts';
import type { AuthorizationChain } from '../chain.ts';
import {
  evaluationError,
  goPathAttributes,
  type ReviewSpec,
  reviewAttributes,
  validateReviewSpec,
} from './spec.ts';

type Chain = Pick<AuthorizationChain, 'authorize'>;

/** SubjectAccessReview: whether anybody may do something (pkg/registry/authorization/subjectaccessreview). */
export function subjectAccessReviews(chain: Chain): VirtualResource {
  return {
    create: (review, context) => {
      const errors = [...validateReviewSpec(specOf(review), false), ...validateMetadata(review, '')];
      return answer(chain, review, context, errors, subjectOf(specOf(review)));
    },
  };
}

/** SelfSubjectAccessReview: whether the caller may. */
export function selfSubjectAccessReviews(chain: Chain): VirtualResource {
  return {
    create: (review, context) => {
      const errors = [...validateReviewSpec(specOf(review), true), ...validateMetadata(review, '')];
      return answer(chain, review, context, errors, context.user);
    },
  };
}

/** LocalSubjectAccessReview: whether somebody may in the namespace of the request. */
export function localSubjectAccessReviews(chain: Chain): VirtualResource {
  return {
    create: async (review, context) => {
      review.metadata.namespace ??= context.namespace;
      const spec = specOf(review);
      const { namespace } = review.metadata;
      const errors = [
        ...validateReviewSpec(spec, false),
        ...validateMetadata(review, ' except for namespace'),
      ];
      if (spec.resourceAttributes && (spec.resourceAttributes.namespace ?? '') !== namespace) {
        const words = 'must match metadata.namespace';
        errors.push(
          invalid('spec.resourceAttributes.namespace', spec.resourceAttributes.namespace ?? '', words),
        );
      }
      if (spec.nonResourceAttributes) {
        const shown = goPathAttributes(spec.nonResourceAttributes);
        errors.push(invalid('spec.nonResourceAttributes', shown, 'disallowed on this kind of request'));
      }
      if (errors.length === 0 && context.namespace === '')
        throw badRequestError('namespace is required on this type: ');
      if (errors.length === 0 && context.namespace !== namespace)
        throw badRequestError(`spec.resourceAttributes.namespace must match namespace: ${context.namespace}`);
      return answer(chain, review, context, errors, subjectOf(spec));
    },
  };
}

const specOf = (review: KubeObject): ReviewSpec => review['spec'] ?? {};

function subjectOf(spec: ReviewSpec): UserInfo {
  return {
    name: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid ? { uid: spec.uid } : {}),
    ...(spec.extra ? { extra: spec.extra } : {}),
  };
}

function validateMetadata(review: KubeObject, except: string): FieldError[] {
  const { managedFields, namespace, ...rest } = review.metadata;
  const metadata = except === '' && namespace ? { ...rest, namespace } : rest;
  const empty = Object.values(metadata).every(
    (v) => !v || (typeof v === 'object' && Object.keys(v).length === 0),
  );
  return empty ? [] : [invalid('metadata', review.metadata, `must be empty${except}`)];
}

async function answer(
  chain: Chain,
  review: KubeObject,
  context: VirtualContext,
  errors: readonly FieldError[],
  user: UserInfo,
): Promise<KubeObject> {
  // The internal objects kube-apiserver validates have lost their kind.
  if (errors.length) throw invalidError({ group: 'authorization.k8s.io', kind: '' }, '', errors);
  const admitting = context.admit(review);
  if (admitting) await admitting;
  withoutEmpty(specOf(review));
  const attributes = reviewAttributes(user, specOf(review));
  const asked = chain.authorize(attributes);
  const outcome = asked instanceof Promise ? await asked : asked;
  const error = evaluationError(outcome.error, attributes);
  const status: Fields = { allowed: outcome.decision === 'allow' };
  if (outcome.decision === 'deny') status['denied'] = true;
  if (outcome.reason) status['reason'] = outcome.reason;
  if (error) status['evaluationError'] = error;
  review['status'] = status;
  return review;
}

/** Go leaves empty strings out of what it sends back. */
function withoutEmpty(spec: ReviewSpec): void {
  dropEmpty(spec as Fields);
  if (spec.resourceAttributes) dropEmpty(spec.resourceAttributes as Fields);
  if (spec.nonResourceAttributes) dropEmpty(spec.nonResourceAttributes as Fields);
}

function dropEmpty(part: Fields): void {
  for (const field of Object.keys(part)) {
    const value: unknown = part[field];
    const isEmpty = value === '' || value === null || (Array.isArray(value) && value.length === 0);
    if (isEmpty) delete part[field];
  }
}
