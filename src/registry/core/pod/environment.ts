import { child, type FieldError, index, invalid, notSupported, required } from '../../../meta/field-error.ts';
import {
  configMapKeyFaults,
  dns1123LabelFaults,
  dns1123SubdomainFaults,
  nameIsDnsSubdomain,
  qualifiedNameFaults,
  relaxedEnvVarNameFaults,
} from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import { add } from './faults.ts';
import { noBackstepsErrors } from './paths.ts';
import { quantityOf } from './resources.ts';

/** Environment variables of containers and the fields they may be drawn from (pkg/apis/core/validation/validation.go). */

const ENV_FIELD_PATHS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** What a downwardAPI volume may hold; whole maps of labels and annotations are written as files. */
export const VOLUME_FIELD_PATHS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

const DOWNWARD_LABELS = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);

const RESOURCE_FIELDS = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const isHugePagesField = (resource: string) =>
  resource.startsWith('limits.hugepages-') || resource.startsWith('requests.hugepages-');

const CPU_DIVISORS = new Set(['1m', '1']);
const BYTE_DIVISORS = new Set([
  '1',
  '1k',
  '1M',
  '1G',
  '1T',
  '1P',
  '1E',
  '1Ki',
  '1Mi',
  '1Gi',
  '1Ti',
  '1Pi',
  '1Ei',
]);

const each = (faults: readonly string[], value: unknown, path: string): FieldError[] =>
  faults.map((fault) => invalid(path, value, fault));

