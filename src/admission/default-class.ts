import type { KubeObject } from '../meta/object.ts';
import type { Lister } from '../registry/lister.ts';

/** The class that an annotation makes the default; of several, the newest, then the first by name. */
export function defaultClass(classes: Lister, annotations: readonly string[]): KubeObject | undefined {
  let found: KubeObject | undefined;
  for (const one of classes.list()) {
    if (!annotations.some((name) => one.metadata.annotations?.[name] === 'true')) continue;
    // Listed by name: a later one has to be newer to go before.
    if (!found || (one.metadata.creationTimestamp ?? '') > (found.metadata.creationTimestamp ?? ''))
      found = one;
  }
  return found;
}
