import { X509Certificate } from 'node:crypto';
import type { KubeObject } from '../meta/object.ts';
import { pemBlocks } from '../meta/pem.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Complaint, Controller } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

const CONFIG_MAPS = { group: '', resource: 'configmaps' };
const NAMESPACE = 'kube-system';
const NAME = 'extension-apiserver-authentication';

/** How this server knows clients and front proxies, for API servers behind it. CAs are PEM bundles; empty: none. */
export interface ClusterAuthenticationInfo {
  clientCa: string;
  requestHeaderCa: string;
  usernameHeaders: readonly string[];
  uidHeaders: readonly string[];
  groupHeaders: readonly string[];
  extraHeadersPrefixes: readonly string[];
  allowedNames: readonly string[];
}

/**
 * Keeps the ConfigMap by which extension API servers trust the same clients and front proxies as this one. What other
 * servers on the store have put there stays; CAs go when they expire
 * (pkg/controlplane/controller/clusterauthenticationtrust).
 */
export class ClusterAuthentication implements Controller {
  readonly name = 'cluster_authentication_trust_controller';
  readonly #client: ObjectClient;
  readonly #queue: WorkQueue;
  readonly #now: () => number;
  #info: ClusterAuthenticationInfo;
  #stop: (() => void) | undefined;

  /** @param now milliseconds since 1970 */
  constructor(
    client: ObjectClient,
    info: ClusterAuthenticationInfo,
    now: () => number,
    complain?: Complaint,
  ) {
    this.#client = client;
    this.#info = info;
    this.#now = now;
    this.#queue = new WorkQueue({
      handle: () => this.#sync(),
      failed: (key, error) => complain?.(this.name, key, error),
    });
  }

  /** Adds other CAs from now on. */
  publish(change: Partial<ClusterAuthenticationInfo>): void {
    this.#info = { ...this.#info, ...change };
    this.#queue.add(NAME);
  }

  start(): void {
    this.#stop = this.#client.lister(CONFIG_MAPS)!.onChange(
      ({ object }) => {
        const { name, namespace } = object.metadata;
        if (name === NAME && namespace === NAMESPACE) this.#queue.add(NAME);
      },
      { namespace: NAMESPACE, name: NAME },
    );
    this.#queue.add(NAME);
    this.#queue.start();
  }

  stop(): Promise<void> {
    this.#stop?.();
    return this.#queue.stop();
  }

  async #sync(): Promise<void> {
    const found = this.#client.lister(CONFIG_MAPS)!.get(NAMESPACE, NAME);
    if (!found) {
      const data = this.#combined({});
      try {
        await this.#client.create(CONFIG_MAPS, NAMESPACE, {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: NAME, namespace: NAMESPACE },
          ...(Object.keys(data).length ? { data } : {}),
        });
      } catch (error) {
        if (!isStatus(error, 'AlreadyExists')) throw error;
        this.#queue.add(NAME);
      }
      return;
    }
    const change = (configMap: KubeObject): boolean => {
      const before = (configMap['data'] ?? {}) as Record<string, string>;
      const data = this.#combined(before);
      const keys = new Set([...Object.keys(before), ...Object.keys(data)]);
      if ([...keys].every((key) => before[key] === data[key])) return false;
      configMap['data'] = data;
      return true;
    };
    try {
      await this.#client.update(CONFIG_MAPS, NAMESPACE, NAME, change);
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
      this.#queue.add(NAME);
    }
  }

  /** What is there with what this server adds. */
  #combined(before: Readonly<Record<string, string>>): Record<string, string> {
    const info = this.#info;
    const data: Record<string, string> = {};
    const clientCa = this.#bundle(before['client-ca-file'], info.clientCa);
    if (clientCa) data['client-ca-file'] = clientCa;
    const proxyCa = this.#bundle(before['requestheader-client-ca-file'], info.requestHeaderCa);
    if (!proxyCa) return data;
    const texts = (key: string, own: readonly string[]): string[] => [
      ...new Set([...textsOf(before[key]), ...own]),
    ];
    const put = (key: string, own: readonly string[]): void => {
      data[key] = JSON.stringify(texts(key, own));
    };
    put('requestheader-username-headers', info.usernameHeaders);
    if (texts('requestheader-uid-headers', info.uidHeaders).length)
      put('requestheader-uid-headers', info.uidHeaders);
    put('requestheader-group-headers', info.groupHeaders);
    put('requestheader-extra-headers-prefix', info.extraHeadersPrefixes);
    data['requestheader-client-ca-file'] = proxyCa;
    put('requestheader-allowed-names', info.allowedNames);
    return data;
  }

  /** The certificates of both bundles, each once, without those that have expired. */
  #bundle(...bundles: readonly (string | undefined)[]): string {
    const seen = new Map<string, string>();
    for (const { type, der } of bundles.flatMap((bundle) => pemBlocks(bundle ?? ''))) {
      if (type !== 'CERTIFICATE') continue;
      const certificate = certificateOf(der);
      if (certificate && Date.parse(certificate.validTo) > this.#now())
        seen.set(certificate.fingerprint256, certificate.toString());
    }
    return [...seen.values()].join('');
  }
}

/** Undefined for what is none: somebody wrote it into the ConfigMap by hand. */
function certificateOf(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** A list as JSON text; what is none was not written by an API server, and is put right. */
function textsOf(json: string | undefined): string[] {
  if (!json) return [];
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
  } catch {
    return [];
  }
}
