import { hash } from 'node:crypto';
import type { AuthorizationAttributes } from '../authorization/authorizer.ts';
import type { UserInfo } from '../meta/user.ts';
import type { WantedUser } from './headers.ts';

/** A user who may be impersonated, and the verb that allowed it; no constraint: the legacy mode. */
export interface Impersonated {
  user: UserInfo;
  constraint?: string;
}

const MODES_KEPT = 10_000;
const SUCCESSES_KEPT = 10_000;
const SUCCESS_MS = 10_000;

/** The mode that last let a caller, by name, impersonate somebody: it is tried first from then on. */
export class LastModes {
  readonly #modes = new Map<string, number>();

  get(caller: string): number | undefined {
    const mode = this.#modes.get(caller);
    if (mode !== undefined) this.set(caller, mode);
    return mode;
  }

  set(caller: string, mode: number): void {
    this.#modes.delete(caller);
    this.#modes.set(caller, mode);
    if (this.#modes.size > MODES_KEPT) this.#modes.delete(this.#modes.keys().next().value!);
  }
}

/** Successes of a mode, kept for 10 s; not prolonged by use. */
export class Successes {
  readonly #kept = new Map<string, { impersonated: Impersonated; expires: number }>();

  get(key: string | undefined, now: number): Impersonated | undefined {
    const found = key === undefined ? undefined : this.#kept.get(key);
    return found && now < found.expires ? found.impersonated : undefined;
  }

  set(key: string | undefined, impersonated: Impersonated, now: number): void {
    if (key === undefined) return;
    for (const [old, { expires }] of this.#kept) {
      if (expires > now && this.#kept.size < SUCCESSES_KEPT) break;
      this.#kept.delete(old);
    }
    this.#kept.delete(key);
    this.#kept.set(key, { impersonated, expires: now + SUCCESS_MS });
  }
}

/** The key of whom a caller wants to be. */
export function userKey(wanted: WantedUser, requestor: UserInfo): string {
  return digest([flat(wanted), flat(requestor)]);
}

/** The key of that together with the request made; undefined where its selectors are not fully understood. */
export function requestKey(wanted: WantedUser, a: AuthorizationAttributes): string | undefined {
  if (a.fieldSelector?.error !== undefined || a.labelSelector?.error !== undefined) return undefined;
  const request = [
    a.verb,
    a.namespace,
    a.resource,
    a.subresource,
    a.name,
    a.apiGroup,
    a.apiVersion,
    a.isResourceRequest,
    a.path,
  ];
  const selectors = [a.fieldSelector?.requirements ?? [], a.labelSelector?.requirements ?? []];
  return digest([flat(wanted), flat(a.user), request, selectors]);
}

/** A digest, as much of the content is the caller's and may be long. */
function digest(content: unknown): string {
  return hash('sha256', JSON.stringify(content), 'base64');
}

function flat(user: {
  name: string;
  uid?: string;
  groups: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}): unknown {
  const extra = user.extra ?? {};
  return [
    user.name,
    user.uid ?? '',
    user.groups,
    Object.keys(extra)
      .sort()
      .map((key) => [key, extra[key]]),
  ];
}
