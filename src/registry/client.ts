import type { GroupResource, KubeObject } from '../meta/object.ts';
import type { Lister } from './lister.ts';

export interface DeleteOptions {
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
}

/**
 * The API as the server's own parts use it: through admission and validation like any request, without the doors
 * before them. Failures are StatusError. Objects given and returned carry apiVersion and kind.
 */
export interface ObjectClient {
  /** The watch cache of a resource; undefined for a resource that is not served. */
  lister(resource: GroupResource): Lister | undefined;
  get(resource: GroupResource, namespace: string, name: string): Promise<KubeObject>;
  list(resource: GroupResource, namespace?: string): Promise<KubeObject[]>;
  create(resource: GroupResource, namespace: string, object: KubeObject): Promise<KubeObject>;
  /**
   * Reads, lets `change` alter its copy in place, and writes; again where somebody else wrote in between, up to
   * five times. `change` returning false leaves the object as it is.
   */
  update(
    resource: GroupResource,
    namespace: string,
    name: string,
    change: (object: KubeObject) => boolean | undefined,
    subresource?: string,
  ): Promise<KubeObject>;
  delete(resource: GroupResource, namespace: string, name: string, options?: DeleteOptions): Promise<void>;
}
