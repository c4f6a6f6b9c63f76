import { deepEqual } from '../../../meta/deep-equal.ts';
import { child, type FieldError, forbidden, invalid, key } from '../../../meta/field-error.ts';
import { quote } from '../../../meta/go-quote.ts';
import type { Fields } from '../../../meta/object.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';
import { descendingPathErrors } from './paths.ts';
import { appArmorProfileErrors } from './security-context.ts';
import { tolerationsErrors } from './tolerations.ts';
import { containersOf, visitContainers } from './visit.ts';

/** Annotations that say something about a pod's running (ValidatePodSpecificAnnotations in validation.go). */

export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';
const TOLERATIONS_ANNOTATION = 'scheduler.alpha.kubernetes.io/tolerations';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
export const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
export const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
export const APPARMOR_CONTAINER = 'container.apparmor.security.beta.kubernetes.io/';
const LOCALHOST = 'localhost/';

type Annotations = Record<string, string>;

/** What is wrong with the deletion cost, if there is one: an int32 without a plus sign or leading zeros. */
export function deletionCostFault(annotations: Annotations | undefined): string | undefined {
  const value = annotations?.[DELETION_COST];
  if (value === undefined) return undefined;
  const fits =
    /^(-[0-9]+|0|[1-9][0-9]*)$/.test(value) && Number(value) >= -2147483648 && Number(value) <= 2147483647;
  return fits ? undefined : value;
}

export function podAnnotationsErrors(
  annotations: Annotations | undefined,
  spec: Fields,
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  if (!annotations) return [];
  const errors: FieldError[] = [];
  const mirror = annotations[MIRROR_ANNOTATION];
  if (mirror !== undefined && !spec['nodeName'])
    errors.push(
      invalid(key(path, MIRROR_ANNOTATION), mirror, 'must set spec.nodeName if mirror pod annotation is set'),
    );
  if (annotations[TOLERATIONS_ANNOTATION])
    add(errors, annotatedTolerationsErrors(annotations[TOLERATIONS_ANNOTATION], path, options));
  const cost = options.allowInvalidDeletionCost ? undefined : deletionCostFault(annotations);
  if (cost !== undefined) errors.push(invalid(key(path, DELETION_COST), cost, 'must be a 32bit integer'));
  const names = Object.keys(annotations).sort();
  const containers = new Set<string>(containersOf(spec).map((c) => c['name']));
  if (annotations[SECCOMP_POD] !== undefined)
    add(errors, seccompErrors(annotations[SECCOMP_POD], child(path, SECCOMP_POD)));
  for (const name of names)
    if (name.startsWith(SECCOMP_CONTAINER)) add(errors, seccompErrors(annotations[name]!, child(path, name)));
  for (const name of names)
    if (name.startsWith(APPARMOR_CONTAINER))
      add(errors, appArmorErrors(name, annotations[name]!, containers, path));
  return errors;
}

function annotatedTolerationsErrors(text: string, path: string, options: PodValidationOptions): FieldError[] {
  let tolerations: unknown;
  try {
    tolerations = JSON.parse(text);
  } catch {
    return [invalid(path, TOLERATIONS_ANNOTATION, 'invalid character in the JSON of the tolerations')];
  }
  return Array.isArray(tolerations)
    ? tolerationsErrors(tolerations, child(path, TOLERATIONS_ANNOTATION), options)
    : [];
}

function seccompErrors(profile: string, path: string): FieldError[] {
  if (profile === 'runtime/default' || profile === 'docker/default' || profile === 'unconfined') return [];
  if (profile.startsWith(LOCALHOST)) return descendingPathErrors(profile.slice(LOCALHOST.length), path);
  return [invalid(path, profile, 'must be a valid seccomp profile')];
}

function appArmorErrors(
  name: string,
  profile: string,
  containers: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const container = name.slice(APPARMOR_CONTAINER.length);
  if (!containers.has(container)) errors.push(invalid(key(path, name), container, 'container not found'));
  if (
    profile !== '' &&
    profile !== 'runtime/default' &&
    profile !== 'unconfined' &&
    !profile.startsWith(LOCALHOST)
  )
    errors.push(invalid(key(path, name), profile, `invalid AppArmor profile name: ${quote(profile)}`));
  return errors;
}

