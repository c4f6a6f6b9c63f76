import type { Facts } from '../explain/verdict.ts';
import type { GroupVersionKind, GroupVersionResource, KubeObject } from '../meta/object.ts';
import type { StatusError } from '../meta/status.ts';
import type { UserInfo } from '../meta/user.ts';
import type { ResourceVersion } from '../registry/admission-hook.ts';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What is asked of admission plugins (apiserver pkg/admission/interfaces.go, Attributes). */
export interface AdmissionAttributes {
  operation: AdmissionOperation;
  kind: GroupVersionKind;
  resource: GroupVersionResource;
  subresource: string;
  namespace: string;
  /** The version that the client uses, where `kind` and `resource` are of another. */
  requested?: ResourceVersion;
  /** Empty on a create whose name the server will make. */
  name: string;
  /** The object as it would be stored; plugins of the mutating phase change it in place. Absent on DELETE. */
  object?: KubeObject;
  /** The object as it is stored. Absent on CREATE. */
  oldObject?: KubeObject;
  /** CreateOptions, UpdateOptions, PatchOptions or DeleteOptions as the request carried them. */
  options: Record<string, unknown>;
  dryRun: boolean;
  user: UserInfo;
  /** Milliseconds since 1970. */
  now: number;
  /** Adds a `Warning: 299` header to the answer. */
  warn(text: string): void;
  /** Adds an annotation to the audit event. */
  annotate(key: string, value: string): void;
  /** Only in the mutating phase. */
  reinvocation?: Reinvocation;
}

/** What plugins of the mutating phase leave for its second run, should there be one (apiserver pkg/admission/reinvocation.go). */
export interface Reinvocation {
  /** The phase runs for the second time. */
  again: boolean;
  /** Set by a plugin that has changed the object after another had looked at it. */
  wanted: boolean;
  /** By plugin name. */
  readonly notes: Map<string, unknown>;
}

/** What a plugin says: nothing to object, or changed in place, or refused with the answer the client gets. */
export type PluginVerdict =
  | { outcome: 'accepted'; code?: string; facts?: Facts }
  | { outcome: 'changed'; code: string; facts?: Facts }
  | { outcome: 'denied'; code: string; facts: Facts; error: StatusError };

export const ACCEPTED: PluginVerdict = { outcome: 'accepted' };

/** One admission plugin, by the name `--enable-admission-plugins` knows it by. */
export interface AdmissionPlugin {
  readonly name: string;
  /** The resources it has to do with, as `pods` or `deployments.apps`; absent: all. It is asked about no others. */
  readonly resources?: readonly string[];
  handles(operation: AdmissionOperation): boolean;
  /** The mutating phase. */
  admit?(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict>;
  /** The validating phase; must not change the object. */
  validate?(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict>;
}
