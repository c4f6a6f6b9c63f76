import { type FieldError, invalid } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { unknownError } from '../../meta/status.ts';
import type { ScaleMapping } from '../scale.ts';
import { nestedInteger, nestedString, pathSteps } from './nested.ts';

const MAX_REPLICAS = 2 ** 31 - 1;

/** Where a version of a custom resource keeps what its scale shows; paths such as `.spec.replicas`. */
export interface CustomScale {
  specReplicasPath: string;
  statusReplicasPath: string;
  /** Empty: there is none. */
  labelSelectorPath: string;
}

/** Of a version's `subresources`; undefined where it has no scale. */
export function customScale(subresources: Fields | undefined): CustomScale | undefined {
  const scale: Fields | undefined = subresources?.['scale'];
  if (!scale) return undefined;
  return {
    specReplicasPath: scale['specReplicasPath'] ?? '',
    statusReplicasPath: scale['statusReplicasPath'] ?? '',
    labelSelectorPath: scale['labelSelectorPath'] ?? '',
  };
}

/** How the generic scale handlers read and write it (pkg/registry/customresource/etcd.go, scaleFromCustomResource). */
export function scaleMapping(scale: CustomScale): ScaleMapping {
  const spec = pathSteps(scale.specReplicasPath);
  const status = pathSteps(scale.statusReplicasPath);
  const selector = scale.labelSelectorPath === '' ? undefined : pathSteps(scale.labelSelectorPath);
  return {
    specReplicasPath: spec,
    statusReplicasPath: status,
    selector: (object) => (selector ? (valueOr(nestedString(object, selector)) ?? '') : ''),
    untyped: {
      specReplicasPath: scale.specReplicasPath,
      check(object: KubeObject) {
        valueOr(nestedInteger(object, spec));
        valueOr(nestedInteger(object, status));
      },
    },
  };
}

function valueOr<T>(found: { ok: true; value: T | undefined } | { ok: false; error: string }): T | undefined {
  if (!found.ok) throw unknownError(found.error);
  return found.value;
}

function replicasErrors(object: KubeObject, path: string): FieldError[] {
  const found = nestedInteger(object, pathSteps(path));
  if (!found.ok) return [invalid(path, 0, found.error)];
  const replicas = found.value ?? 0;
  if (replicas < 0) return [invalid(path, replicas, 'should be a non-negative integer')];
  return replicas > MAX_REPLICAS
    ? [invalid(path, replicas, `should be less than or equal to ${MAX_REPLICAS}`)]
    : [];
}

/** Faults of the replicas asked for (pkg/registry/customresource/validator.go). */
export function scaleSpecErrors(object: KubeObject, scale: CustomScale | undefined): FieldError[] {
  return scale ? replicasErrors(object, scale.specReplicasPath) : [];
}

/** Faults of the replicas there are, and of the selector. */
export function scaleStatusErrors(object: KubeObject, scale: CustomScale | undefined): FieldError[] {
  if (!scale) return [];
  const errors = replicasErrors(object, scale.statusReplicasPath);
  if (scale.labelSelectorPath === '') return errors;
  const selector = nestedString(object, pathSteps(scale.labelSelectorPath));
  return selector.ok ? errors : [...errors, invalid(scale.labelSelectorPath, '', selector.error)];
}
