import type { KubeObject } from '../../meta/object.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';

/** A reference to a secret keeps its name alone. */
function cleanSecretReferences(object: KubeObject): void {
  const secrets: { name?: string }[] | undefined = object['secrets'];
  if (secrets) object['secrets'] = secrets.map(({ name }) => (name ? { name } : {}));
}

/** pkg/registry/core/serviceaccount/strategy.go. */
export const serviceaccounts: Strategy = {
  prepareForCreate: cleanSecretReferences,
  prepareForUpdate: cleanSecretReferences,
  validate: () => [],
  validateUpdate: () => [],
  warnings(object, old) {
    const has = (o: KubeObject | undefined) => o?.metadata.annotations?.[MOUNTABLE] !== undefined;
    if (!has(object) || has(old)) return [];
    return [
      `metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
    ];
  },
  deleteReturnsObject: true,
  row: (object, now) => [object.metadata.name ?? '', age(object, now)],
};
