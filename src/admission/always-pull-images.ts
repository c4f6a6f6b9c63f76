import { aggregateText } from '../meta/field-error.ts';
import type { Fields, KubeObject } from '../meta/object.ts';
import { forbiddenError, unknownError } from '../meta/status.ts';
import { containersOf, visitContainers } from '../registry/core/pod/visit.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed, nameOf, refuse, wordsOf } from './refusal.ts';

/**
 * Has every image pulled anew, so that a pod needs the right to pull it though the node has it already
 * (plugin/pkg/admission/alwayspullimages).
 */
export class AlwaysPullImages implements AdmissionPlugin {
  readonly name = 'AlwaysPullImages';
  readonly resources: readonly string[] = ['pods'];

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  admit(attributes: AdmissionAttributes): PluginVerdict {
    const spec = specOf(attributes);
    if (!spec) return ACCEPTED;
    for (const container of containersOf(spec)) container['imagePullPolicy'] = 'Always';
    for (const { image } of volumesOf(spec)) if (image) image.pullPolicy = 'Always';
    return changed('IMAGES_ALWAYS_PULLED');
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    const spec = specOf(attributes);
    if (!spec) return ACCEPTED;
    const wrong: { path: string; policy: string }[] = [];
    visitContainers(spec, 'spec', (container, path) => {
      const policy: string = container['imagePullPolicy'] ?? '';
      if (policy !== 'Always') wrong.push({ path: `${path}.imagePullPolicy`, policy });
    });
    volumesOf(spec).forEach(({ image }, i) => {
      if (image && image.pullPolicy !== 'Always')
        wrong.push({ path: `spec.volumes[${i}].image.pullPolicy`, policy: image.pullPolicy ?? '' });
    });
    if (wrong.length === 0) return ACCEPTED;
    // An aggregate of refusals is no refusal to kube-apiserver: it answers 500.
    const texts = wrong.map(
      (facts) =>
        forbiddenError(attributes.resource, nameOf(attributes), wordsOf('IMAGE_PULL_POLICY', facts)).message,
    );
    return refuse('IMAGE_PULL_POLICY', wrong[0]!, unknownError(aggregateText(texts)));
  }
}

const volumesOf = (spec: Fields): Fields[] => spec['volumes'] ?? [];

/** The spec to look at; undefined where no image is new. */
function specOf({ object, oldObject, operation, subresource }: AdmissionAttributes): Fields | undefined {
  if (subresource !== '' || !object?.['spec']) return undefined;
  if (operation === 'UPDATE' && oldObject && !hasNewImage(object, oldObject)) return undefined;
  return object['spec'];
}

function hasNewImage(object: KubeObject, old: KubeObject): boolean {
  const before = new Set(containersOf(old['spec'] ?? {}).map(({ image = '' }) => image));
  return containersOf(object['spec']).some(({ image = '' }) => !before.has(image));
}
