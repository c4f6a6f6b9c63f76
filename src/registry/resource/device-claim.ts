import { Buffer } from 'node:buffer';
import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../meta/field-error.ts';
import { labelNameErrors } from '../../meta/label-selector.ts';
import { labelValueFaults } from '../../meta/names.ts';
import type { Fields } from '../../meta/object.ts';
import { csiDriverNameErrors } from '../core/pod/volumes.ts';
import { dns1123Label, dns1123Subdomain } from '../field-validation.ts';

/** Faults of what claims and classes say of devices (pkg/apis/resource/validation/validation.go). */

const MOST = 32;
const MOST_ALTERNATIVES = 8;
const LONGEST = 10 * 1024;
const LONGEST_IDENTIFIER = 32;
const REQUEST_REFERENCE =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
const IDENTIFIER_FAULT =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";

/** Faults of the items of a list that is not too long; one fault where it is. */
export function listErrors<T>(
  list: readonly T[] | undefined,
  most: number,
  path: string,
  itemErrors: (item: T, path: string) => FieldError[],
  keyOf?: (item: T) => string,
): FieldError[] {
  const items = list ?? [];
  if (items.length > most) return [tooMany(path, items.length, most)];
  const errors = items.flatMap((item, i) => itemErrors(item, index(path, i)));
  const seen = new Set<string>();
  items.forEach((item, i) => {
    if (!keyOf) return;
    const key = keyOf(item);
    if (seen.has(key)) errors.push(duplicate(index(path, i), key));
    seen.add(key);
  });
  return errors;
}

function identifierErrors(value: string, path: string): FieldError[] {
  const errors = value.length > LONGEST_IDENTIFIER ? [tooLong(path, LONGEST_IDENTIFIER)] : [];
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) errors.push(invalid(path, value, IDENTIFIER_FAULT));
  return errors;
}

/** An attribute's name, which may have its driver's domain before it. */
export function attributeNameErrors(name: string, path: string): FieldError[] {
  const parts = name.split('/');
  if (parts.length > 2) return [];
  const [domain, own] = parts.length === 2 ? parts : [undefined, parts[0]];
  const errors: FieldError[] = [];
  if (domain === '') errors.push(invalid(path, '', 'the domain must not be empty'));
  else if (domain !== undefined) errors.push(...csiDriverNameErrors(domain, path));
  if (domain !== undefined && own === '') errors.push(invalid(path, '', 'the name must not be empty'));
  else errors.push(...identifierErrors(own ?? '', path));
  return errors;
}

function qualifiedAttributeErrors(name: string, path: string): FieldError[] {
  const errors = attributeNameErrors(name, path);
  if (!name.includes('/'))
    errors.push(
      invalid(path, name, 'a fully qualified name must be a domain and a name separated by a slash'),
    );
  return errors;
}

/** CEL selectors; what they say is for the scheduler, and not compiled here. */
export const selectorsErrors = (selectors: Fields[] | undefined, path: string): FieldError[] =>
  listErrors(selectors, MOST, path, (selector, here) => {
    const cel: Fields | undefined = selector['cel'];
    if (!cel) return [required(child(here, 'cel'))];
    return Buffer.byteLength(cel['expression'] ?? '') > LONGEST
      ? [tooLong(`${here}.cel.expression`, LONGEST)]
      : [];
  });

function parametersErrors(parameters: unknown, path: string): FieldError[] {
  if (parameters === undefined || parameters === null) return [required(path)];
  if (Buffer.byteLength(JSON.stringify(parameters)) > LONGEST) return [tooLong(path, LONGEST)];
  return typeof parameters === 'object' && !Array.isArray(parameters)
    ? []
    : [invalid(path, '<value omitted>', 'must be a valid JSON object')];
}

/** A driver's configuration of devices. */
export function configurationErrors(config: Fields, path: string): FieldError[] {
  const opaque: Fields | undefined = config['opaque'];
  const at = child(path, 'opaque');
  if (!opaque) return [required(at)];
  return [
    ...csiDriverNameErrors(opaque['driver'] ?? '', child(at, 'driver')),
    ...parametersErrors(opaque['parameters'], child(at, 'parameters')),
  ];
}

function tolerationErrors(toleration: Fields, path: string): FieldError[] {
  const { key = '', operator = '', value = '', effect = '' } = toleration as Record<string, string>;
  const errors = key === '' ? [] : labelNameErrors(key, child(path, 'key'));
  const at = child(path, 'value');
  if (operator === '') errors.push(required(child(path, 'operator')));
  else if (operator === 'Equal')
    for (const fault of labelValueFaults(value)) errors.push(invalid(at, value, fault));
  else if (operator !== 'Exists')
    errors.push(notSupported(child(path, 'operator'), operator, ['Equal', 'Exists']));
  else if (value !== '') errors.push(invalid(at, value, 'must be empty for operator `Exists`'));
  if (effect !== '' && !['NoExecute', 'NoSchedule', 'None'].includes(effect))
    errors.push(notSupported(child(path, 'effect'), effect, ['NoExecute', 'NoSchedule', 'None']));
  return errors;
}

