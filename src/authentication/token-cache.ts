import { hash, randomBytes } from 'node:crypto';
import type { AuthenticationVerdict } from '../explain/verdict.ts';
import type { GroupResource, KubeObject } from '../meta/object.ts';
import type { Lister, ObjectChange } from '../registry/lister.ts';
import type { TokenAuthenticator, TokenContext } from './authenticator.ts';

export interface TokenCacheOptions {
  /** How long a good answer holds, in milliseconds. kube-apiserver: 10 s. Not prolonged by use. */
  successTtlMs?: number;
  /** At most so many answers; the oldest go first. */
  capacity?: number;
  /** Bytes mixed into each key, so that keys say nothing of tokens. */
  secret?: Uint8Array;
}

interface Remembered {
  key: string;
  verdict: AuthenticationVerdict;
  expires: number;
  warnings: readonly string[];
  annotations: readonly (readonly [string, string])[];
}

/** A look-up on its way: what it rests on, and whether that has changed meanwhile. */
interface Lookup {
  key: string;
  restsOn: string[];
  stale: boolean;
  warnings: string[];
  annotations: [string, string][];
}

const DEFAULT_TTL_MS = 10_000;
const DEFAULT_CAPACITY = 32_768;

/**
 * Remembers good answers of the token authenticators for a short time, with their warnings and audit annotations; bad
 * ones never (apiserver pkg/authentication/token/cache). Beyond kube-apiserver an answer is forgotten the moment an
 * object that it rests on goes or changes: see `follow`. Tokens are kept as keyed hashes only.
 */
export class TokenCache implements TokenAuthenticator {
  readonly name: string;
  readonly #inner: TokenAuthenticator;
  readonly #ttl: number;
  readonly #capacity: number;
  readonly #secret: string;
  readonly #answers = new Map<string, Remembered>();
  readonly #inFlight = new Map<string, Promise<AuthenticationVerdict>>();
  /** From an object to what rests on it, answered or being looked up. */
  readonly #dependents = new Map<string, Set<Lookup>>();
  readonly #lookups = new Map<string, Lookup>();
  /** Look-ups on their way, which `clear` keeps from being remembered. */
  readonly #running = new Set<Lookup>();
  readonly #prefixes = new WeakMap<readonly string[], string>();

  constructor(inner: TokenAuthenticator, options: TokenCacheOptions = {}) {
    this.name = inner.name;
    this.#inner = inner;
    this.#ttl = options.successTtlMs ?? DEFAULT_TTL_MS;
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY;
    this.#secret = Buffer.from(options.secret ?? randomBytes(32)).toString('base64');
  }

  /** How many answers are remembered, run out ones not yet dropped included. */
  get size(): number {
    return this.#answers.size;
  }

