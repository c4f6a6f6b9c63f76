import { Buffer } from 'node:buffer';
import { rfc3339 } from '../../meta/clock.ts';
import { type FieldError, index, invalid, notSupported, required } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { dns1035LabelFaults, nameIsPathSegment, portNumberFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { dns1123Subdomain } from '../field-validation.ts';
import { keepMetadata } from '../status-metadata.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const STATUSES = ['True', 'False', 'Unknown'];

function serviceErrors(spec: Fields): FieldError[] {
  const service: Fields | undefined = spec['service'];
  const bundle: string = spec['caBundle'] ?? '';
  const insecure: boolean = spec['insecureSkipTLSVerify'] ?? false;
  const errors: FieldError[] = [];
  if (!service) {
    if (bundle !== '')
      errors.push(
        invalid(
          'spec.caBundle',
          `${Buffer.byteLength(bundle, 'base64')} bytes`,
          'local APIServices may not have a caBundle',
        ),
      );
    if (insecure)
      errors.push(
        invalid(
          'spec.insecureSkipTLSVerify',
          insecure,
          'local APIServices may not have insecureSkipTLSVerify',
        ),
      );
    return errors;
  }
  if (!service['namespace']) errors.push(required('spec.service.namespace'));
  if (!service['name']) errors.push(required('spec.service.name'));
  const faults = portNumberFaults(service['port'] ?? 0);
  if (faults.length)
    errors.push(
      invalid('spec.service.port', service['port'] ?? 0, `port is not valid: ${faults.join(', ')}`),
    );
  if (insecure && bundle !== '')
    errors.push(invalid('spec.insecureSkipTLSVerify', insecure, 'may not be true if caBundle is present'));
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const group: string = spec['group'] ?? '';
  const version: string = spec['version'] ?? '';
  const name = object.metadata.name ?? '';
  const errors: FieldError[] = [];
  const due = `${version}.${group}`;
  if (name !== due && nameIsPathSegment(name, false).length === 0)
    errors.push(invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${quote(due)}`));
  if (group !== '') errors.push(...dns1123Subdomain(group, 'spec.group'));
  else if (version !== 'v1')
    errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  for (const fault of dns1035LabelFaults(version)) errors.push(invalid('spec.version', version, fault));
  for (const [field, most] of [
    ['groupPriorityMinimum', 20_000],
    ['versionPriority', 1000],
  ] as const) {
    const value: number = spec[field] ?? 0;
    if (value <= 0 || value > most)
      errors.push(invalid(`spec.${field}`, value, `must be positive and less than ${most}`));
  }
  return [...errors, ...serviceErrors(spec)];
}

/** staging/src/k8s.io/kube-aggregator/pkg/registry/apiservice/strategy.go. */
export const apiservices: Strategy = {
  defaults(object) {
    if (object['spec']?.service) object['spec'].service.port ??= 443;
  },
  prepareForCreate(object, { now }) {
    object['status'] = object['spec']?.service
      ? {}
      : {
          conditions: [
            {
              type: 'Available',
              status: 'True',
              lastTransitionTime: rfc3339(now),
              reason: 'Local',
              message: 'Local APIServices are always available',
            },
          ],
        };
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
  },
  validate,
  validateUpdate: validate,
  validateName: nameIsPathSegment,
  allowUnconditionalUpdate: false,
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
      keepMetadata(object, old);
    },
    validateUpdate: (object) =>
      ((object['status']?.conditions ?? []) as Fields[]).flatMap((condition, i) =>
        STATUSES.includes(condition['status'])
          ? []
          : [notSupported(`${index('status.conditions', i)}.status`, condition['status'] ?? '', STATUSES)],
      ),
  },
  row(object, now) {
    const service: Fields | undefined = object['spec']?.service;
    const conditions: Fields[] = object['status']?.conditions ?? [];
    const available = conditions.find((condition) => condition['type'] === 'Available');
    const reason = available && available['status'] !== 'True' && available['reason'];
    return [
      object.metadata.name ?? '',
      service ? `${service['namespace'] ?? ''}/${service['name'] ?? ''}` : 'Local',
      available ? `${available['status']}${reason ? ` (${reason})` : ''}` : 'Unknown',
      age(object, now),
    ];
  },
};
