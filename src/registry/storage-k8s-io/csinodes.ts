import { deepEqual } from '../../meta/deep-equal.ts';
import { child, duplicate, type FieldError, index, invalid, required } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { type GoShape, goStruct } from '../core/pod/go-value.ts';
import { csiDriverNameErrors } from '../core/pod/volumes.ts';
import { nonNegative, qualifiedName } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const DRIVER: GoShape = [
  ['Name', 'name', ''],
  ['NodeID', 'nodeID', ''],
  ['TopologyKeys', 'topologyKeys', null],
  ['Allocatable', 'allocatable', null],
];

const driversOf = (object: KubeObject): Fields[] => object['spec']?.drivers ?? [];

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  driversOf(object).forEach((driver, i) => {
    const path = index('spec.drivers', i);
    const name: string = driver['name'] ?? '';
    const id: string = driver['nodeID'] ?? '';
    errors.push(...csiDriverNameErrors(name, child(path, 'name')));
    if (id === '') errors.push(required(child(path, 'nodeID')));
    if (id.length > 256) errors.push(invalid(child(path, 'nodeID'), id, 'must be 256 characters or less'));
    const count: number | undefined = driver['allocatable']?.count;
    if (count !== undefined) errors.push(...nonNegative(count, child(path, 'allocatable.count')));
    if (names.has(name)) errors.push(duplicate(child(path, 'name'), name));
    names.add(name);
    const keys = new Set<string>();
    for (const key of (driver['topologyKeys'] ?? []) as string[]) {
      if (key === '') errors.push(required(path));
      if (keys.has(key)) errors.push(duplicate(path, key));
      keys.add(key);
      errors.push(...qualifiedName(key, path));
    }
  });
  return errors;
}

/** pkg/registry/storage/csinode/strategy.go: a driver's entry is fixed but for what it can take. */
export const csinodes: Strategy = {
  validate,
  validateUpdate(object, old) {
    const errors = validate(object);
    for (const before of driversOf(old))
      for (const now of driversOf(object)) {
        if (now['name'] !== before['name']) continue;
        const bare = { ...now, allocatable: undefined };
        if (!deepEqual(bare, { ...before, allocatable: undefined }))
          errors.push(invalid('spec.drivers', goStruct(bare, DRIVER), 'field is immutable'));
      }
    return errors;
  },
  allowUnconditionalUpdate: false,
  deleteReturnsObject: true,
  row: (object, now) => [object.metadata.name ?? '', driversOf(object).length, age(object, now)],
};
