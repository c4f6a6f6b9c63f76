import type { VirtualResource } from '../../registry/virtual.ts';
import type { AuthorizationChain } from '../chain.ts';
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  subjectAccessReviews,
} from './access-reviews.ts';
import { selfSubjectRulesReviews } from './rules-review.ts';

/** The resources of authorization.k8s.io/v1, by their plural. */
export function authorizationReviews(
  chain: Pick<AuthorizationChain, 'authorize' | 'rulesFor'>,
): Record<string, VirtualResource> {
  return {
    subjectaccessreviews: subjectAccessReviews(chain),
    selfsubjectaccessreviews: selfSubjectAccessReviews(chain),
    localsubjectaccessreviews: localSubjectAccessReviews(chain),
    selfsubjectrulesreviews: selfSubjectRulesReviews(chain),
  };
}
