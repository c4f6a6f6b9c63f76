import { type FieldError, index, invalid } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import type { Strategy } from './strategy.ts';

const STANDARD = ['kubernetes', 'orphan', 'foregroundDeletion'];

function finalizerErrors({ metadata: { finalizers } }: KubeObject): FieldError[] {
  if (!finalizers?.length) return [];
  return finalizers.flatMap((name, i) =>
    name.includes('/') || STANDARD.includes(name)
      ? []
      : [
          invalid(
            index('metadata.finalizers', i),
            name,
            'name is neither a standard finalizer name nor is it fully qualified',
          ),
        ],
  );
}

/** A kind whose finalizers are known or bear a domain (pkg/apis/core/validation ValidateObjectMeta). */
export const withQualifiedFinalizers = (strategy: Strategy): Strategy => ({
  ...strategy,
  validate: (object, context) => [
    ...finalizerErrors(object),
    ...(strategy.validate?.(object, context) ?? []),
  ],
  validateUpdate: (object, old, context) => [
    ...finalizerErrors(object),
    ...(strategy.validateUpdate?.(object, old, context) ?? []),
  ],
});