/** What an update of a pod may not do to these annotations, and the checks of a create again. */
export function podAnnotationUpdatesErrors(
  now: Annotations = {},
  before: Annotations = {},
  spec: Fields,
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of Object.keys(before).sort()) {
    if (now[name] === before[name]) continue;
    if (name.startsWith(APPARMOR_CONTAINER))
      errors.push(forbidden(key(path, name), 'may not remove or update AppArmor annotations'));
    if (name === MIRROR_ANNOTATION)
      errors.push(forbidden(key(path, name), 'may not remove or update mirror pod annotation'));
  }
  for (const name of Object.keys(now).sort()) {
    if (before[name] !== undefined) continue;
    if (name.startsWith(APPARMOR_CONTAINER))
      errors.push(forbidden(key(path, name), 'may not add AppArmor annotations'));
    if (name === MIRROR_ANNOTATION)
      errors.push(forbidden(key(path, name), 'may not add mirror pod annotation'));
  }
  add(errors, podAnnotationsErrors(now, spec, path, options));
  return errors;
}

/** A profile given both ways, by annotation and by field, must be the same one (for seccomp and for AppArmor). */
export function profileAgreementErrors(
  annotations: Annotations | undefined,
  spec: Fields,
  path: string,
): FieldError[] {
  if (!annotations) return [];
  const errors: FieldError[] = [];
  const seccomp = (name: string, profile: Fields | undefined, at: string) => {
    if (profile && annotations[name] !== undefined)
      add(
        errors,
        disagreement('seccomp', annotations[name], profile, `${at}.securityContext.seccompProfile`),
      );
  };
  seccomp(SECCOMP_POD, spec['securityContext']?.seccompProfile, path);
  visitContainers(spec, path, (container, at) => {
    seccomp(SECCOMP_CONTAINER + (container['name'] ?? ''), container['securityContext']?.seccompProfile, at);
  });
  if (spec['os']?.name === 'windows') return errors;
  visitContainers(spec, path, (container, at) => {
    const profile: Fields | undefined =
      container['securityContext']?.appArmorProfile ?? spec['securityContext']?.appArmorProfile;
    const annotation = annotations[APPARMOR_CONTAINER + (container['name'] ?? '')];
    if (profile && annotation !== undefined)
      add(errors, disagreement('apparmor', annotation, profile, `${at}.securityContext.appArmorProfile`));
  });
  return errors;
}

function disagreement(
  what: 'seccomp' | 'apparmor',
  annotation: string,
  profile: Fields,
  path: string,
): FieldError[] {
  const type = () => [forbidden(child(path, 'type'), `${what} type in annotation and field must match`)];
  switch (profile['type']) {
    case 'Unconfined':
      return annotation === 'unconfined' ? [] : type();
    case 'RuntimeDefault':
      return annotation === 'runtime/default' || (what === 'seccomp' && annotation === 'docker/default')
        ? []
        : type();
    case 'Localhost':
      if (!annotation.startsWith(LOCALHOST)) return type();
      return annotation.slice(LOCALHOST.length) === profile['localhostProfile']
        ? []
        : [forbidden(child(path, 'localhostProfile'), `${what} profile in annotation and field must match`)];
    default:
      return [];
  }
}

/** The profile an AppArmor annotation stands for; undefined for one that is none. */
export function appArmorFromAnnotation(annotation: string): Fields | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (annotation.startsWith(LOCALHOST) && annotation.length > LOCALHOST.length)
    return { type: 'Localhost', localhostProfile: annotation.slice(LOCALHOST.length) };
  return undefined;
}

/** Takes AppArmor annotations of a new pod over into the fields; returns the warnings (applyAppArmorVersionSkew in strategy.go). */
export function adoptAppArmorAnnotations(annotations: Annotations | undefined, spec: Fields): string[] {
  const warnings: string[] = [];
  if (!annotations || spec['os']?.name === 'windows') return warnings;
  for (const container of containersOf(spec)) {
    const name = APPARMOR_CONTAINER + (container['name'] ?? '');
    const annotation = annotations[name];
    if (annotation === undefined || container['securityContext']?.appArmorProfile) continue;
    const profile = appArmorFromAnnotation(annotation);
    const usable = profile !== undefined && appArmorProfileErrors(profile, '').length === 0;
    if (usable && deepEqual(profile, spec['securityContext']?.appArmorProfile)) continue;
    if (usable) container['securityContext'] = { ...container['securityContext'], appArmorProfile: profile };
    warnings.push(
      `${key('metadata.annotations', name)}: deprecated since v1.30; use the "appArmorProfile" field instead`,
    );
  }
  return warnings;
}