  authenticateToken(
    token: string,
    context: TokenContext,
    asked?: AuthenticationVerdict[],
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    if (this.#ttl <= 0) return this.#inner.authenticateToken(token, context, asked);
    const key = this.#shownKey(token, context);
    const known = this.#answers.get(key);
    if (known) {
      if (context.now < known.expires) return replay(known, context);
      this.#forget(key);
    }
    const running = this.#inFlight.get(key);
    if (running) {
      return running.then((verdict) => {
        const now = this.#answers.get(key);
        if (now && verdict.verdict === 'authenticated') replay(now, context);
        return verdict;
      });
    }
    return this.#lookUp(key, token, context, asked);
  }

  #lookUp(
    key: string,
    token: string,
    context: TokenContext,
    asked: AuthenticationVerdict[] | undefined,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    const lookup: Lookup = { key, restsOn: [], stale: false, warnings: [], annotations: [] };
    const own: TokenContext = {
      audiences: context.audiences,
      now: context.now,
      warn: (text) => {
        lookup.warnings.push(text);
        context.warn(text);
      },
      annotate: (name, value) => {
        lookup.annotations.push([name, value]);
        context.annotate?.(name, value);
      },
      restsOn: (resource, namespace, name) => this.#rest(lookup, resource, namespace, name),
    };
    const verdict = this.#inner.authenticateToken(token, own, asked);
    if (!(verdict instanceof Promise)) return this.#keep(lookup, verdict, context.now);
    this.#running.add(lookup);
    const settled = verdict.then(
      (v) => this.#keep(lookup, v, context.now),
      (error: unknown) => {
        this.#release(lookup);
        throw error;
      },
    );
    const shared = settled.finally(() => {
      this.#running.delete(lookup);
      if (this.#inFlight.get(key) === shared) this.#inFlight.delete(key);
    });
    this.#inFlight.set(key, shared);
    return shared;
  }

  #keep(lookup: Lookup, verdict: AuthenticationVerdict, now: number): AuthenticationVerdict {
    if (verdict.verdict !== 'authenticated' || lookup.stale) {
      this.#release(lookup);
      return verdict;
    }
    this.#makeRoom(now);
    this.#forget(lookup.key);
    this.#answers.set(lookup.key, {
      key: lookup.key,
      verdict,
      expires: now + this.#ttl,
      warnings: lookup.warnings,
      annotations: lookup.annotations,
    });
    this.#lookups.set(lookup.key, lookup);
    return verdict;
  }

  /** Answers run out in the order in which they were given, so that those to drop stand first. */
  #makeRoom(now: number): void {
    for (const [key, answer] of this.#answers) {
      if (answer.expires > now && this.#answers.size < this.#capacity) return;
      this.#forget(key);
    }
  }

  #rest(lookup: Lookup, resource: string, namespace: string, name: string): void {
    const id = objectId(resource, namespace, name);
    lookup.restsOn.push(id);
    let dependents = this.#dependents.get(id);
    if (!dependents) {
      dependents = new Set();
      this.#dependents.set(id, dependents);
    }
    dependents.add(lookup);
  }

  #release(lookup: Lookup): void {
    for (const id of lookup.restsOn) {
      const dependents = this.#dependents.get(id);
      dependents?.delete(lookup);
      if (dependents?.size === 0) this.#dependents.delete(id);
    }
  }

  #forget(key: string): void {
    this.#answers.delete(key);
    const lookup = this.#lookups.get(key);
    if (!lookup) return;
    this.#lookups.delete(key);
    this.#release(lookup);
  }

  /** Forgets every answer that rests on this object, and keeps those on their way from being remembered. */
  invalidate(resource: string, namespace: string, name: string): void {
    const dependents = this.#dependents.get(objectId(resource, namespace, name));
    if (!dependents) return;
    for (const lookup of [...dependents]) {
      lookup.stale = true;
      if (this.#lookups.get(lookup.key) === lookup) this.#forget(lookup.key);
    }
  }

  /**
   * Forgets everything: keys, token files or the authentication configuration were replaced. What is on its way is
   * neither remembered nor shared with who asks from now on.
   */
  clear(): void {
    this.#inFlight.clear();
    for (const lookup of this.#running) lookup.stale = true;
    for (const dependents of this.#dependents.values()) for (const lookup of dependents) lookup.stale = true;
    this.#answers.clear();
    this.#lookups.clear();
    this.#dependents.clear();
  }

  /** Forgets answers as the objects of this resource go or change. Returns the way to stop. */
  follow(resource: GroupResource, lister: Lister): () => void {
    return lister.onChange((change) => {
      if (!matters(resource.resource, change)) return;
      const { namespace, name } = change.object.metadata;
      this.invalidate(resource.resource, namespace ?? '', name ?? '');
    });
  }

  #shownKey(token: string, { audiences, shown }: TokenContext): string {
    // Another authenticator may have found another token in the same request.
    if (shown?.token !== token) return this.#key(token, audiences);
    const known = shown.key;
    if (known && known.cache === this && known.audiences === audiences) return known.text;
    const text = this.#key(token, audiences);
    shown.key = { cache: this, audiences, text };
    return text;
  }

  #key(token: string, audiences: readonly string[]): string {
    let prefix = this.#prefixes.get(audiences);
    if (prefix === undefined) {
      prefix = `${this.#secret}${JSON.stringify(audiences)}\n`;
      this.#prefixes.set(audiences, prefix);
    }
    return hash('sha256', prefix + token, 'base64');
  }
}

function replay(answer: Remembered, context: TokenContext): AuthenticationVerdict {
  for (const text of answer.warnings) context.warn(text);
  for (const [name, value] of answer.annotations) context.annotate?.(name, value);
  return answer.verdict;
}

/**
 * Pods and Nodes change all the time in ways no token depends on; a new object can only matter where an older one of
 * the name was relied on, whose end was seen already.
 */
function matters(resource: string, change: ObjectChange): boolean {
  if (change.type === 'ADDED') return false;
  if (change.type === 'DELETED' || (resource !== 'pods' && resource !== 'nodes')) return true;
  return life(change.object) !== life(change.previous);
}

const life = (object: KubeObject): string =>
  `${object.metadata.uid} ${object.metadata.deletionTimestamp ?? ''}`;

const objectId = (resource: string, namespace: string, name: string): string =>
  `${resource}/${namespace}/${name}`;
