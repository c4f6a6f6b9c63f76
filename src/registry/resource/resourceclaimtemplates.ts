import { labelsErrors } from '../../meta/label-selector.ts';
import type { Fields } from '../../meta/object.ts';
import { annotationsErrors } from '../../meta/object-meta-validation.ts';
import { immutable } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { adminAccessErrors } from './admin-access.ts';
import { defaultDeviceClaim, deviceClaimErrors } from './device-claim.ts';

/** pkg/registry/resource/resourceclaimtemplate/strategy.go. */
export const resourceclaimtemplates: Strategy = {
  defaults: (template) => defaultDeviceClaim(template['spec']?.spec?.devices),
  validate(template, context) {
    const metadata: Fields = template['spec']?.metadata ?? {};
    const devices: Fields = template['spec']?.spec?.devices ?? {};
    return [
      ...adminAccessErrors(devices['requests'], context),
      ...annotationsErrors(metadata['annotations'], 'spec.metadata.annotations'),
      ...labelsErrors(metadata['labels'], 'spec.metadata.labels'),
      ...deviceClaimErrors(devices, 'spec.spec.devices'),
    ];
  },
  validateUpdate: (template, old) => immutable(template['spec'] ?? {}, old['spec'] ?? {}, 'spec'),
  deleteReturnsObject: true,
  row: (template, now) => [template.metadata.name ?? '', age(template, now)],
};
