import type { GroupVersionKind, GroupVersionResource, KubeObject } from '../meta/object.ts';

/** One version of a resource. */
export interface ResourceVersion {
  kind: GroupVersionKind;
  resource: GroupVersionResource;
}

/** What the registry tells admission of a write; the door adds who asks and when. */
export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  kind: GroupVersionKind;
  resource: GroupVersionResource;
  subresource: string;
  namespace: string;
  name: string;
  object?: KubeObject;
  oldObject?: KubeObject;
  options: Record<string, unknown>;
  dryRun: boolean;
  /** The version that the client uses, where objects are shown here in another. */
  requested?: ResourceVersion;
}

/** The admission chain as the registry calls it. A refusal is thrown as the StatusError the client gets. */
export interface AdmissionHook {
  /** The mutating phase: may change `object` in place. */
  mutate(request: AdmissionRequest): void | Promise<void>;
  /** The validating phase. */
  validate(request: AdmissionRequest): void | Promise<void>;
}
