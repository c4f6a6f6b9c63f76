import { rfc3339 } from '../../meta/clock.ts';
import { child, type FieldError, invalid, required, tooLong } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { dns1123SubdomainFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { nodeSelectorErrors } from '../core/pod/affinity.ts';
import { csiDriverNameErrors } from '../core/pod/volumes.ts';
import { dns1123Label, dns1123Subdomain, immutable } from '../field-validation.ts';
import type { Strategy, StrategyContext } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { attributeNameErrors, listErrors } from './device-claim.ts';

const MOST_DEVICES = 128;
const MOST_DEVICES_WITH_MORE = 64;
const MOST_COUNTER_SETS = 8;
const MOST_ATTRIBUTES = 32;
const LONGEST_POOL = 253;
const WHERE = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';

function poolErrors(pool: Fields, path: string): FieldError[] {
  const name: string = pool['name'] ?? '';
  const count: number = pool['resourceSliceCount'] ?? 0;
  const generation: number = pool['generation'] ?? 0;
  const errors: FieldError[] = [];
  const at = child(path, 'name');
  if (name === '') errors.push(required(at));
  else {
    if (name.length > LONGEST_POOL) errors.push(tooLong(at, LONGEST_POOL));
    for (const part of name.split('/')) errors.push(...dns1123Subdomain(part, at));
  }
  if (count <= 0) errors.push(invalid(child(path, 'resourceSliceCount'), count, 'must be greater than zero'));
  if (generation < 0)
    errors.push(invalid(child(path, 'generation'), generation, 'must be greater than or equal to zero'));
  return errors;
}

/** Where devices are; also each device's own place, where the slice leaves that to it. */
function nodesErrors(spec: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const set: string[] = [];
  const name: string | undefined = spec['nodeName'];
  if (name === '')
    errors.push(invalid(child(path, 'nodeName'), name, 'must be either unset or set to a non-empty string'));
  else if (name !== undefined) {
    set.push('`nodeName`');
    for (const fault of dns1123SubdomainFaults(name))
      errors.push(invalid(child(path, 'nodeName'), name, fault));
  }
  const selector: Fields | undefined = spec['nodeSelector'];
  if (selector) {
    const at = child(path, 'nodeSelector');
    const terms: unknown[] = selector['nodeSelectorTerms'] ?? [];
    set.push('`nodeSelector`');
    errors.push(...nodeSelectorErrors(selector, false, at));
    if (terms.length !== 1)
      errors.push(invalid(child(at, 'nodeSelectorTerms'), terms, 'must have exactly one node selector term'));
  }
  for (const field of ['allNodes', 'perDeviceNodeSelection']) {
    if (spec[field] === true) set.push(`\`${field}\``);
    else if (spec[field] === false)
      errors.push(invalid(child(path, field), false, 'must be either unset or set to true'));
  }
  if (set.length === 0) errors.push(required(path, WHERE));
  else if (set.length > 1)
    errors.push(invalid(path, `{${set.join(', ')}}`, `${WHERE}, but multiple fields are set`));
  return errors;
}

function deviceErrors(device: Fields, path: string): FieldError[] {
  const named = ['attributes', 'capacity'].map(
    (field) => [field, Object.keys(device[field] ?? {}).sort()] as const,
  );
  const count = named.reduce((sum, [, names]) => sum + names.length, 0);
  const errors = dns1123Label(device['name'] ?? '', child(path, 'name'));
  if (count > MOST_ATTRIBUTES)
    errors.push(
      invalid(
        path,
        count,
        `the total number of attributes and capacities must not exceed ${MOST_ATTRIBUTES}`,
      ),
    );
  for (const [field, names] of named)
    for (const name of names) errors.push(...attributeNameErrors(name, child(path, field)));
  return errors;
}

function validate(slice: KubeObject): FieldError[] {
  const spec: Fields = slice['spec'] ?? {};
  const devices: Fields[] = spec['devices'] ?? [];
  const counters: Fields[] | undefined = spec['sharedCounters'];
  const more = devices.some((device) => device['taints']?.length || device['consumesCounters']?.length);
  const errors = [
    ...csiDriverNameErrors(spec['driver'] ?? '', 'spec.driver'),
    ...poolErrors(spec['pool'] ?? {}, 'spec.pool'),
    ...nodesErrors(spec, 'spec'),
  ];
  if (counters && spec['devices'])
    errors.push(invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
  const nameOf = (one: Fields): string => one['name'] ?? '';
  return [
    ...errors,
    ...listErrors(
      devices,
      more ? MOST_DEVICES_WITH_MORE : MOST_DEVICES,
      'spec.devices',
      deviceErrors,
      nameOf,
    ),
    ...listErrors(
      counters,
      MOST_COUNTER_SETS,
      'spec.sharedCounters',
      (set, path) => [
        ...(set['name'] ? dns1123Label(set['name'], child(path, 'name')) : [required(child(path, 'name'))]),
        ...(Object.keys(set['counters'] ?? {}).length ? [] : [required(child(path, 'counters'))]),
      ],
      nameOf,
    ),
  ];
}

/** A taint without a time is from now on. */
function dateTaints(slice: KubeObject, { now }: StrategyContext): void {
  for (const device of (slice['spec']?.devices ?? []) as Fields[])
    for (const taint of (device['taints'] ?? []) as Fields[]) taint['timeAdded'] ??= rfc3339(now);
}

/** pkg/registry/resource/resourceslice/strategy.go. */
export const resourceslices: Strategy = {
  prepareForCreate: dateTaints,
  prepareForUpdate: (slice, _old, context) => dateTaints(slice, context),
  validate,
  validateUpdate(slice, old) {
    const errors = validate(slice);
    const [now, before] = [slice['spec'] ?? {}, old['spec'] ?? {}];
    return [
      ...errors,
      ...immutable(now['pool']?.name, before['pool']?.name, 'spec.pool.name'),
      ...immutable(now['driver'], before['driver'], 'spec.driver'),
      ...immutable(now['nodeName'], before['nodeName'], 'spec.nodeName'),
    ];
  },
  warnings(slice) {
    const driver: string = slice['spec']?.driver ?? '';
    return driver === driver.toLowerCase()
      ? []
      : [`spec.driver: driver names should be lowercase; ${quote(driver)} contains uppercase characters`];
  },
  generation: true,
  selectableFields: {
    'spec.nodeName': (slice) => slice['spec']?.nodeName ?? '',
    'spec.driver': (slice) => slice['spec']?.driver ?? '',
  },
  deleteReturnsObject: true,
  row: (slice, now) => [
    slice.metadata.name ?? '',
    slice['spec']?.nodeName ?? '',
    slice['spec']?.driver ?? '',
    slice['spec']?.pool?.name ?? '',
    age(slice, now),
  ],
};
