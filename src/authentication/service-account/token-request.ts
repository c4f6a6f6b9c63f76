import { randomUUID } from 'node:crypto';
import { rfc3339 } from '../../meta/clock.ts';
import { cloneJson } from '../../meta/clone.ts';
import { type FieldError, invalid } from '../../meta/field-error.ts';
import { type KubeObject, parseGroupVersion } from '../../meta/object.ts';
import { badRequestError, conflictError, invalidError, isStatus } from '../../meta/status.ts';
import type { ObjectClient } from '../../registry/client.ts';
import type { VirtualContext, VirtualResource } from '../../registry/virtual.ts';
import type { ClaimedObject } from './claims.ts';
import { serviceAccountUsername } from './username.ts';

/** What kubelets ask for a Pod's token; it stands for "the default", and is what extension is tied to. */
export const PROJECTED_TOKEN_SECONDS = 3607;
const YEAR_SECONDS = 365 * 24 * 3600;
const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const GROUP_KIND = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
const AS_RESOURCE = { group: GROUP_KIND.group, resource: GROUP_KIND.kind };

const core = (resource: string) => ({ group: '', resource });

export interface TokenRequestOptions {
  client: ObjectClient;
  /** Signs the claims and adds `iss`. */
  signer: { sign(claims: object): string };
  apiAudiences: readonly string[];
  /** `--service-account-max-token-expiration` in seconds; 0: no limit. */
  maxExpirationSeconds: number;
  /** `--service-account-extend-token-expiration` */
  extendExpiration: boolean;
  /** The `jti` of a token; a random UUID where absent. */
  newId?: () => string;
}

interface BoundObjects {
  pod?: ClaimedObject;
  node?: ClaimedObject;
  secret?: ClaimedObject;
}

/** POST serviceaccounts/NAME/token, its checks in kube-apiserver's order (pkg/registry/core/serviceaccount/storage/token.go). */
export class TokenRequestResource implements VirtualResource {
  readonly #options: TokenRequestOptions;

  constructor(options: TokenRequestOptions) {
    this.#options = options;
  }

  async create(request: KubeObject, context: VirtualContext): Promise<KubeObject> {
    const { client, apiAudiences } = this.#options;
    const { name, namespace, now } = context;
    const sent = request.metadata;
    mustMatch(sent.name, name, 'name', name);
    mustMatch(sent.namespace, namespace, 'namespace', name);
    const account = await client.get(core('serviceaccounts'), namespace, name);
    const uid = account.metadata.uid ?? '';
    if (sent.uid && sent.uid !== uid) {
      throw conflictError(
        AS_RESOURCE,
        name,
        `the UID in the token request (${sent.uid}) does not match the UID of the service account (${uid})`,
      );
    }

    const spec = {
      audiences: request.spec?.audiences?.length ? request.spec.audiences : apiAudiences,
      expirationSeconds: request.spec?.expirationSeconds ?? DEFAULT_SECONDS,
      boundObjectRef: request.spec?.boundObjectRef ?? null,
    };
    const answer: KubeObject = {
      apiVersion: request.apiVersion ?? 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { ...sent, name, namespace, uid, creationTimestamp: rfc3339(now) },
      spec,
      status: {},
    };
    const errors = expirationErrors(spec.expirationSeconds);
    if (errors.length) throw invalidError(GROUP_KIND, '', errors);
    await context.admit(cloneJson(answer));

    const bound = spec.boundObjectRef ? await this.#boundObjects(spec.boundObjectRef, name, namespace) : {};
    this.#shorten(spec, context);
    const id = (this.#options.newId ?? randomUUID)();
    const token = this.#options.signer.sign(this.#claims(account, bound, spec, id, now));
    context.annotate('authentication.kubernetes.io/issued-credential-id', `JTI=${id}`);
    answer.status = { token, expirationTimestamp: rfc3339(now + spec.expirationSeconds * 1000) };
    return answer;
  }

  #shorten(spec: { expirationSeconds: number }, context: VirtualContext): void {
    const max = this.#options.maxExpirationSeconds;
    if (max <= 0 || spec.expirationSeconds <= max) return;
    context.warn(`requested expiration of ${spec.expirationSeconds} seconds shortened to ${max} seconds`);
    spec.expirationSeconds = max;
  }

