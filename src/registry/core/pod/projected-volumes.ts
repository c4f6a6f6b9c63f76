import { child, type FieldError, forbidden, index, invalid, required } from '../../../meta/field-error.ts';
import type { Fields } from '../../../meta/object.ts';
import { fieldRefErrors, resourceFieldRefErrors, VOLUME_FIELD_PATHS } from './environment.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';
import { fileModeErrors, localPathErrors } from './paths.ts';

/**
 * Volumes that are made of the cluster's own objects: projected ones, and files of the downward API. Trust bundles and
 * pod certificates are behind feature gates that are off, so that they never come this far (disabled-fields.ts).
 */

const TEN_MINUTES = 600;

/** One item of a secret or config map, and the file it becomes. */
export function keyToPathErrors(item: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const file: string = item['path'] ?? '';
  if (!item['key']) errors.push(required(child(path, 'key')));
  if (file === '') errors.push(required(child(path, 'path')));
  add(errors, localPathErrors(file, child(path, 'path')));
  add(errors, fileModeErrors(item['mode'], child(path, 'mode')));
  return errors;
}

function downwardFileErrors(file: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!file['path']) errors.push(required(child(path, 'path')));
  add(errors, localPathErrors(file['path'] ?? '', child(path, 'path')));
  if (file['fieldRef']) {
    add(errors, fieldRefErrors(file['fieldRef'], VOLUME_FIELD_PATHS, child(path, 'fieldRef')));
    if (file['resourceFieldRef'])
      errors.push(
        invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'),
      );
  } else if (file['resourceFieldRef'])
    add(errors, resourceFieldRefErrors(file['resourceFieldRef'], child(path, 'resourceFieldRef'), true));
  else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  add(errors, fileModeErrors(file['mode'], child(path, 'mode')));
  return errors;
}

/** Files of a downwardAPI volume. Their paths leave the index out, as kube-apiserver's do. */
export function downwardFilesErrors(files: Fields[] | undefined, path: string): FieldError[] {
  return (files ?? []).flatMap((file) => downwardFileErrors(file, path));
}

export function projectedErrors(volume: Fields, path: string, options: PodValidationOptions): FieldError[] {
  const errors = fileModeErrors(volume['defaultMode'], child(path, 'defaultMode'));
  const paths = new Set<string>();
  const take = (file: string, shown: string) => {
    if (paths.has(file)) errors.push(invalid(path, shown, 'conflicting duplicate paths'));
    else paths.add(file);
  };
  volume['sources']?.forEach((source: Fields, i: number) => {
    const at = index(child(path, 'sources'), i);
    let count = 0;
    for (const kind of ['secret', 'configMap']) {
      const files: Fields | undefined = source[kind];
      if (!files) continue;
      count++;
      const from = child(at, kind);
      if (!files['name']) errors.push(required(child(from, 'name')));
      files['items']?.forEach((item: Fields, j: number) => {
        add(errors, keyToPathErrors(item, index(child(from, 'items'), j)));
        if (item['path']) take(item['path'], files['name'] ?? '');
      });
    }
    if (source['downwardAPI']) {
      count++;
      for (const file of source['downwardAPI'].items ?? []) {
        add(errors, downwardFileErrors(file, child(at, 'downwardAPI')));
        if (file.path) take(file.path, file.path);
      }
    }
    if (source['serviceAccountToken']) {
      count++;
      add(
        errors,
        tokenErrors(source['serviceAccountToken'], child(at, 'serviceAccountToken'), path, options),
      );
    }
    if (count > 1) errors.push(forbidden(at, 'may not specify more than 1 volume type per source'));
  });
  return errors;
}

/** A service account token. Faults of its path stand at the volume's, as kube-apiserver's do. */
function tokenErrors(
  token: Fields,
  path: string,
  volumePath: string,
  options: PodValidationOptions,
): FieldError[] {
  const errors: FieldError[] = [];
  const seconds: number = token['expirationSeconds'] ?? 0;
  const at = child(path, 'expirationSeconds');
  if (seconds < TEN_MINUTES)
    errors.push(invalid(at, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > 2 ** 32)
    errors.push(invalid(at, seconds, 'may not specify a duration larger than 2^32 seconds'));
  if (!token['path']) errors.push(required(child(volumePath, 'path')));
  else if (!options.allowNonLocalTokenPath)
    add(errors, localPathErrors(token['path'], child(volumePath, 'path')));
  return errors;
}
