import type { KubeObject } from '../meta/object.ts';
import type { UserInfo } from '../meta/user.ts';

/** What a create that stores nothing of its own knows of its request. */
export interface VirtualContext {
  /** After impersonation. */
  user: UserInfo;
  /** Empty outside a namespace. */
  namespace: string;
  /** The parent's name for a subresource (`serviceaccounts/NAME/token`), else empty. */
  name: string;
  /** Milliseconds since 1970. */
  now: number;
  dryRun: boolean;
  warn(text: string): void;
  /** Adds an annotation to the audit event. */
  annotate(key: string, value: string): void;
  /** Runs the validating admission plugins over the object, a promise where one of them makes one; throws what refuses it. */
  admit(object: KubeObject): void | Promise<void>;
}

/**
 * A resource, or a subresource, whose create computes its answer: reviews, token requests, bindings, evictions.
 * The object is decoded, defaulted and through mutating admission. Failures are thrown as StatusError.
 */
export interface VirtualResource {
  create(object: KubeObject, context: VirtualContext): Promise<KubeObject>;
}
