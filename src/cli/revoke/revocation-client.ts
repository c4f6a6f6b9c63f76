import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { REVOCATION_API, REVOCATION_KIND } from '../../authentication/revocation/revocation-object.ts';
import type { KubeObject } from '../../meta/object.ts';
import { CREDENTIAL_ID } from '../../meta/user.ts';
import { targetOf } from '../../webhook/kubeconfig.ts';
import { type ClusterClient, ClusterError } from '../cluster-client.ts';
import { credentialOfPem, tokenOf } from './credential.ts';
import { DEFINITION_NAME, DEFINITIONS_PATH, REVOCATIONS_PATH, revocationDefinition } from './definition.ts';

/** What stands in a CredentialRevocation. */
export interface RevocationSpec {
  credentialID?: string;
  user?: string;
  issuedBefore?: string;
  reason?: string;
  expires?: string;
}

const ESTABLISHED_MS = 20_000;

/** Who a kubeconfig's user is for the server, and the ids of what he shows it. */
export interface Self {
  user: string;
  credentials: Set<string>;
}

/** The CredentialRevocations of a server. */
export class RevocationClient {
  readonly #client: ClusterClient;

  constructor(client: ClusterClient) {
    this.#client = client;
  }

  /** The caller: refusing him would be the last thing he does. */
  async self(): Promise<Self> {
    const review = await this.#client.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
    });
    const info = review['status']?.userInfo ?? {};
    const credentials = new Set<string>(info.extra?.[CREDENTIAL_ID] ?? []);
    // Who impersonates somebody is shown as that other one.
    const { certificate, authorization } = targetOf(this.#client.context).credentials?.() ?? {};
    const own = certificate && credentialOfPem(certificate.certificate);
    if (own) credentials.add(own.id);
    try {
      if (authorization) credentials.add(tokenOf(authorization, 0).id);
    } catch {
      // A token without an id cannot be revoked by one.
    }
    return { user: String(info.username ?? ''), credentials };
  }

  /** Every entry; none where the definition is not installed. */
  async list(): Promise<KubeObject[]> {
    try {
      return await this.#client.list(REVOCATIONS_PATH);
    } catch (error) {
      if (error instanceof ClusterError && error.status === 404) return [];
      throw error;
    }
  }

  /** Makes an entry, and the definition where it is missing. Resolves to undefined where the same is there already. */
  async create(spec: RevocationSpec, name: string): Promise<KubeObject | undefined> {
    await this.#enforces();
    await this.#install();
    const object = { apiVersion: REVOCATION_API, kind: REVOCATION_KIND, metadata: { name }, spec };
    for (const deadline = Date.now() + ESTABLISHED_MS; ; ) {
      try {
        return await this.#client.post(REVOCATIONS_PATH, object);
      } catch (error) {
        const status = error instanceof ClusterError ? error.status : 0;
        if (status === 409) return undefined;
        // The definition was made a moment ago, or another server was asked that has yet to see it.
        if (status !== 404 || Date.now() > deadline) throw error;
        await pause(50);
      }
    }
  }

  delete(name: string): Promise<KubeObject> {
    return this.#client.delete(`${REVOCATIONS_PATH}/${encodeURIComponent(name)}`);
  }

  async #install(): Promise<void> {
    try {
      await this.#client.get(`${DEFINITIONS_PATH}/${DEFINITION_NAME}`);
      return;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      // Whoever may write entries need not be let near definitions.
      if (error.status === 403) return;
      if (error.status !== 404) throw error;
    }
    try {
      await this.#client.post(DEFINITIONS_PATH, revocationDefinition());
    } catch (error) {
      if (error instanceof ClusterError && error.status === 409) return;
      if (error instanceof ClusterError && error.status === 403)
        throw new Error(
          `${error.message}; have somebody who may run: sallyport revoke definition | kubectl apply -f -`,
        );
      throw error;
    }
  }

  /** Other servers would keep the entries and let everybody in all the same. */
  async #enforces(): Promise<void> {
    try {
      await this.#client.get('/sallyport/v1/decisions?limit=1');
    } catch (error) {
      if (error instanceof ClusterError && error.status === 404)
        throw new Error('the server is no Sallyport: it would keep the entry, and let the credential in');
    }
  }
}

/** The name of an entry: the same for the same credential, so that it is there once. */
export function entryName({ credentialID, user, issuedBefore }: RevocationSpec): string {
  if (user !== undefined) {
    const plain = user
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 63);
    const digest = createHash('sha256').update(`${user}\n${issuedBefore}`).digest('hex').slice(0, 10);
    return ['user', plain, digest].filter((part) => part !== '').join('-');
  }
  const [kind = '', id = ''] = (credentialID ?? '').split(/=(.*)/s);
  const isName = /^[a-z0-9]([a-z0-9.-]{0,198}[a-z0-9])?$/.test(id);
  return `${kind.toLowerCase()}-${isName ? id : createHash('sha256').update(id).digest('hex').slice(0, 40)}`;
}
