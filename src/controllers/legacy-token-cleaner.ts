import type { Clock } from '../meta/clock.ts';
import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Complaint, Controller } from './controller.ts';
import { INVALID_SINCE_LABEL, LAST_USED_LABEL } from './legacy-token-labels.ts';
import { isDate, TRACKING_CONFIG_MAP, TRACKING_KEY } from './legacy-token-tracking.ts';
import { podSecretNames } from './pod-secret-names.ts';
import {
  ACCOUNT_NAME_ANNOTATION,
  ACCOUNT_UID_ANNOTATION,
  refersTo,
  TOKEN_SECRET_TYPE,
} from './token-secrets.ts';
import { systemWait, type Wait } from './work-queue.ts';

const core = (resource: string) => ({ group: '', resource });
const DAY_MS = 86_400_000;

export interface LegacyTokenCleanerOptions {
  client: ObjectClient;
  clock: Clock;
  /** kube-controller-manager's `--legacy-service-account-token-clean-up-period`; default one year. */
  cleanUpPeriodMs?: number;
  /** Between two rounds; default a day. */
  intervalMs?: number;
  complain?: Complaint;
  wait?: Wait;
}

/**
 * Marks auto-generated legacy tokens that nobody used for long as invalid, and deletes their Secrets when nobody missed
 * them for as long again (pkg/controller/serviceaccount/legacy_serviceaccount_token_cleaner.go).
 */
export class LegacyTokenCleaner implements Controller {
  readonly name = 'legacy-serviceaccount-token-cleaner-controller';
  readonly #client: ObjectClient;
  readonly #clock: Clock;
  readonly #period: number;
  readonly #interval: number;
  readonly #complain: Complaint | undefined;
  readonly #wait: Wait;
  #callOff: (() => void) | undefined;
  #round: Promise<void> = Promise.resolve();
  #running = false;

  constructor(options: LegacyTokenCleanerOptions) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#period = options.cleanUpPeriodMs ?? 365 * DAY_MS;
    this.#interval = options.intervalMs ?? DAY_MS;
    this.#complain = options.complain;
    this.#wait = options.wait ?? systemWait;
  }

  start(): void {
    this.#running = true;
    const round = (): void => {
      this.#round = this.evaluate().catch((error: unknown) => this.#complain?.(this.name, '', error));
      void this.#round.then(() => {
        if (this.#running) this.#callOff = this.#wait(this.#interval, round);
      });
    };
    round();
  }

  stop(): Promise<void> {
    this.#running = false;
    this.#callOff?.();
    return this.#round;
  }

  /** One round over all token Secrets. */
  async evaluate(): Promise<void> {
    const now = this.#clock.now();
    const since = this.#client.lister(core('configmaps'))!.get('kube-system', TRACKING_CONFIG_MAP)?.data?.[
      TRACKING_KEY
    ];
    // Tracking counts from the end of the day on which it began.
    if (!isDate(since) || now < Date.parse(`${since}T00:00:00Z`) + DAY_MS + this.#period) return;
    const keepFrom = now - this.#period;
    const used = new Map<string, Set<string>>();
    for (const secret of this.#client.lister(core('secrets'))!.list()) {
      if (!this.#isUnused(secret, keepFrom, used)) continue;
      try {
        await this.#retire(secret, now, day(keepFrom));
      } catch (error) {
        const { namespace, name } = secret.metadata;
        if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) {
          this.#complain?.(this.name, `${namespace}/${name}`, error);
        }
      }
    }
  }

  #isUnused(secret: KubeObject, keepFrom: number, used: Map<string, Set<string>>): boolean {
    const { namespace = '', name = '', creationTimestamp, deletionTimestamp, labels = {} } = secret.metadata;
    if (secret.type !== TOKEN_SECRET_TYPE || deletionTimestamp) return false;
    if (!creationTimestamp || Date.parse(creationTimestamp) >= keepFrom) return false;
    const lastUsed = labels[LAST_USED_LABEL];
    if (lastUsed !== undefined && (!isDate(lastUsed) || lastUsed >= day(keepFrom))) return false;
    const account = this.#accountOf(secret);
    if (!account || !refersTo(account, name)) return false;
    let mounted = used.get(namespace);
    if (!mounted) {
      const pods = this.#client.lister(core('pods'))!.list(namespace);
      mounted = new Set(pods.flatMap((pod) => [...podSecretNames(pod.spec ?? {})]));
      used.set(namespace, mounted);
    }
    return !mounted.has(name);
  }

  #accountOf({ metadata }: KubeObject): KubeObject | undefined {
    const name = metadata.annotations?.[ACCOUNT_NAME_ANNOTATION];
    const uid = metadata.annotations?.[ACCOUNT_UID_ANNOTATION];
    const account = name
      ? this.#client.lister(core('serviceaccounts'))!.get(metadata.namespace ?? '', name)
      : undefined;
    return !uid || account?.metadata.uid === uid ? account : undefined;
  }

  async #retire(secret: KubeObject, now: number, keepFrom: string): Promise<void> {
    const { namespace = '', name = '', uid, resourceVersion, labels = {} } = secret.metadata;
    const invalidSince = labels[INVALID_SINCE_LABEL];
    if (!isDate(invalidSince)) {
      await this.#client.update(core('secrets'), namespace, name, (current) => {
        if (current.metadata.uid !== uid) return false;
        current.metadata.labels = { ...current.metadata.labels, [INVALID_SINCE_LABEL]: day(now) };
        return true;
      });
    } else if (invalidSince < keepFrom) {
      const preconditions = resourceVersion ? { preconditions: { resourceVersion } } : {};
      await this.#client.delete(core('secrets'), namespace, name, preconditions);
    }
  }
}

const day = (now: number): string => new Date(now).toISOString().slice(0, 10);
