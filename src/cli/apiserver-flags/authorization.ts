import type { FlagGroup } from '../flag-set.ts';
import { flag } from './definition.ts';

export const authorizationFlags: FlagGroup = {
  title: 'Authorization',
  flags: [
    flag('authorization-config', 'string', 'File with AuthorizationConfiguration. Reloaded when it changes.'),
    flag(
      'authorization-mode',
      'stringSlice',
      'Authorizers in their order: AlwaysAllow, AlwaysDeny, ABAC, Webhook, RBAC, Node.',
      '[AlwaysAllow]',
    ),
    flag('authorization-policy-file', 'string', 'File of ABAC policies, one JSON object a line.'),
    flag(
      'authorization-webhook-cache-authorized-ttl',
      'duration',
      "How long the webhook's yes is kept.",
      '5m0s',
    ),
    flag(
      'authorization-webhook-cache-unauthorized-ttl',
      'duration',
      "How long the webhook's no is kept.",
      '30s',
    ),
    flag('authorization-webhook-config-file', 'string', 'kubeconfig of the server that is asked.'),
    flag(
      'authorization-webhook-version',
      'string',
      'API version of SubjectAccessReview that is sent.',
      '"v1beta1"',
    ),
  ],
};
