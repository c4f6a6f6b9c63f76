import { child, type FieldError, forbidden } from '../../../meta/field-error.ts';
import type { Fields } from '../../../meta/object.ts';
import { annotationsErrors, labelsErrors } from '../../../meta/object-meta-validation.ts';
import { podAnnotationsErrors, profileAgreementErrors } from './annotations.ts';
import type { PodValidationOptions } from './options.ts';
import { podSpecErrors } from './pod-spec.ts';

/** Faults of the pod template in another kind (ValidatePodTemplateSpec in pkg/apis/core/validation/validation.go). */
export function podTemplateErrors(
  template: Fields,
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  const spec: Fields = template['spec'] ?? {};
  const annotations = template['metadata']?.annotations;
  const specPath = child(path, 'spec');
  return [
    ...labelsErrors(template['metadata']?.labels, child(path, 'labels')),
    ...annotationsErrors(annotations, child(path, 'annotations')),
    ...podAnnotationsErrors(annotations, spec, child(path, 'annotations'), options),
    ...podSpecErrors(spec, undefined, specPath, options),
    ...profileAgreementErrors(annotations, spec, specPath),
    ...(spec['ephemeralContainers']?.length
      ? [
          forbidden(
            child(specPath, 'ephemeralContainers'),
            'ephemeral containers not allowed in pod template',
          ),
        ]
      : []),
  ];
}
