import type { Authentication } from '../authentication/create.ts';
import { type AuthenticationOptions, apiAudiencesOf } from '../authentication/flags.ts';
import { SelfSubjectReviewResource } from '../authentication/self-subject-review.ts';
import { TokenRequestResource } from '../authentication/service-account/token-request.ts';
import { TokenReviewResource } from '../authentication/token-review.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import { authorizationReviews } from '../authorization/reviews/index.ts';
import type { ObjectClient } from '../registry/client.ts';
import { PodBinding } from '../registry/core/pod-binding.ts';
import { PodEviction } from '../registry/core/pod-eviction.ts';
import type { VirtualResource } from '../registry/virtual.ts';

export interface VirtualParts {
  options: AuthenticationOptions;
  client: ObjectClient;
  authentication(): Authentication;
  authorization: AuthorizationChain;
}

/** What creates answer without being stored, by `group/plural` or `group/plural/subresource`. */
export function virtualResources(parts: VirtualParts): Map<string, VirtualResource> {
  const { options, client } = parts;
  const audiences = apiAudiencesOf(options);
  const accounts = options.serviceAccounts;
  const out = new Map<string, VirtualResource>([
    ['authentication.k8s.io/selfsubjectreviews', new SelfSubjectReviewResource()],
    [
      'authentication.k8s.io/tokenreviews',
      new TokenReviewResource(() => parts.authentication().chain, audiences),
    ],
    [
      '/serviceaccounts/token',
      new TokenRequestResource({
        client,
        signer: parts.authentication().signer,
        apiAudiences: audiences,
        maxExpirationSeconds: accounts.maxTokenExpirationMs / 1000,
        extendExpiration: accounts.extendTokenExpiration,
      }),
    ],
  ]);
  out.set('/bindings', new PodBinding(client));
  out.set('/pods/binding', new PodBinding(client));
  out.set('/pods/eviction', new PodEviction(client));
  for (const [plural, virtual] of Object.entries(authorizationReviews(parts.authorization))) {
    out.set(`authorization.k8s.io/${plural}`, virtual);
  }
  return out;
}

/** Virtual resources need the doors, which need the registry that virtual resources stand in. */
export class LateVirtuals {
  readonly #made = new Map<string, VirtualResource>();
  static readonly NAMES = [
    'authentication.k8s.io/selfsubjectreviews',
    'authentication.k8s.io/tokenreviews',
    'authorization.k8s.io/subjectaccessreviews',
    'authorization.k8s.io/selfsubjectaccessreviews',
    'authorization.k8s.io/localsubjectaccessreviews',
    'authorization.k8s.io/selfsubjectrulesreviews',
    '/serviceaccounts/token',
    '/bindings',
    '/pods/binding',
    '/pods/eviction',
  ];

  entries(): Map<string, VirtualResource> {
    return new Map(
      LateVirtuals.NAMES.map((name) => [
        name,
        { create: (object, context) => this.#made.get(name)!.create(object, context) },
      ]),
    );
  }

  set(virtuals: ReadonlyMap<string, VirtualResource>): void {
    for (const [name, virtual] of virtuals) this.#made.set(name, virtual);
  }
}
