import { duplicate, type FieldError, index, invalid, required } from '../../meta/field-error.ts';
import { labelsErrors } from '../../meta/label-selector.ts';
import { nameIsDnsLabel } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { resourceRequirementsErrors } from '../core/pod/resources.ts';
import { templateValidationOptions } from '../core/pod/tolerated-faults.ts';
import { tolerationsErrors } from '../core/pod/tolerations.ts';
import { immutable } from '../field-validation.ts';
import { deprecatedNodeLabel } from '../node-labels.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const options = templateValidationOptions(true);

/** A toleration as messages show it: the internal type's Go names. */
const shown = (t: Fields) => ({
  Key: t['key'] ?? '',
  Operator: t['operator'] ?? '',
  Value: t['value'] ?? '',
  Effect: t['effect'] ?? '',
  TolerationSeconds: t['tolerationSeconds'] ?? null,
});

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const handler: string = object['handler'] ?? '';
  if (handler === '') errors.push(required('handler'));
  else for (const fault of nameIsDnsLabel(handler, false)) errors.push(invalid('handler', handler, fault));
  const overhead: Fields | undefined = object['overhead'];
  if (overhead)
    errors.push(
      ...resourceRequirementsErrors({ limits: overhead['podFixed'] }, new Set(), 'overhead', options),
    );
  const scheduling: Fields | undefined = object['scheduling'];
  if (!scheduling) return errors;
  if (scheduling['nodeSelector'])
    errors.push(...labelsErrors(scheduling['nodeSelector'], 'scheduling.nodeSelector'));
  const path = 'scheduling.tolerations';
  errors.push(...tolerationsErrors(scheduling['tolerations'], path, options));
  const seen = new Set<string>();
  ((scheduling['tolerations'] ?? []) as Fields[]).forEach((toleration, i) => {
    const key = JSON.stringify([
      toleration['key'],
      toleration['operator'],
      toleration['value'],
      toleration['effect'],
    ]);
    if (seen.has(key)) errors.push(duplicate(index(path, i), shown(toleration)));
    seen.add(key);
  });
  return errors;
}

/** pkg/registry/node/runtimeclass/strategy.go. */
export const runtimeclasses: Strategy = {
  validate,
  validateUpdate: (object, old) => [
    ...validate(object),
    ...immutable(object['handler'] ?? '', old['handler'] ?? '', 'handler'),
  ],
  warnings: (object) =>
    Object.keys(object['scheduling']?.nodeSelector ?? {})
      .sort()
      .flatMap((label) => {
        const message = deprecatedNodeLabel(label);
        return message ? [`scheduling.nodeSelector: ${message}`] : [];
      }),
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  row: (object, now) => [object.metadata.name ?? '', object['handler'] ?? '', age(object, now)],
};
