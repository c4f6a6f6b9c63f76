import { randomUUID } from 'node:crypto';
import {
  child,
  duplicate,
  type FieldError,
  forbidden,
  index,
  invalid,
  key,
  required,
} from '../../meta/field-error.ts';
import { qualifiedNameFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import type { Quantity } from '../../meta/quantity.ts';
import type { Strategy } from '../strategy.ts';
import { isOvercommitAllowed, quantityOf } from './pod/resources.ts';
import { containerResourceName, resourceName } from './resource-names.ts';

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim'];

type Amounts = Readonly<Record<string, string>>;

function typeErrors(type: string, path: string): FieldError[] {
  const errors = qualifiedNameFaults(type).map((fault) => invalid(path, type, fault));
  if (errors.length || type.includes('/') || TYPES.includes(type)) return errors;
  return [invalid(path, type, 'must be a standard limit type or fully qualified')];
}

function amountsOf(list: Amounts | undefined, name: string): Quantity | undefined {
  return list && Object.hasOwn(list, name) ? quantityOf(list[name]) : undefined;
}

/** One resource's bounds against each other. */
function boundErrors(limit: Fields, name: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const pod = limit['type'] === 'Pod';
  const min = amountsOf(limit['min'], name);
  const max = amountsOf(limit['max'], name);
  const byDefault = pod ? undefined : amountsOf(limit['default'], name);
  const request = pod ? undefined : amountsOf(limit['defaultRequest'], name);
  const ratio = amountsOf(limit['maxLimitRequestRatio'], name);
  const refuse = (field: string, value: Quantity, why: string) =>
    errors.push(invalid(key(child(path, field), name), value.toString(), why));
  if (min && max && min.compare(max) > 0)
    refuse('min', min, `min value ${min} is greater than max value ${max}`);
  if (request && min && min.compare(request) > 0)
    refuse('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
  if (request && max && request.compare(max) > 0)
    refuse('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
  if (request && byDefault && request.compare(byDefault) > 0)
    refuse(
      'defaultRequest',
      request,
      `default request value ${request} is greater than default limit value ${byDefault}`,
    );
  if (byDefault && min && min.compare(byDefault) > 0)
    refuse('default', min, `min value ${min} is greater than default value ${byDefault}`);
  if (byDefault && max && byDefault.compare(max) > 0)
    refuse('default', max, `default value ${byDefault} is greater than max value ${max}`);
  if (ratio && ratio.compare(quantityOf('1')) < 0)
    refuse('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`);
  if (ratio && min && max) {
    const most = Number(max.milliValue()) / Number(min.milliValue());
    if (Number(ratio.milliValue()) / 1000 > most)
      refuse(
        'maxLimitRequestRatio',
        ratio,
        `ratio ${ratio} is greater than max/min = ${Number.isFinite(most) ? most.toFixed(6) : most > 0 ? '+Inf' : 'NaN'}`,
      );
  }
  if (!isOvercommitAllowed(name) && byDefault && request && byDefault.compare(request) !== 0)
    refuse(
      'defaultRequest',
      request,
      `default value ${byDefault} must equal to defaultRequest value ${request} in ${name}`,
    );
  return errors;
}

function limitErrors(limit: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const type: string = limit['type'] ?? '';
  const names = new Set<string>();
  const check = type === 'Pod' || type === 'Container' ? containerResourceName : resourceName;
  const list = (field: string) => {
    for (const name of Object.keys(limit[field] ?? {}).sort()) {
      errors.push(...check(name, key(child(path, field), name)));
      names.add(name);
    }
  };
  list('max');
  list('min');
  if (type === 'Pod') {
    for (const field of ['default', 'defaultRequest'])
      if (Object.keys(limit[field] ?? {}).length)
        errors.push(forbidden(child(path, field), "may not be specified when `type` is 'Pod'"));
  } else {
    list('default');
    list('defaultRequest');
  }
  if (
    type === 'PersistentVolumeClaim' &&
    limit['min']?.storage === undefined &&
    limit['max']?.storage === undefined
  )
    errors.push(
      required(
        child(path, 'limits'),
        'either minimum or maximum storage value is required, but neither was provided',
      ),
    );
  list('maxLimitRequestRatio');
  for (const name of [...names].sort()) errors.push(...boundErrors(limit, name, path));
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const types = new Set<string>();
  ((object['spec']?.limits ?? []) as Fields[]).forEach((limit, i) => {
    const path = index('spec.limits', i);
    const type: string = limit['type'] ?? '';
    errors.push(...typeErrors(type, child(path, 'type')));
    if (types.has(type)) errors.push(duplicate(child(path, 'type'), type));
    types.add(type);
    errors.push(...limitErrors(limit, path));
  });
  return errors;
}

/** Fills what is missing of a list from another. */
function fill(limit: Fields, field: string, from: Amounts | undefined): void {
  for (const [name, amount] of Object.entries(from ?? {})) {
    limit[field] ??= {};
    limit[field][name] ??= amount;
  }
}

/** pkg/registry/core/limitrange/strategy.go. */
export const limitranges: Strategy = {
  defaults(object) {
    for (const limit of (object['spec']?.limits ?? []) as Fields[]) {
      if (limit['type'] !== 'Container') continue;
      fill(limit, 'default', limit['max']);
      fill(limit, 'defaultRequest', limit['default']);
      fill(limit, 'defaultRequest', limit['min']);
    }
  },
  prepareForCreate(object) {
    object.metadata.name ||= randomUUID();
  },
  validate,
  validateUpdate: validate,
  allowCreateOnUpdate: true,
};
