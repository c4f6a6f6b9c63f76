import { podSecretNames } from '../controllers/pod-secret-names.ts';
import { systemWait, type Wait } from '../controllers/work-queue.ts';
import type { Facts } from '../explain/verdict.ts';
import { serviceAccountAdmissionWords } from '../explain/words/service-account-admission.ts';
import type { Fields, KubeObject } from '../meta/object.ts';
import { forbiddenError, isStatus, unknownError } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import { ACCEPTED, type AdmissionAttributes, type AdmissionPlugin, type PluginVerdict } from './plugin.ts';
import { mountToken } from './service-account-token.ts';

const SERVICE_ACCOUNTS = { group: '', resource: 'serviceaccounts' };
const DEFAULT_ACCOUNT = 'default';
const MIRROR_POD = 'kubernetes.io/config.mirror';
const ENFORCE_MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';
/** The account `default` is made by a controller, perhaps only just now. */
const DEFAULT_ATTEMPTS = 10;
/** What Go's strconv.ParseBool takes for true. */
const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);

export interface ServiceAccountPluginOptions {
  client: ObjectClient;
  /** In [0, 1). */
  random?: () => number;
  wait?: Wait;
}

/**
 * Gives pods their ServiceAccount and its token, and keeps them to the Secrets it may use
 * (plugin/pkg/admission/serviceaccount/admission.go).
 */
export class ServiceAccountPlugin implements AdmissionPlugin {
  readonly name = 'ServiceAccount';
  readonly resources: readonly string[] = ['pods'];
  readonly #client: ObjectClient;
  readonly #random: () => number;
  readonly #wait: Wait;

  constructor(options: ServiceAccountPluginOptions) {
    this.#client = options.client;
    this.#random = options.random ?? Math.random;
    this.#wait = options.wait ?? systemWait;
  }

  handles(operation: AdmissionAttributes['operation']): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  async admit(attributes: AdmissionAttributes): Promise<PluginVerdict> {
    const pod = podOf(attributes);
    if (!pod || attributes.operation !== 'CREATE') return ACCEPTED;
    if (isMirror(pod)) return this.#judge(pod, attributes);
    const spec = specOf(pod);
    const name: string = spec.serviceAccountName || spec.serviceAccount || DEFAULT_ACCOUNT;
    spec.serviceAccountName = name;
    spec.serviceAccount = name;
    const account = await this.#account(attributes.namespace, name);
    if (!account)
      return denied(attributes, 'SERVICE_ACCOUNT_MISSING', { namespace: attributes.namespace, name });
    if (shouldMount(account, spec)) mountToken(spec, this.#random);
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      spec.imagePullSecrets = account.imagePullSecrets.map(({ name: secret }: Fields) =>
        secret ? { name: secret } : {},
      );
    }
    const verdict = this.#limits(account, spec, attributes);
    return (
      verdict ?? {
        outcome: 'changed',
        code: 'SERVICE_ACCOUNT_SET',
        facts: { namespace: attributes.namespace, name },
      }
    );
  }

  async validate(attributes: AdmissionAttributes): Promise<PluginVerdict> {
    const pod = podOf(attributes);
    if (!pod) return ACCEPTED;
    if (attributes.operation === 'UPDATE' && attributes.subresource === 'ephemeralcontainers') {
      return this.#judgeEphemeral(pod, attributes);
    }
    return attributes.operation === 'CREATE' ? this.#judge(pod, attributes) : ACCEPTED;
  }

  async #judge(pod: KubeObject, attributes: AdmissionAttributes): Promise<PluginVerdict> {
    const spec = specOf(pod);
    if (isMirror(pod)) return judgeMirror(spec, attributes);
    const found = await this.#accountOf(pod, attributes);
    if ('outcome' in found) return found;
    return this.#limits(found.account, spec, attributes) ?? ACCEPTED;
  }

  async #judgeEphemeral(pod: KubeObject, attributes: AdmissionAttributes): Promise<PluginVerdict> {
    const found = await this.#accountOf(pod, attributes);
    if ('outcome' in found) return found;
    const { account } = found;
    if (!enforces(account)) return ACCEPTED;
    const fault = containerFault(
      'ephemeral container',
      specOf(pod).ephemeralContainers,
      mountable(account),
      account,
    );
    if (!fault) return ACCEPTED;
    // kube-apiserver forgets to call this a 403.
    const error = unknownError(serviceAccountAdmissionWords[fault.code]!(fault.facts));
    return { outcome: 'denied', ...fault, error };
  }

  async #accountOf(
    pod: KubeObject,
    attributes: AdmissionAttributes,
  ): Promise<PluginVerdict | { account: KubeObject }> {
    const { namespace } = attributes;
    const spec = specOf(pod);
    const name: string = spec.serviceAccountName || spec.serviceAccount || '';
    if (name === '')
      return denied(attributes, 'SERVICE_ACCOUNT_NONE', { namespace, pod: pod.metadata.name ?? '' });
    const account = await this.#account(namespace, name);
    return account ? { account } : denied(attributes, 'SERVICE_ACCOUNT_MISSING', { namespace, name });
  }

  #limits(account: KubeObject, spec: Fields, attributes: AdmissionAttributes): PluginVerdict | undefined {
    if (!enforces(account)) return undefined;
    const fault = referenceFault(account, spec);
    return fault && denied(attributes, fault.code, fault.facts);
  }

  /** From the watch cache, or the store; `default` is waited for. */
  async #account(namespace: string, name: string): Promise<KubeObject | undefined> {
    const cached = this.#client.lister(SERVICE_ACCOUNTS)?.get(namespace, name);
    if (cached) return cached;
    const attempts = name === DEFAULT_ACCOUNT ? DEFAULT_ATTEMPTS : 1;
    const interval = 100 + Math.floor(this.#random() * 100);
    for (let i = 0; i < attempts; i++) {
      if (i > 0) await new Promise<void>((then) => this.#wait(interval, then));
      try {
        return await this.#client.get(SERVICE_ACCOUNTS, namespace, name);
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error;
      }
    }
    return undefined;
  }
}

