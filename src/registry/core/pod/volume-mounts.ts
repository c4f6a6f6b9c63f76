import {
  child,
  type FieldError,
  forbidden,
  index,
  invalid,
  notFound,
  notSupported,
  required,
} from '../../../meta/field-error.ts';
import type { Fields } from '../../../meta/object.ts';
import { add } from './faults.ts';
import { descendingPathErrors, noBackstepsErrors } from './paths.ts';

/** Where a container sees the pod's volumes (ValidateVolumeMounts, ValidateVolumeDevices in validation.go). */

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE_READ_ONLY = ['Disabled', 'Enabled', 'IfPossible'];

/** `volumes` holds the pod's flawless volumes by name. Some paths leave the index out, as kube-apiserver's do. */
export function volumeMountsErrors(
  container: Fields,
  volumes: ReadonlyMap<string, Fields>,
  path: string,
): FieldError[] {
  const mounts: Fields[] | undefined = container['volumeMounts'];
  if (!mounts?.length) return [];
  const errors: FieldError[] = [];
  const points = new Set<string>();
  const devices = new Map<string, string>(
    (container['volumeDevices'] ?? []).map((d: Fields) => [d['name'] ?? '', d['devicePath'] ?? '']),
  );
  const devicePaths = new Set(devices.values());
  mounts.forEach((mount, i) => {
    const at = index(path, i);
    const name: string = mount['name'] ?? '';
    const point: string = mount['mountPath'] ?? '';
    if (name === '') errors.push(required(child(at, 'name')));
    if (!volumes.has(name)) errors.push(notFound(child(at, 'name'), name));
    if (point === '') errors.push(required(child(at, 'mountPath')));
    if (points.has(point)) errors.push(invalid(child(at, 'mountPath'), point, 'must be unique'));
    points.add(point);
    if (devices.has(name))
      errors.push(invalid(child(at, 'name'), name, 'must not already exist in volumeDevices'));
    if (devicePaths.has(point))
      errors.push(
        invalid(child(at, 'mountPath'), point, 'must not already exist as a path in volumeDevices'),
      );
    if (mount['subPath']) add(errors, descendingPathErrors(mount['subPath'], child(path, 'subPath')));
    if (mount['subPathExpr']) {
      if (mount['subPath'])
        errors.push(
          invalid(
            child(at, 'subPathExpr'),
            mount['subPathExpr'],
            'subPathExpr and subPath are mutually exclusive',
          ),
        );
      add(errors, descendingPathErrors(mount['subPathExpr'], child(path, 'subPathExpr')));
    }
    add(errors, propagationErrors(mount['mountPropagation'], container, child(path, 'mountPropagation')));
    add(errors, recursiveReadOnlyErrors(mount, child(path, 'recursiveReadOnly')));
  });
  return errors;
}

function propagationErrors(propagation: string | undefined, container: Fields, path: string): FieldError[] {
  if (propagation === undefined) return [];
  if (!PROPAGATIONS.includes(propagation)) return [notSupported(path, propagation, PROPAGATIONS)];
  return propagation === 'Bidirectional' && !container['securityContext']?.privileged
    ? [forbidden(path, 'Bidirectional mount propagation is available only to privileged containers')]
    : [];
}

function recursiveReadOnlyErrors(mount: Fields, path: string): FieldError[] {
  const mode: string | undefined = mount['recursiveReadOnly'];
  if (mode === undefined || mode === 'Disabled') return [];
  if (!RECURSIVE_READ_ONLY.includes(mode)) return [notSupported(path, mode, RECURSIVE_READ_ONLY)];
  const errors: FieldError[] = [];
  if (!mount['readOnly']) errors.push(forbidden(path, 'may only be specified when readOnly is true'));
  if (mount['mountPropagation'] !== undefined && mount['mountPropagation'] !== 'None')
    errors.push(forbidden(path, 'may only be specified when mountPropagation is None or not specified'));
  return errors;
}

/** Block devices: claims only, each name and path once. */
export function volumeDevicesErrors(
  container: Fields,
  volumes: ReadonlyMap<string, Fields>,
  path: string,
): FieldError[] {
  const devices: Fields[] | undefined = container['volumeDevices'];
  if (!devices?.length) return [];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = new Map<string, string>(
    (container['volumeMounts'] ?? []).map((m: Fields) => [m['name'] ?? '', m['mountPath'] ?? '']),
  );
  const mountPaths = new Set(mounts.values());
  devices.forEach((device, i) => {
    const namePath = child(index(path, i), 'name');
    const devicePath = child(index(path, i), 'devicePath');
    const name: string = device['name'] ?? '';
    const file: string = device['devicePath'] ?? '';
    const volume = volumes.get(name);
    if (name === '') errors.push(required(namePath));
    if (names.has(name)) errors.push(invalid(namePath, name, 'must be unique'));
    if (volume && !volume['persistentVolumeClaim'] && !volume['ephemeral'])
      errors.push(
        invalid(
          namePath,
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      );
    if (!volume) errors.push(notFound(namePath, name));
    if (file === '') errors.push(required(devicePath));
    if (paths.has(file)) errors.push(invalid(devicePath, file, 'must be unique'));
    if (file !== '' && noBackstepsErrors(file, '').length)
      errors.push(invalid(devicePath, file, "can not contain backsteps ('..')"));
    else paths.add(file);
    if (mounts.has(name)) errors.push(invalid(namePath, name, 'must not already exist in volumeMounts'));
    if (mountPaths.has(file))
      errors.push(invalid(devicePath, file, 'must not already exist as a path in volumeMounts'));
    if (name !== '') names.add(name);
  });
  return errors;
}
