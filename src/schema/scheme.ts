import { quote } from '../meta/go-quote.ts';
import type { GroupVersionKind } from '../meta/object.ts';
import { groupVersion } from '../meta/object.ts';
import registered from './data/registered-kinds.json' with { type: 'json' };
import { typeTable } from './type-table.ts';

/** What kube-apiserver's scheme says of kinds: which are known, and which are the same kind inside. */

/** Kinds that every group version has (metav1.AddToGroupVersion). */
const EVERYWHERE = new Set([
  'WatchEvent',
  'ListOptions',
  'GetOptions',
  'DeleteOptions',
  'CreateOptions',
  'UpdateOptions',
  'PatchOptions',
]);

let others: Map<string, Set<string>> | undefined;

/** Whether the kind is registered, be it in a version that is not served. */
export function isRegistered(gvk: GroupVersionKind): boolean {
  if (typeTable.nameOfKind(gvk) !== undefined) return true;
  others ??= new Map(
    Object.entries(registered).map(([gv, kinds]) => [gv, new Set((kinds as string).split(' '))]),
  );
  if (others.get(groupVersion(gvk))?.has(gvk.kind)) return true;
  return (
    EVERYWHERE.has(gvk.kind) && (others.has(groupVersion(gvk)) || builtInVersions().has(groupVersion(gvk)))
  );
}

let versions: Set<string> | undefined;
function builtInVersions(): Set<string> {
  versions ??= new Set(typeTable.allKinds().map((gvk) => groupVersion(gvk)));
  return versions;
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  Ingress: 'networking',
  IngressList: 'networking',
  NetworkPolicy: 'networking',
  NetworkPolicyList: 'networking',
};

/** The Go type that a kind has inside the server, `core.ConfigMap`: kinds with the same one convert into each other. */
export function internalType({ group, kind }: { group: string; kind: string }): string {
  if (kind === 'Scale') return 'autoscaling.Scale';
  if (group === '') return `core.${kind}`;
  if (group === 'events.k8s.io') return `core.${kind}`;
  if (group === 'extensions') return `${EXTENSIONS[kind] ?? 'apps'}.${kind}`;
  return `${group.slice(0, group.includes('.') ? group.indexOf('.') : undefined)}.${kind}`;
}

/** Where the scheme that serves a group stands in kube-apiserver's source; its error texts name it. */
export function schemeName(group: string): string {
  if (group === 'apiextensions.k8s.io') return 'k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55';
  if (group === 'apiregistration.k8s.io') return 'k8s.io/kube-aggregator/pkg/apiserver/scheme/scheme.go:28';
  return 'pkg/api/legacyscheme/scheme.go:30';
}

export const META_INTERNAL_SCHEME = 'k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27';

/** Whether the scheme that serves one group knows the kinds of another. */
export function sameScheme(a: string, b: string): boolean {
  return schemeName(a) === schemeName(b);
}

/** runtime.NewNotRegisteredErrForKind. */
export function notRegistered(gvk: GroupVersionKind, scheme: string): string {
  if (gvk.version === '__internal') {
    return `no kind ${quote(gvk.kind)} is registered for the internal version of group ${quote(gvk.group)} in scheme ${quote(scheme)}`;
  }
  if (gvk.kind === '')
    return `no version ${quote(groupVersion(gvk))} has been registered in scheme ${quote(scheme)}`;
  return `no kind ${quote(gvk.kind)} is registered for version ${quote(groupVersion(gvk))} in scheme ${quote(scheme)}`;
}
