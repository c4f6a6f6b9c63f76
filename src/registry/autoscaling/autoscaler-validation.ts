import {
  child,
  type FieldError,
  forbidden,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { pathSegmentFaults } from '../../meta/names.ts';
import { type Fields, type KubeObject, parseGroupVersion } from '../../meta/object.ts';
import { quantityOf } from '../core/pod/resources.ts';
import { containerResourceName } from '../core/resource-names.ts';
import { dns1123Label } from '../field-validation.ts';

/** Checks of HorizontalPodAutoscalers in v2's shape (pkg/apis/autoscaling/validation/validation.go). */

const METRIC_TYPES: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};
const TYPE_NAMES = Object.keys(METRIC_TYPES);
const TARGET_TYPES = ['Utilization', 'Value', 'AverageValue'];
const MAX_WINDOW = 3600;
const MAX_PERIOD = 1800;

export interface ReferenceOptions {
  allowEmptyGroup: boolean;
  allowInvalidVersion: boolean;
}

export function apiVersionFault(apiVersion: string, options: ReferenceOptions): string | undefined {
  if (options.allowInvalidVersion) return undefined;
  const parsed = parseGroupVersion(apiVersion);
  if (!parsed) return `unexpected GroupVersion string: ${apiVersion}`;
  return parsed.group === '' && !options.allowEmptyGroup ? 'apiVersion must specify API group' : undefined;
}

function segment(value: string, path: string, why = ''): FieldError[] {
  if (value === '') return [required(path, why)];
  return pathSegmentFaults(value).map((fault) => invalid(path, value, fault));
}

function referenceErrors(reference: Fields, path: string, options: ReferenceOptions): FieldError[] {
  const errors = [
    ...segment(reference['kind'] ?? '', child(path, 'kind')),
    ...segment(reference['name'] ?? '', child(path, 'name')),
  ];
  const version: string = reference['apiVersion'] ?? '';
  const fault = apiVersionFault(version, options);
  if (fault) errors.push(invalid(child(path, 'apiVersion'), version, fault));
  return errors;
}

function targetErrors(target: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const type: string = target['type'] ?? '';
  if (type === '') errors.push(required(child(path, 'type'), 'must specify a metric target type'));
  if (!TARGET_TYPES.includes(type))
    errors.push(invalid(child(path, 'type'), type, 'must be either Utilization, Value, or AverageValue'));
  for (const field of ['value', 'averageValue']) {
    if (target[field] === undefined) continue;
    const quantity = quantityOf(target[field]);
    if (quantity.sign !== 1)
      errors.push(invalid(child(path, field), quantity.toString(), 'must be positive'));
  }
  const percent: number | undefined = target['averageUtilization'];
  if (percent !== undefined && percent < 1)
    errors.push(invalid(child(path, 'averageUtilization'), percent, 'must be greater than 0'));
  return errors;
}

function sourceErrors(kind: string, source: Fields, path: string, options: ReferenceOptions): FieldError[] {
  const errors: FieldError[] = [];
  const target: Fields = source['target'] ?? {};
  const at = child(path, 'target');
  const { value, averageValue, averageUtilization } = target;
  const ofMetric = kind === 'object' || kind === 'external' || kind === 'pods';
  if (kind === 'object')
    errors.push(...referenceErrors(source['describedObject'] ?? {}, child(path, 'describedObject'), options));
  if (ofMetric)
    errors.push(
      ...segment(source['metric']?.name ?? '', child(path, 'metric.name'), 'must specify a metric name'),
    );
  else {
    const name: string = source['name'] ?? '';
    if (name === '') errors.push(required(child(path, 'name'), 'must specify a resource name'));
    else if (kind === 'containerResource') errors.push(...containerResourceName(name, child(path, 'name')));
  }
  if (kind === 'containerResource') {
    const container: string = source['container'] ?? '';
    const here = child(path, 'container');
    errors.push(
      ...(container === '' ? [required(here, 'must specify a container')] : dns1123Label(container, here)),
    );
  }
  errors.push(...targetErrors(target, at));
  const average = child(at, 'averageValue');
  if (kind === 'object' && value === undefined && averageValue === undefined)
    errors.push(required(average, 'must set either a target value or averageValue'));
  if (kind === 'external') {
    if (value === undefined && averageValue === undefined)
      errors.push(required(average, 'must set either a target value for metric or a per-pod target'));
    if (value !== undefined && averageValue !== undefined)
      errors.push(
        forbidden(child(at, 'value'), 'may not set both a target value for metric and a per-pod target'),
      );
  }
  if (kind === 'pods' && averageValue === undefined)
    errors.push(required(average, 'must specify a positive target averageValue'));
  if (!ofMetric) {
    if (averageUtilization === undefined && averageValue === undefined)
      errors.push(
        required(
          child(at, 'averageUtilization'),
          'must set either a target raw value or a target utilization',
        ),
      );
    if (averageUtilization !== undefined && averageValue !== undefined)
      errors.push(forbidden(average, 'may not set both a target raw value and a target utilization'));
  }
  return errors;
}