export function environmentErrors(variables: Fields[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  variables?.forEach((variable, i) => {
    const at = index(path, i);
    const name: string = variable['name'] ?? '';
    if (name === '') errors.push(required(child(at, 'name')));
    else add(errors, each(relaxedEnvVarNameFaults(name), name, child(at, 'name')));
    if (variable['valueFrom']) add(errors, valueFromErrors(variable, child(at, 'valueFrom')));
  });
  return errors;
}

function valueFromErrors(variable: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const from: Fields = variable['valueFrom'];
  let sources = 0;
  if (from['fieldRef']) {
    sources++;
    add(errors, fieldRefErrors(from['fieldRef'], ENV_FIELD_PATHS, child(path, 'fieldRef')));
  }
  if (from['resourceFieldRef']) {
    sources++;
    add(errors, resourceFieldRefErrors(from['resourceFieldRef'], child(path, 'resourceFieldRef'), false));
  }
  for (const kind of ['configMapKeyRef', 'secretKeyRef']) {
    if (!from[kind]) continue;
    sources++;
    add(errors, keyRefErrors(from[kind], child(path, kind)));
  }
  if (from['fileKeyRef']) {
    sources++;
    add(errors, fileKeyRefErrors(from['fileKeyRef'], child(path, 'fileKeyRef')));
  }
  if (sources === 0)
    errors.push(
      invalid(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    );
  else if (variable['value'])
    errors.push(invalid(path, '', 'may not be specified when `value` is not empty'));
  else if (sources > 1)
    errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  return errors;
}

/** `metadata.labels['a']` in its parts; no subscript: undefined (pkg/fieldpath). */
function subscripted(path: string): [string, string] | undefined {
  if (!path.endsWith("']")) return undefined;
  const open = path.indexOf("['");
  return open > 0 ? [path.slice(0, open), path.slice(open + 2, -2)] : undefined;
}

function downwardLabelFault(label: string): string | undefined {
  const parts = subscripted(label);
  if (parts) {
    if (parts[0] === 'metadata.annotations' || parts[0] === 'metadata.labels') return undefined;
    return `field label does not support subscript: ${label}`;
  }
  return DOWNWARD_LABELS.has(label) || label === 'spec.host'
    ? undefined
    : `field label not supported: ${label}`;
}

/** ObjectFieldSelector; `allowed` in the order messages list them. */
export function fieldRefErrors(ref: Fields, allowed: readonly string[], path: string): FieldError[] {
  const version: string = ref['apiVersion'] ?? '';
  const fieldPath: string = ref['fieldPath'] ?? '';
  if (version === '') return [required(child(path, 'apiVersion'))];
  if (fieldPath === '') return [required(child(path, 'fieldPath'))];
  const fault = version === 'v1' ? downwardLabelFault(fieldPath) : `unsupported pod version: ${version}`;
  if (fault) return [invalid(child(path, 'fieldPath'), fieldPath, `error converting fieldPath: ${fault}`)];
  const parts = subscripted(fieldPath);
  if (parts) {
    const subscript = parts[0] === 'metadata.annotations' ? parts[1].toLowerCase() : parts[1];
    return each(qualifiedNameFaults(subscript), subscript, path);
  }
  const internal = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
  return allowed.includes(internal) ? [] : [notSupported(child(path, 'fieldPath'), internal, allowed)];
}

/** ResourceFieldSelector; in a volume it must name its container. */
export function resourceFieldRefErrors(ref: Fields, path: string, volume: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const resource: string = ref['resource'] ?? '';
  if (volume && !ref['containerName']) errors.push(required(child(path, 'containerName')));
  else if (resource === '') errors.push(required(child(path, 'resource')));
  else if (!RESOURCE_FIELDS.includes(resource) && !isHugePagesField(resource))
    errors.push(notSupported(child(path, 'resource'), resource, RESOURCE_FIELDS));
  const divisor = quantityOf(ref['divisor']);
  if (divisor.sign === 0) return errors;
  const text = divisor.toString();
  const bytes = [...BYTE_DIVISORS].join(', ');
  const fault = (what: string) => errors.push(invalid(child(path, 'divisor'), resource, what));
  if (resource === 'limits.cpu' || resource === 'requests.cpu') {
    if (!CPU_DIVISORS.has(text)) fault("only divisor's values 1m and 1 are supported with the cpu resource");
  } else if (!BYTE_DIVISORS.has(text)) {
    const what = isHugePagesField(resource)
      ? 'hugepages'
      : resource.endsWith('.memory')
        ? 'memory'
        : resource.endsWith('.ephemeral-storage')
          ? 'local ephemeral storage'
          : undefined;
    if (what) fault(`only divisor's values ${bytes} are supported with the ${what} resource`);
  }
  return errors;
}

function keyRefErrors(ref: Fields, path: string): FieldError[] {
  const name: string = ref['name'] ?? '';
  const errors = each(dns1123SubdomainFaults(name), name, child(path, 'name'));
  if (!ref['key']) errors.push(required(child(path, 'key')));
  else add(errors, each(configMapKeyFaults(ref['key']), ref['key'], child(path, 'key')));
  return errors;
}

function fileKeyRefErrors(ref: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!ref['key']) errors.push(required(child(path, 'key')));
  else add(errors, each(relaxedEnvVarNameFaults(ref['key']), ref['key'], child(path, 'key')));
  if (!ref['volumeName']) errors.push(required(child(path, 'volumeName')));
  else add(errors, each(dns1123LabelFaults(ref['volumeName']), ref['volumeName'], child(path, 'volumeName')));
  if (!ref['path']) errors.push(required(child(path, 'path')));
  else add(errors, noBackstepsErrors(ref['path'], child(path, 'path')));
  return errors;
}

export function environmentFromErrors(sources: Fields[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  sources?.forEach((source, i) => {
    const at = index(path, i);
    if (source['prefix'])
      add(errors, each(relaxedEnvVarNameFaults(source['prefix']), source['prefix'], child(at, 'prefix')));
    let count = 0;
    for (const kind of ['configMapRef', 'secretRef']) {
      if (!source[kind]) continue;
      count++;
      const name: string = source[kind].name ?? '';
      const namePath = child(child(at, kind), 'name');
      if (name === '') errors.push(required(namePath));
      // As a prefix: a dash at its end is let pass.
      else add(errors, each(nameIsDnsSubdomain(name, true), name, namePath));
    }
    if (count === 0) errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (count > 1)
      errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  });
  return errors;
}
