import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Complaint, Controller } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

const SECRETS = { group: '', resource: 'secrets' };
const SERVICE_ACCOUNTS = { group: '', resource: 'serviceaccounts' };
const MAX_ATTEMPTS = 10;

export const TOKEN_SECRET_TYPE = 'kubernetes.io/service-account-token';
export const ACCOUNT_NAME_ANNOTATION = 'kubernetes.io/service-account.name';
export const ACCOUNT_UID_ANNOTATION = 'kubernetes.io/service-account.uid';

/** Makes the token of an account that is kept in a Secret. */
export type LegacyTokenMaker = (account: {
  namespace: string;
  name: string;
  uid: string;
  secret: string;
}) => string;

interface SecretKey {
  namespace: string;
  name: string;
  uid: string;
  account: string;
  /** Empty where the Secret does not say. */
  accountUid: string;
}

/**
 * Keeps Secrets that hold tokens of ServiceAccounts: fills them, deletes them with their account, and takes a Secret that
 * went out of its account's list (pkg/controller/serviceaccount/tokens_controller.go).
 */
export class TokenSecretsController implements Controller {
  readonly name = 'serviceaccount-token-controller';
  readonly #client: ObjectClient;
  readonly #makeToken: LegacyTokenMaker;
  #rootCa: string;
  readonly #accounts: WorkQueue;
  readonly #secrets: WorkQueue;
  readonly #stops: (() => void)[] = [];

