import { deepEqual } from '../../meta/deep-equal.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import type { Lister, ObjectChange } from '../../registry/lister.ts';
import { podReferences, type Reference, volumeSecretReferences } from './references.ts';

export type VertexType = Reference['type'] | 'pod' | 'pv' | 'volumeattachment' | 'resourceslice';

/** Where the graph's edges come from; kinds that are not served are absent. */
export interface GraphSource {
  pods: Lister;
  persistentvolumes: Lister;
  volumeattachments?: Lister | undefined;
  resourceslices?: Lister | undefined;
}

/** How many edges lead from each object to each node. */
class NodeIndex {
  readonly #nodes = new Map<string, Map<string, number>>();

  add(vertex: string, node: string): void {
    let nodes = this.#nodes.get(vertex);
    if (!nodes) {
      nodes = new Map();
      this.#nodes.set(vertex, nodes);
    }
    nodes.set(node, (nodes.get(node) ?? 0) + 1);
  }

  remove(vertex: string, node: string): void {
    const nodes = this.#nodes.get(vertex);
    const count = nodes?.get(node);
    if (!nodes || count === undefined) return;
    if (count > 1) nodes.set(node, count - 1);
    else nodes.delete(node);
    if (nodes.size === 0) this.#nodes.delete(vertex);
  }

  has(vertex: string, node: string): boolean {
    return this.#nodes.get(vertex)?.has(node) ?? false;
  }
}

/**
 * Which objects belong to which node: by pods bound to it, by volumes bound to their claims, by attachments and slices
 * naming it (plugin/pkg/auth/authorizer/node/graph.go). Follows its source.
 */
export class NodeGraph {
  readonly #index = new NodeIndex();
  /** Per pod, attachment or slice: the edges it brought, to be taken away with it. */
  readonly #edges = new Map<string, { node: string; vertices: string[] }>();
  readonly #claimOfVolume = new Map<string, string>();
  readonly #secretsOfVolume = new Map<string, string[]>();
  readonly #volumesOfSecret = new Map<string, Set<string>>();
  readonly #stops: (() => void)[] = [];

  constructor(source: GraphSource) {
    this.#follow(source.pods, (change) => this.#podChanged(change));
    this.#follow(source.persistentvolumes, (change) => this.#volumeChanged(change));
    this.#follow(source.volumeattachments, (change) => this.#namesNode('volumeattachment', change));
    this.#follow(source.resourceslices, (change) => this.#namesNode('resourceslice', change));
  }

  /** Stops following the source. */
  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** Whether an object belongs to a node. */
  leadsTo(node: string, type: VertexType, namespace: string, name: string): boolean {
    const vertex = key(type, namespace, name);
    if (this.#index.has(vertex, node)) return true;
    if (type === 'pv') return this.#volumeLeadsTo(node, name);
    if (type !== 'secret') return false;
    for (const volume of this.#volumesOfSecret.get(vertex) ?? [])
      if (this.#volumeLeadsTo(node, volume)) return true;
    return false;
  }

  #volumeLeadsTo(node: string, volume: string): boolean {
    const claim = this.#claimOfVolume.get(volume);
    return claim !== undefined && this.#index.has(claim, node);
  }

  #follow(lister: Lister | undefined, handler: (change: ObjectChange) => void): void {
    if (!lister) return;
    this.#stops.push(lister.onChange(handler));
    for (const object of lister.list()) handler({ type: 'ADDED', object });
  }

  #podChanged({ type, object: pod, previous }: ObjectChange): void {
    const node: string = pod['spec']?.nodeName ?? '';
    if (node === '') return;
    if (type === 'MODIFIED' && hasSameReferences(pod, previous)) return;
    const { namespace = '', name = '' } = pod.metadata;
    const self = key('pod', namespace, name);
    const vertices =
      type === 'DELETED' ? [] : [self, ...podReferences(pod).map((r) => key(r.type, namespace, r.name))];
    this.#setEdges(self, node, vertices);
  }

  #namesNode(kind: 'volumeattachment' | 'resourceslice', { type, object }: ObjectChange): void {
    const self = key(kind, '', object.metadata.name ?? '');
    const node: string = object['spec']?.nodeName ?? '';
    this.#setEdges(self, node, type === 'DELETED' || node === '' ? [] : [self]);
  }

  #setEdges(owner: string, node: string, vertices: string[]): void {
    const before = this.#edges.get(owner);
    for (const vertex of before?.vertices ?? []) this.#index.remove(vertex, before!.node);
    for (const vertex of vertices) this.#index.add(vertex, node);
    if (vertices.length) this.#edges.set(owner, { node, vertices });
    else this.#edges.delete(owner);
  }

  #volumeChanged({ type, object }: ObjectChange): void {
    const name = object.metadata.name ?? '';
    for (const secret of this.#secretsOfVolume.get(name) ?? []) {
      const volumes = this.#volumesOfSecret.get(secret);
      volumes?.delete(name);
      if (volumes?.size === 0) this.#volumesOfSecret.delete(secret);
    }
    this.#secretsOfVolume.delete(name);
    this.#claimOfVolume.delete(name);
    const claim: Fields | undefined = object['spec']?.claimRef;
    if (type === 'DELETED' || !claim) return;
    this.#claimOfVolume.set(name, key('pvc', claim['namespace'] ?? '', claim['name'] ?? ''));
    const secrets = volumeSecretReferences(object).map((s) => key('secret', s.namespace, s.name));
    this.#secretsOfVolume.set(name, secrets);
    for (const secret of secrets) {
      const volumes = this.#volumesOfSecret.get(secret);
      if (volumes) volumes.add(name);
      else this.#volumesOfSecret.set(secret, new Set([name]));
    }
  }
}

const key = (type: VertexType, namespace: string, name: string): string => `${type}/${namespace}/${name}`;

/** All a pod refers to is fixed once it is bound, but for ephemeral containers and claims made for it. */
function hasSameReferences(pod: KubeObject, before: KubeObject): boolean {
  return (
    pod.metadata.uid === before.metadata.uid &&
    pod['spec']?.nodeName === before['spec']?.nodeName &&
    (pod['spec']?.ephemeralContainers?.length ?? 0) === (before['spec']?.ephemeralContainers?.length ?? 0) &&
    deepEqual(pod['status']?.resourceClaimStatuses, before['status']?.resourceClaimStatuses) &&
    deepEqual(pod['status']?.extendedResourceClaimStatus, before['status']?.extendedResourceClaimStatus)
  );
}
