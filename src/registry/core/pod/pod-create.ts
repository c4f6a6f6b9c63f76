import { type FieldError, forbidden } from '../../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../../meta/object.ts';
import { podAnnotationsErrors, profileAgreementErrors } from './annotations.ts';
import { imageSpaceErrors } from './containers.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';
import { podSpecErrors } from './pod-spec.ts';

/** What a pod is held to whenever it is written (validatePodMetadataAndSpec; ObjectMeta is checked by the generic store). */
export function podErrors(pod: KubeObject, options: PodValidationOptions): FieldError[] {
  const spec: Fields = pod['spec'];
  const errors = podAnnotationsErrors(pod.metadata.annotations, spec, 'metadata.annotations', options);
  add(errors, podSpecErrors(spec, pod.metadata, 'spec', options));
  // A token without an account to be one of: admission fills the account in, so that this is for servers without it.
  if (!spec['serviceAccountName']) {
    spec['volumes']?.forEach((volume: Fields, i: number) => {
      volume['projected']?.sources?.forEach((source: Fields, j: number) => {
        if (source['serviceAccountToken'])
          errors.push(
            forbidden(
              `spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`,
              'must not be specified when serviceAccountName is not set',
            ),
          );
      });
    });
  }
  for (const list of ['containers', 'initContainers']) {
    spec[list]?.forEach((container: Fields, i: number) => {
      add(errors, imageSpaceErrors(container, `spec.${list}[${i}]`));
    });
  }
  return errors;
}

/** Faults of a new pod (ValidatePodCreate). */
export function podCreateErrors(pod: KubeObject, options: PodValidationOptions): FieldError[] {
  const spec: Fields = pod['spec'];
  const errors = podErrors(pod, options);
  if (spec['ephemeralContainers']?.length)
    errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  if (spec['nodeName'] && spec['schedulingGates']?.length)
    errors.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  add(errors, profileAgreementErrors(pod.metadata.annotations, spec, 'spec'));
  return errors;
}
