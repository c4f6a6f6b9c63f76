import { child, index } from '../../../meta/field-error.ts';
import type { Fields } from '../../../meta/object.ts';

/** All containers of a pod spec: init, then regular, then ephemeral ones (pkg/apis/core/pods/helpers.go). */
export function containersOf(spec: Fields): Fields[] {
  return [
    ...(spec['initContainers'] ?? []),
    ...(spec['containers'] ?? []),
    ...(spec['ephemeralContainers'] ?? []),
  ];
}

/** Calls `visit` for every container with its path, in the order of containersOf. */
export function visitContainers(
  spec: Fields,
  specPath: string,
  visit: (container: Fields, path: string) => void,
): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    const containers: Fields[] | undefined = spec[list];
    if (!containers?.length) continue;
    const path = child(specPath, list);
    containers.forEach((container, i) => {
      visit(container, index(path, i));
    });
  }
}

/** A sidecar: an init container that keeps running. */
export const restartsAlways = (container: Fields | undefined): boolean =>
  container?.['restartPolicy'] === 'Always';
