import { deepEqual } from '../../meta/deep-equal.ts';
import type { Strategy } from '../strategy.ts';
import { formatLabels } from '../table-cells.ts';
import { dropDisabledPodFields } from './pod/disabled-fields.ts';
import { defaultTemplate } from './pod/spec-defaults.ts';
import { podTemplateErrors } from './pod/template.ts';
import { templateValidationOptions } from './pod/tolerated-faults.ts';
import { podWarnings } from './pod/warnings.ts';
import { containerCells } from './pod/workload.ts';

/** v1 PodTemplate (pkg/registry/core/podtemplate/strategy.go). */
export const podtemplates: Strategy = {
  defaults: (object) => defaultTemplate(object),
  prepareForCreate(object) {
    object.metadata.generation = 1;
    dropDisabledPodFields(object['template'].spec);
  },
  prepareForUpdate(object, old) {
    dropDisabledPodFields(object['template'].spec);
    if (!deepEqual(object['template'], old['template']))
      object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate: (object, context) =>
    podTemplateErrors(
      object['template'],
      'template',
      templateValidationOptions(context.options.allowPrivileged),
    ),
  validateUpdate: (object, old, context) =>
    podTemplateErrors(
      object['template'],
      'template',
      templateValidationOptions(context.options.allowPrivileged, old['template']),
    ),
  warnings(object, old) {
    if (old && old.metadata.generation === object.metadata.generation) return [];
    return podWarnings(object['template'].spec, object['template'].metadata, 'template');
  },
  row: (object) => [
    object.metadata.name ?? '',
    ...containerCells(object['template']),
    formatLabels(object['template'].metadata?.labels),
  ],
};