  #claims(
    account: KubeObject,
    bound: BoundObjects,
    spec: { audiences: readonly string[]; expirationSeconds: number },
    id: string,
    now: number,
  ): object {
    const issued = Math.floor(now / 1000);
    const { namespace = '', name = '', uid = '' } = account.metadata;
    const extended =
      this.#options.extendExpiration &&
      bound.pod !== undefined &&
      spec.expirationSeconds === PROJECTED_TOKEN_SECONDS &&
      spec.audiences.every((audience) => this.#options.apiAudiences.includes(audience));
    return {
      sub: serviceAccountUsername(namespace, name),
      aud: spec.audiences,
      iat: issued,
      nbf: issued,
      exp: issued + (extended ? YEAR_SECONDS : spec.expirationSeconds),
      jti: id,
      'kubernetes.io': {
        namespace,
        serviceaccount: claimed({ name, uid }),
        ...(bound.pod ? { pod: claimed(bound.pod) } : {}),
        ...(bound.secret ? { secret: claimed(bound.secret) } : {}),
        ...(bound.node ? { node: claimed(bound.node) } : {}),
        ...(extended ? { warnafter: issued + spec.expirationSeconds } : {}),
      },
    };
  }

  async #boundObjects(
    ref: Record<string, string>,
    account: string,
    namespace: string,
  ): Promise<BoundObjects> {
    const { kind = '', name = '' } = ref;
    const { group, version } = parseGroupVersion(ref.apiVersion ?? '') ?? { group: '', version: '' };
    if (group !== '' || !['Pod', 'Node', 'Secret'].includes(kind)) {
      throw badRequestError(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
    }
    if (name === '') throw badRequestError('Name parameter required.');
    const object = await this.#options.client.get(
      core(`${kind.toLowerCase()}s`),
      kind === 'Node' ? '' : namespace,
      name,
    );
    const own = { name, uid: object.metadata.uid ?? '' };
    const bound: BoundObjects =
      kind === 'Secret' ? { secret: own } : kind === 'Node' ? { node: own } : { pod: own };
    if (kind === 'Pod') {
      if (object.spec?.serviceAccountName !== account) {
        throw badRequestError(
          `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`,
        );
      }
      const node = object.spec?.nodeName;
      if (node) bound.node = { name: node, uid: await this.#nodeUid(node) };
    }
    if (ref.uid && ref.uid !== own.uid) {
      throw conflictError(
        core(kind),
        name,
        `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    return bound;
  }

  /** Empty where the Node is not there: its name alone still says something. */
  async #nodeUid(name: string): Promise<string> {
    try {
      return (await this.#options.client.get(core('nodes'), '', name)).metadata.uid ?? '';
    } catch (error) {
      if (isStatus(error, 'NotFound')) return '';
      throw error;
    }
  }
}

function mustMatch(sent: string | undefined, own: string, what: 'name' | 'namespace', name: string): void {
  if (!sent || sent === own) return;
  throw invalidError(GROUP_KIND, name, [
    invalid(`metadata.${what}`, sent, `must match the service account ${what} if specified`),
  ]);
}

function expirationErrors(seconds: number): FieldError[] {
  const field = 'spec.expirationSeconds';
  if (seconds < MIN_SECONDS)
    return [invalid(field, seconds, 'may not specify a duration less than 10 minutes')];
  if (seconds > MAX_SECONDS)
    return [invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')];
  return [];
}

const claimed = ({ name, uid }: ClaimedObject): object => ({ name, ...(uid ? { uid } : {}) });
