/** How OpenAPI documents call types and groups. */

const HOMES: Readonly<Record<string, string>> = {
  meta: 'io.k8s.apimachinery.pkg.apis.meta',
  api: 'io.k8s.apimachinery.pkg.api',
  util: 'io.k8s.apimachinery.pkg.util',
  apiextensions: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  apiregistration: 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
};

/** `io.k8s.api.core.v1.Pod` of the table's `core/v1.Pod`. */
export function modelName(typeName: string): string {
  if (typeName.startsWith('runtime/')) return `io.k8s.apimachinery.pkg.runtime.${typeName.slice(8)}`;
  const [home, rest] = typeName.split('/') as [string, string];
  return `${HOMES[home] ?? `io.k8s.api.${home}`}.${rest}`;
}

/** `com.example.rest.v1.Gizmo`: a custom kind is named by its group turned round. */
export function customModelName(group: string, version: string, kind: string): string {
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

/** `rbacAuthorization_v1`: what the operations of a group version are filed under. */
export function tagName(group: string, version: string): string {
  const name = groupWord(group);
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}_${version}`;
}

/** `RbacAuthorizationV1`, as it stands in operation ids. */
export function operationWord(group: string, version: string): string {
  return `${groupWord(group)}${version.charAt(0).toUpperCase()}${version.slice(1)}`;
}

function groupWord(group: string): string {
  if (group === '') return 'Core';
  return group
    .replace(/\.k8s\.io$/, '')
    .split(/[.-]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}