  /** @param rootCa PEM; empty: Secrets get no ca.crt */
  constructor(client: ObjectClient, makeToken: LegacyTokenMaker, rootCa: string, complain?: Complaint) {
    this.#client = client;
    this.#makeToken = makeToken;
    this.#rootCa = Buffer.from(rootCa).toString('base64');
    const failed = (key: string, error: unknown): void => complain?.(this.name, key, error);
    this.#accounts = new WorkQueue({
      handle: (key) => this.#syncAccount(key),
      failed,
      maxAttempts: MAX_ATTEMPTS,
    });
    this.#secrets = new WorkQueue({
      handle: (key) => this.#syncSecret(key),
      failed,
      maxAttempts: MAX_ATTEMPTS,
    });
  }

  /** Puts another bundle into Secrets from now on, those that are there included. */
  publish(rootCa: string): void {
    this.#rootCa = Buffer.from(rootCa).toString('base64');
    for (const secret of this.#client.lister(SECRETS)!.list()) this.#addSecret(secret);
  }

  start(): void {
    const secrets = this.#client.lister(SECRETS)!;
    const accounts = this.#client.lister(SERVICE_ACCOUNTS)!;
    this.#stops.push(
      secrets.onChange(({ object }) => this.#addSecret(object)),
      accounts.onChange(({ type, object }) => {
        if (type === 'DELETED') this.#accounts.add(accountKey(object));
      }),
    );
    for (const secret of secrets.list()) this.#addSecret(secret);
    this.#secrets.start();
    this.#accounts.start();
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await Promise.all([this.#secrets.stop(), this.#accounts.stop()]);
  }

  #addSecret(secret: KubeObject): void {
    if (secret.type !== TOKEN_SECRET_TYPE) return;
    const { namespace = '', name = '', uid = '', annotations = {} } = secret.metadata;
    const account = annotations[ACCOUNT_NAME_ANNOTATION] ?? '';
    if (account === '') return;
    const key: SecretKey = {
      namespace,
      name,
      uid,
      account,
      accountUid: annotations[ACCOUNT_UID_ANNOTATION] ?? '',
    };
    this.#secrets.add(JSON.stringify(key));
  }

  async #syncAccount(key: string): Promise<void> {
    const [namespace, name, uid] = JSON.parse(key) as [string, string, string];
    if (this.#client.lister(SERVICE_ACCOUNTS)!.get(namespace, name)?.metadata.uid === uid) return;
    for (const secret of this.#client.lister(SECRETS)!.list(namespace)) {
      if (isTokenOf(secret, name, uid))
        await this.#delete(namespace, secret.metadata.name!, secret.metadata.uid ?? '');
    }
  }

  async #syncSecret(key: string): Promise<void> {
    const wanted = JSON.parse(key) as SecretKey;
    const { namespace, name, uid } = wanted;
    const secret = this.#client.lister(SECRETS)!.get(namespace, name);
    if (secret?.metadata.uid !== uid) {
      await this.#dropReference(wanted);
      return;
    }
    const account = await this.#account(wanted);
    if (!account) await this.#delete(namespace, name, uid);
    else if (!this.#isFilled(secret)) await this.#fill(wanted, account);
  }

  /** The account with the uid that the Secret names, asked of the store where the watch cache does not have it. */
  async #account({ namespace, account, accountUid }: SecretKey): Promise<KubeObject | undefined> {
    const fits = (found: KubeObject | undefined): boolean =>
      found !== undefined && (accountUid === '' || found.metadata.uid === accountUid);
    const cached = this.#client.lister(SERVICE_ACCOUNTS)!.get(namespace, account);
    if (fits(cached)) return cached;
    try {
      const stored = await this.#client.get(SERVICE_ACCOUNTS, namespace, account);
      return fits(stored) ? stored : undefined;
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #isFilled({ data = {} }: KubeObject): boolean {
    return Boolean(data.token && data.namespace) && (this.#rootCa === '' || data['ca.crt'] === this.#rootCa);
  }

  async #fill({ namespace, name, uid }: SecretKey, account: KubeObject): Promise<void> {
    const accountName = account.metadata.name ?? '';
    const accountUid = account.metadata.uid ?? '';
    try {
      await this.#client.update(SECRETS, namespace, name, (secret) => {
        if (secret.metadata.uid !== uid || this.#isFilled(secret)) return false;
        const data = { ...secret.data };
        if (this.#rootCa !== '') data['ca.crt'] = this.#rootCa;
        data.namespace ||= base64(namespace);
        data.token ||= base64(
          this.#makeToken({ namespace, name: accountName, uid: accountUid, secret: name }),
        );
        secret.data = data;
        secret.metadata.annotations = {
          ...secret.metadata.annotations,
          [ACCOUNT_NAME_ANNOTATION]: accountName,
          [ACCOUNT_UID_ANNOTATION]: accountUid,
        };
        return true;
      });
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }

  async #dropReference({ namespace, name, account, accountUid }: SecretKey): Promise<void> {
    const found = this.#client.lister(SERVICE_ACCOUNTS)!.get(namespace, account);
    if (!found || (accountUid !== '' && found.metadata.uid !== accountUid) || !refersTo(found, name)) return;
    try {
      await this.#client.update(SERVICE_ACCOUNTS, namespace, account, (current) => {
        if (current.metadata.uid !== found.metadata.uid || !refersTo(current, name)) return false;
        const left = (current.secrets as { name?: string }[]).filter((reference) => reference.name !== name);
        if (left.length) current.secrets = left;
        else delete current.secrets;
        return true;
      });
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }

  async #delete(namespace: string, name: string, uid: string): Promise<void> {
    try {
      await this.#client.delete(SECRETS, namespace, name, uid ? { preconditions: { uid } } : {});
    } catch (error) {
      if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) throw error;
    }
  }
}

/** Whether a Secret holds a token of this account; one that names no uid belongs to any account of the name. */
export function isTokenOf({ type, metadata }: KubeObject, account: string, uid: string): boolean {
  const annotations = metadata.annotations ?? {};
  if (type !== TOKEN_SECRET_TYPE || annotations[ACCOUNT_NAME_ANNOTATION] !== account) return false;
  const named = annotations[ACCOUNT_UID_ANNOTATION];
  return !named || named === uid;
}

/** Whether an account lists a Secret. */
export function refersTo(account: KubeObject, secret: string): boolean {
  return ((account.secrets ?? []) as { name?: string }[]).some((reference) => reference.name === secret);
}

function accountKey({ metadata }: KubeObject): string {
  return JSON.stringify([metadata.namespace ?? '', metadata.name ?? '', metadata.uid ?? '']);
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