function deviceRequestErrors(request: Fields, path: string): FieldError[] {
  const at = (name: string) => child(path, name);
  const className: string = request['deviceClassName'] ?? '';
  const mode: string = request['allocationMode'] ?? '';
  const count: number = request['count'] ?? 0;
  const errors =
    className === '' ? [required(at('deviceClassName'))] : dns1123Subdomain(className, at('deviceClassName'));
  errors.push(...selectorsErrors(request['selectors'], at('selectors')));
  if (mode === 'All' && count !== 0)
    errors.push(invalid(at('count'), count, "must not be specified when allocationMode is 'All'"));
  else if (mode === 'ExactCount' && count <= 0)
    errors.push(invalid(at('count'), count, 'must be greater than zero'));
  else if (mode !== 'All' && mode !== 'ExactCount')
    errors.push(notSupported(at('allocationMode'), mode, ['All', 'ExactCount']));
  ((request['tolerations'] ?? []) as Fields[]).forEach((toleration, i) => {
    errors.push(...tolerationErrors(toleration, index(at('tolerations'), i)));
  });
  return errors;
}

function requestErrors(request: Fields, path: string): FieldError[] {
  const errors = dns1123Label(request['name'] ?? '', child(path, 'name'));
  const alternatives: Fields[] = request['firstAvailable'] ?? [];
  const exactly: Fields | undefined = request['exactly'];
  const rule = 'exactly one of `exactly` or `firstAvailable` is required';
  if (!exactly && !alternatives.length) return [...errors, required(path, rule)];
  if (exactly && alternatives.length)
    return [...errors, invalid(path, null, `${rule}, but multiple fields are set`)];
  if (exactly) return [...errors, ...deviceRequestErrors(exactly, child(path, 'exactly'))];
  return [
    ...errors,
    ...listErrors(
      alternatives,
      MOST_ALTERNATIVES,
      child(path, 'firstAvailable'),
      (one, here) => [
        ...dns1123Label(one['name'] ?? '', child(here, 'name')),
        ...deviceRequestErrors(one, here),
      ],
      (one) => one['name'] ?? '',
    ),
  ];
}

/** Names that configurations and constraints may use for a claim's requests. */
function requestNames(requests: readonly Fields[]): Set<string> {
  return new Set(
    requests.flatMap((request) => [
      request['name'] ?? '',
      ...((request['firstAvailable'] ?? []) as Fields[]).map(
        (one) => `${request['name'] ?? ''}/${one['name'] ?? ''}`,
      ),
    ]),
  );
}

/** Faults of `spec.devices` of a claim. */
export function deviceClaimErrors(devices: Fields, path: string): FieldError[] {
  const requests: Fields[] = devices['requests'] ?? [];
  const names = requestNames(requests);
  const references = (list: string[] | undefined, at: string): FieldError[] =>
    listErrors(
      list,
      MOST,
      at,
      (name, here) => {
        const segments = name.split('/');
        const errors = segments.length > 2 ? [] : segments.flatMap((segment) => dns1123Label(segment, here));
        if (!names.has(name)) errors.push(invalid(here, name, REQUEST_REFERENCE));
        return errors;
      },
      (name) => name,
    );
  return [
    ...listErrors(requests, MOST, child(path, 'requests'), requestErrors, (request) => request['name'] ?? ''),
    ...listErrors(
      devices['constraints'] as Fields[] | undefined,
      MOST,
      child(path, 'constraints'),
      (one, here) => {
        const errors = references(one['requests'], child(here, 'requests'));
        const kind = ['matchAttribute', 'distinctAttribute'].find((name) => one[name] !== undefined);
        if (kind) return [...errors, ...qualifiedAttributeErrors(one[kind], child(here, kind))];
        const words =
          'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
        return [...errors, required(here, words)];
      },
    ),
    ...listErrors(devices['config'] as Fields[] | undefined, MOST, child(path, 'config'), (one, here) => [
      ...references(one['requests'], child(here, 'requests')),
      ...configurationErrors(one, here),
    ]),
  ];
}

/** A request is for one device where it says nothing. */
export function defaultDeviceClaim(devices: Fields | undefined): void {
  for (const request of (devices?.['requests'] ?? []) as Fields[])
    for (const one of [request['exactly'], ...((request['firstAvailable'] ?? []) as Fields[])] as (
      | Fields
      | undefined
    )[]) {
      if (!one) continue;
      one['allocationMode'] ||= 'ExactCount';
      if (one['allocationMode'] === 'ExactCount') one['count'] ||= 1;
    }
}