interface Fault {
  code: string;
  facts: Facts;
}

function podOf({ resource, subresource, object }: AdmissionAttributes): KubeObject | undefined {
  if (resource.group !== '' || resource.resource !== 'pods') return undefined;
  return subresource === '' || subresource === 'ephemeralcontainers' ? object : undefined;
}

function specOf(pod: KubeObject): Fields {
  pod.spec ??= {};
  return pod.spec;
}

const isMirror = (pod: KubeObject): boolean => pod.metadata.annotations?.[MIRROR_POD] !== undefined;

const enforces = (account: KubeObject): boolean =>
  TRUE.has(account.metadata.annotations?.[ENFORCE_MOUNTABLE] ?? '');

const mountable = (account: KubeObject): Set<string> =>
  new Set((account.secrets ?? []).map(({ name }: Fields) => name ?? ''));

/** The pod's wish goes before the account's; without either the token is mounted. */
function shouldMount(account: KubeObject, spec: Fields): boolean {
  return spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
}

/** A mirror pod is the image of one that a kubelet started by itself: it has no account and nothing of one. */
function judgeMirror(spec: Fields, attributes: AdmissionAttributes): PluginVerdict {
  if (spec.serviceAccountName || spec.serviceAccount)
    return denied(attributes, 'SERVICE_ACCOUNT_MIRROR_ACCOUNT', {});
  if (podSecretNames(spec).size) return denied(attributes, 'SERVICE_ACCOUNT_MIRROR_SECRET', {});
  for (const volume of spec.volumes ?? []) {
    if (volume.projected?.sources?.some((source: Fields) => source.serviceAccountToken)) {
      return denied(attributes, 'SERVICE_ACCOUNT_MIRROR_TOKEN', {});
    }
  }
  return ACCEPTED;
}

/** The first Secret that the pod refers to and its account does not list. */
function referenceFault(account: KubeObject, spec: Fields): Fault | undefined {
  const secrets = mountable(account);
  const own = account.metadata.name ?? '';
  for (const volume of spec.volumes ?? []) {
    const secret = volume.secret && (volume.secret.secretName ?? '');
    if (secret !== undefined && !secrets.has(secret)) {
      return { code: 'SERVICE_ACCOUNT_VOLUME_SECRET', facts: { secret, account: own } };
    }
  }
  const inContainers =
    containerFault('init container', spec.initContainers, secrets, account) ??
    containerFault('container', spec.containers, secrets, account);
  if (inContainers) return inContainers;
  const pull = new Set((account.imagePullSecrets ?? []).map(({ name }: Fields) => name ?? ''));
  for (const [index, { name = '' }] of (spec.imagePullSecrets ?? []).entries()) {
    if (!pull.has(name))
      return { code: 'SERVICE_ACCOUNT_PULL_SECRET', facts: { index, secret: name, account: own } };
  }
  return undefined;
}

function containerFault(
  kind: string,
  containers: Fields[] | undefined,
  secrets: ReadonlySet<string>,
  { metadata }: KubeObject,
): Fault | undefined {
  const account = metadata.name ?? '';
  for (const container of containers ?? []) {
    for (const variable of container.env ?? []) {
      const reference = variable.valueFrom?.secretKeyRef;
      if (!reference || secrets.has(reference.name ?? '')) continue;
      const facts = {
        kind,
        container: container.name,
        variable: variable.name,
        secret: reference.name ?? '',
        account,
      };
      return { code: 'SERVICE_ACCOUNT_ENV_SECRET', facts };
    }
    for (const { secretRef } of container.envFrom ?? []) {
      if (!secretRef || secrets.has(secretRef.name ?? '')) continue;
      const facts = { kind, container: container.name, secret: secretRef.name ?? '', account };
      return { code: 'SERVICE_ACCOUNT_ENV_FROM_SECRET', facts };
    }
  }
  return undefined;
}

function denied(attributes: AdmissionAttributes, code: string, facts: Facts): PluginVerdict {
  const { group, resource } = attributes.resource;
  const { name = '', generateName = '' } = attributes.object?.metadata ?? {};
  const error = forbiddenError(
    { group, resource },
    attributes.name || name || generateName || 'Unknown!',
    serviceAccountAdmissionWords[code]!(facts),
  );
  return { outcome: 'denied', code, facts, error };
}
