import type { KubeObject } from '../../meta/object.ts';
import { badRequestError } from '../../meta/status.ts';
import type { VirtualResource } from '../../registry/virtual.ts';
import type { NonResourceRule, ResourceRule, RuleResolver } from '../authorizer.ts';

/** SelfSubjectRulesReview: what the caller may do in a namespace (pkg/registry/authorization/selfsubjectrulesreview). */
export function selfSubjectRulesReviews(resolver: RuleResolver): VirtualResource {
  return {
    create: async (review, context) => {
      const namespace: string = review['spec']?.namespace ?? '';
      if (namespace === '') throw badRequestError('no namespace on request');
      await context.admit(review);
      const rules = resolver.rulesFor(context.user, namespace);
      const answer: KubeObject = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        metadata: {},
        spec: {},
        status: {
          resourceRules: rules.resourceRules.map(resourceRuleJson),
          nonResourceRules: rules.nonResourceRules.map(nonResourceRuleJson),
          incomplete: rules.incomplete,
          ...(rules.error === undefined ? {} : { evaluationError: rules.error }),
        },
      };
      return answer;
    },
  };
}

function resourceRuleJson({ verbs, apiGroups, resources, resourceNames }: ResourceRule): unknown {
  return {
    verbs,
    ...(apiGroups.length ? { apiGroups } : {}),
    ...(resources.length ? { resources } : {}),
    ...(resourceNames.length ? { resourceNames } : {}),
  };
}

function nonResourceRuleJson({ verbs, nonResourceURLs }: NonResourceRule): unknown {
  return { verbs, ...(nonResourceURLs.length ? { nonResourceURLs } : {}) };
}
