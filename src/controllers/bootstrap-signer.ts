import { createHmac } from 'node:crypto';
import type { Clock } from '../meta/clock.ts';
import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import {
  BOOTSTRAP_TOKEN_NAMESPACE,
  BOOTSTRAP_TOKEN_PREFIX,
  BOOTSTRAP_TOKEN_TYPE,
  bootstrapTokenData,
  bootstrapTokenExpired,
} from './bootstrap-token-secret.ts';
import type { Complaint, Controller } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

const SECRETS = { group: '', resource: 'secrets' };
const CONFIG_MAPS = { group: '', resource: 'configmaps' };
const NAMESPACE = 'kube-public';
const NAME = 'cluster-info';
const CONTENT = 'kubeconfig';
const SIGNATURE_PREFIX = 'jws-kubeconfig-';

/**
 * Signs the kubeconfig in ConfigMap kube-public/cluster-info with each bootstrap token that may sign, so that who joins
 * with a token can trust it (pkg/controller/bootstrap/bootstrapsigner.go).
 */
export class BootstrapSigner implements Controller {
  readonly name = 'bootstrap-signer-controller';
  readonly #client: ObjectClient;
  readonly #clock: Clock;
  readonly #queue: WorkQueue;
  readonly #stops: (() => void)[] = [];

  constructor(client: ObjectClient, clock: Clock, complain?: Complaint) {
    this.#client = client;
    this.#clock = clock;
    this.#queue = new WorkQueue({
      handle: () => this.#sync(),
      failed: (key, error) => complain?.(this.name, key, error),
    });
  }

  start(): void {
    this.#stops.push(
      this.#client.lister(CONFIG_MAPS)!.onChange(
        ({ object: { metadata } }) => {
          if (metadata.namespace === NAMESPACE && metadata.name === NAME) this.#queue.add(NAME);
        },
        { namespace: NAMESPACE, name: NAME },
      ),
      this.#client.lister(SECRETS)!.onChange(({ object }) => {
        if (object.type === BOOTSTRAP_TOKEN_TYPE) this.#queue.add(NAME);
      }),
    );
    this.#queue.add(NAME);
    this.#queue.start();
  }

  stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    return this.#queue.stop();
  }

  async #sync(): Promise<void> {
    const found = this.#client.lister(CONFIG_MAPS)!.get(NAMESPACE, NAME);
    if (found?.data?.[CONTENT] === undefined || isSame(found.data, this.#signed(found.data))) return;
    try {
      await this.#client.update(CONFIG_MAPS, NAMESPACE, NAME, (configMap) => {
        if (configMap.data?.[CONTENT] === undefined) return false;
        configMap.data = this.#signed(configMap.data);
        return true;
      });
    } catch (error) {
      if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) throw error;
    }
  }

  /** The data with the signatures it should have, and no others. */
  #signed(data: Record<string, string>): Record<string, string> {
    const content = data[CONTENT] ?? '';
    const kept = Object.entries(data).filter(([key]) => !key.startsWith(SIGNATURE_PREFIX));
    const signatures = this.#client
      .lister(SECRETS)!
      .list(BOOTSTRAP_TOKEN_NAMESPACE)
      .filter((secret) => maySign(secret, this.#clock.now()))
      .map((secret) => {
        const id = bootstrapTokenData(secret, 'token-id');
        return [
          SIGNATURE_PREFIX + id,
          detachedSignature(content, id, bootstrapTokenData(secret, 'token-secret')),
        ];
      });
    return Object.fromEntries([...kept, ...signatures]);
  }
}

function maySign(secret: KubeObject, now: number): boolean {
  if (secret.type !== BOOTSTRAP_TOKEN_TYPE) return false;
  const id = bootstrapTokenData(secret, 'token-id');
  if (!/^[a-z0-9]{6}$/.test(id) || secret.metadata.name !== BOOTSTRAP_TOKEN_PREFIX + id) return false;
  if (bootstrapTokenData(secret, 'token-secret') === '' || bootstrapTokenExpired(secret, now)) return false;
  return bootstrapTokenData(secret, 'usage-bootstrap-signing') === 'true';
}

/** A JWS by HS256 whose content is left out, as both sides have it (RFC 7515 appendix F). */
export function detachedSignature(content: string, tokenId: string, tokenSecret: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: tokenId })).toString('base64url');
  const payload = Buffer.from(content).toString('base64url');
  return `${header}..${createHmac('sha256', tokenSecret).update(`${header}.${payload}`).digest('base64url')}`;
}

function isSame(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