function metricErrors(metric: Fields, path: string, options: ReferenceOptions): FieldError[] {
  const errors: FieldError[] = [];
  const type: string = metric['type'] ?? '';
  const at = child(path, 'type');
  if (type === '') errors.push(required(at, 'must specify a metric source type'));
  const expected = METRIC_TYPES[type];
  const unknown = notSupported(at, type, TYPE_NAMES);
  if (!expected) errors.push(unknown);
  const present = ['object', 'external', 'pods', 'resource', 'containerResource'].filter(
    (kind) => metric[kind],
  );
  const first = present[0];
  if (first) errors.push(...sourceErrors(first, metric[first], child(path, first), options));
  if (!expected) errors.push(unknown);
  else if (!metric[expected])
    errors.push(required(child(path, expected), 'must populate information for the given metric source'));
  if (present.length !== 1)
    for (const kind of present.filter((k) => k !== expected).sort())
      errors.push(forbidden(child(path, kind), 'must populate the given metric source only'));
  return errors;
}

function policyErrors(policy: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type = '', value = 0, periodSeconds: period = 0 } = policy;
  if (type !== 'Pods' && type !== 'Percent')
    errors.push(notSupported(child(path, 'type'), type, ['Percent', 'Pods']));
  if (value <= 0) errors.push(invalid(child(path, 'value'), value, 'must be greater than zero'));
  const at = child(path, 'periodSeconds');
  if (period <= 0) errors.push(invalid(at, period, 'must be greater than zero'));
  if (period > MAX_PERIOD) errors.push(invalid(at, period, `must be less than or equal to ${MAX_PERIOD}`));
  return errors;
}

function rulesErrors(rules: Fields | undefined, path: string): FieldError[] {
  if (!rules) return [];
  const errors: FieldError[] = [];
  const { stabilizationWindowSeconds: window, selectPolicy: select, policies = [], tolerance } = rules;
  const at = child(path, 'stabilizationWindowSeconds');
  if (window !== undefined && window < 0)
    errors.push(invalid(at, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > MAX_WINDOW)
    errors.push(invalid(at, window, `must be less than or equal to ${MAX_WINDOW}`));
  const selects = ['Disabled', 'Max', 'Min'];
  if (select !== undefined && !selects.includes(select))
    errors.push(notSupported(child(path, 'selectPolicy'), select, selects));
  const list = child(path, 'policies');
  if (!policies.length) errors.push(required(list, 'must specify at least one Policy'));
  (policies as Fields[]).forEach((policy, i) => {
    errors.push(...policyErrors(policy, index(list, i)));
  });
  if (tolerance !== undefined) {
    const quantity = quantityOf(tolerance);
    if (quantity.sign < 0)
      errors.push(
        invalid(child(path, 'tolerance'), quantity.toString(), 'must be greater than or equal to 0'),
      );
  }
  return errors;
}

export function autoscalerErrors(object: KubeObject, old?: KubeObject): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const before: Fields | undefined = old?.['spec'];
  const errors: FieldError[] = [];
  const lowest = before?.['minReplicas'] === 0 ? 0 : 1;
  const {
    minReplicas: min,
    maxReplicas: max = 0,
    scaleTargetRef: target = {},
    metrics = [],
    behavior,
  } = spec;
  if (min !== undefined && min < lowest)
    errors.push(invalid('spec.minReplicas', min, `must be greater than or equal to ${lowest}`));
  if (max === 0) errors.push(required('spec.maxReplicas', 'must be set and greater than 0'));
  else if (max < 0) errors.push(invalid('spec.maxReplicas', max, 'must be greater than or equal to 1'));
  if (min !== undefined && max < min)
    errors.push(invalid('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'));
  const had: Fields = before?.['scaleTargetRef'] ?? {};
  const same =
    !!before && (had['apiVersion'] ?? '') === (target.apiVersion ?? '') && had['kind'] === target.kind;
  errors.push(
    ...referenceErrors(target, 'spec.scaleTargetRef', {
      allowInvalidVersion: same,
      allowEmptyGroup: target.kind === 'ReplicationController',
    }),
  );
  const ofObjects: ReferenceOptions = { allowEmptyGroup: true, allowInvalidVersion: false };
  ofObjects.allowInvalidVersion = ((before?.['metrics'] ?? []) as Fields[]).some(
    (metric) =>
      metric['type'] === 'Object' &&
      apiVersionFault(metric['object']?.describedObject?.apiVersion ?? '', ofObjects) !== undefined,
  );
  (metrics as Fields[]).forEach((metric, i) => {
    errors.push(...metricErrors(metric, index('spec.metrics', i), ofObjects));
  });
  if (min === 0 && !(metrics as Fields[]).some((m) => m['type'] === 'Object' || m['type'] === 'External'))
    errors.push(
      forbidden(
        'spec.metrics',
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    );
  errors.push(...rulesErrors(behavior?.scaleUp, 'spec.behavior.scaleUp'));
  errors.push(...rulesErrors(behavior?.scaleDown, 'spec.behavior.scaleDown'));
  return errors;
}
