import { resourceAttributes } from '../authorization/attributes.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import { groupVersion } from '../meta/object.ts';
import type { UserInfo } from '../meta/user.ts';
import type { Registry } from '../registry/registry.ts';
import type { AccessCheck } from '../registry/strategy.ts';

/** What a user may do besides the request at hand, as kinds ask it when they are written. */
export function userAccess(
  user: UserInfo,
  authorization: Pick<AuthorizationChain, 'authorize'>,
  registry: Registry,
): AccessCheck {
  return {
    async allowed({ verb, apiGroup, apiVersion, resource, namespace, name }) {
      const asked = resourceAttributes(user, {
        verb,
        group: apiGroup,
        version: apiVersion,
        resource,
        namespace,
        name,
      });
      const outcome = await authorization.authorize(asked);
      if (outcome.error !== undefined && outcome.decision !== 'allow') throw new Error(outcome.error);
      return outcome.decision === 'allow';
    },
    resourceOf(apiVersion, kind) {
      for (const { descriptor } of registry.all()) {
        if (descriptor.kind === kind && groupVersion(descriptor) === apiVersion) return descriptor.plural;
      }
      return undefined;
    },
  };
}
