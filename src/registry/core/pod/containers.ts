import {
  child,
  duplicate,
  type FieldError,
  forbidden,
  index,
  invalid,
  notFound,
  notSupported,
  required,
  tooMany,
} from '../../../meta/field-error.ts';
import { dns1123LabelFaults, portNameFaults } from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import { portNumber } from '../../field-validation.ts';
import { environmentErrors, environmentFromErrors } from './environment.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';
import { probesErrors } from './probes.ts';
import { resourceRequirementsErrors } from './resources.ts';
import { containerSecurityContextErrors } from './security-context.ts';
import { restartsAlways } from './visit.ts';
import { volumeDevicesErrors, volumeMountsErrors } from './volume-mounts.ts';
import { pullPolicyErrors } from './volumes.ts';

/** Containers of all three lists (validateContainers, validateInitContainers, validateEphemeralContainers in validation.go). */

/** What the containers of one pod share. */
export interface PodScope {
  spec: Fields;
  options: PodValidationOptions;
  /** The flawless volumes by name. */
  volumes: ReadonlyMap<string, Fields>;
  /** The names in spec.resourceClaims. */
  claims: ReadonlySet<string>;
  gracePeriod: number | undefined;
  /** False where the pod has a user namespace of its own. */
  hostUsers: boolean;
}

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];
const RESTART_ACTIONS = ['Restart', 'RestartAllContainers'];
const EXIT_CODE_OPERATORS = ['In', 'NotIn'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];

function portsErrors(ports: Fields[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  ports?.forEach((port, i) => {
    const at = index(path, i);
    const name: string = port['name'] ?? '';
    if (name !== '') {
      const faults = portNameFaults(name);
      for (const fault of faults) errors.push(invalid(child(at, 'name'), name, fault));
      if (faults.length === 0) {
        if (names.has(name)) errors.push(duplicate(child(at, 'name'), name));
        else names.add(name);
      }
    }
    if (!port['containerPort']) errors.push(required(child(at, 'containerPort')));
    else add(errors, portNumber(port['containerPort'], child(at, 'containerPort')));
    if (port['hostPort']) add(errors, portNumber(port['hostPort'], child(at, 'hostPort')));
    if (!port['protocol']) errors.push(required(child(at, 'protocol')));
    else if (!PROTOCOLS.includes(port['protocol']))
      errors.push(notSupported(child(at, 'protocol'), port['protocol'], PROTOCOLS));
  });
  return errors;
}

function hostPortConflicts(containers: Fields[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const taken = new Set<string>();
  containers.forEach((container, i) => {
    container['ports']?.forEach((port: Fields, j: number) => {
      if (!port['hostPort']) return;
      const text = `${port['protocol'] ?? ''}/${port['hostIP'] ?? ''}/${port['hostPort']}`;
      if (taken.has(text)) errors.push(duplicate(`${index(path, i)}.ports[${j}].hostPort`, text));
      else taken.add(text);
    });
  });
  return errors;
}

function resizePolicyErrors(
  policies: Fields[] | undefined,
  path: string,
  podRestartPolicy: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  policies?.forEach((policy, i) => {
    const resource: string = policy['resourceName'] ?? '';
    const restart: string = policy['restartPolicy'] ?? '';
    if (seen.has(resource)) errors.push(duplicate(index(path, i), resource));
    seen.add(resource);
    if (resource === '') errors.push(required(path));
    else if (resource !== 'cpu' && resource !== 'memory')
      errors.push(notSupported(path, resource, ['cpu', 'memory']));
    if (restart === '') errors.push(required(path));
    else if (restart !== 'NotRequired' && restart !== 'RestartContainer')
      errors.push(notSupported(path, restart, ['NotRequired', 'RestartContainer']));
    if (podRestartPolicy === 'Never' && restart !== 'NotRequired')
      errors.push(invalid(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
  });
  return errors;
}

/** What every container is held to. */
function containerErrors(container: Fields, scope: PodScope, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const name: string = container['name'] ?? '';
  if (name === '') errors.push(required(child(path, 'name')));
  else for (const fault of dns1123LabelFaults(name)) errors.push(invalid(child(path, 'name'), name, fault));
  if (!container['image']) errors.push(required(child(path, 'image')));
  const messages: string = container['terminationMessagePolicy'] ?? '';
  if (messages === '') errors.push(required(child(path, 'terminationMessagePolicy')));
  else if (!MESSAGE_POLICIES.includes(messages))
    errors.push(notSupported(child(path, 'terminationMessagePolicy'), messages, MESSAGE_POLICIES));
  add(errors, portsErrors(container['ports'], child(path, 'ports')));
  add(errors, environmentErrors(container['env'], child(path, 'env')));
  add(errors, environmentFromErrors(container['envFrom'], child(path, 'envFrom')));
  add(errors, volumeMountsErrors(container, scope.volumes, child(path, 'volumeMounts')));
  add(errors, volumeDevicesErrors(container, scope.volumes, child(path, 'volumeDevices')));
  add(errors, pullPolicyErrors(container['imagePullPolicy'], child(path, 'imagePullPolicy')));
  add(
    errors,
    resourceRequirementsErrors(container['resources'], scope.claims, child(path, 'resources'), scope.options),
  );
  add(
    errors,
    resizePolicyErrors(container['resizePolicy'], child(path, 'resizePolicy'), scope.spec['restartPolicy']),
  );
  add(
    errors,
    containerSecurityContextErrors(
      container['securityContext'],
      child(path, 'securityContext'),
      scope.hostUsers,
      scope.options,
    ),
  );
  return errors;
}

function restartPolicyErrors(container: Fields, path: string, init: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const policy: string | undefined = container['restartPolicy'];
  const rules: Fields[] = container['restartPolicyRules'] ?? [];
  if (policy === undefined) {
    if (rules.length === 0) return errors;
    errors.push(
      required(child(path, 'restartPolicy'), 'must specify restartPolicy when restart rules are used'),
    );
    if (init) return errors;
  } else if (!RESTART_POLICIES.includes(policy))
    errors.push(notSupported(child(path, 'restartPolicy'), policy, RESTART_POLICIES));
  const rulesPath = child(path, 'restartPolicyRules');
  if (rules.length > 20) errors.push(tooMany(rulesPath, rules.length, 20));
  rules.forEach((rule, i) => {
    const at = index(rulesPath, i);
    if (!RESTART_ACTIONS.includes(rule['action']))
      errors.push(notSupported(child(at, 'action'), rule['action'] ?? '', RESTART_ACTIONS));
    const codes: Fields | undefined = rule['exitCodes'];
    if (!codes) {
      errors.push(required(child(at, 'exitCodes'), 'must be specified'));
      return;
    }
    const codesPath = child(at, 'exitCodes');
    if (!EXIT_CODE_OPERATORS.includes(codes['operator']))
      errors.push(notSupported(child(codesPath, 'operator'), codes['operator'] ?? '', EXIT_CODE_OPERATORS));
    if (codes['values']?.length > 255)
      errors.push(tooMany(child(codesPath, 'values'), codes['values'].length, 255));
  });
  return errors;
}

/** spec.containers. */
export function containersErrors(scope: PodScope, path: string): FieldError[] {
  const containers: Fields[] = scope.spec['containers'] ?? [];
  if (containers.length === 0) return [required(path)];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  containers.forEach((container, i) => {
    const at = index(path, i);
    const name: string = container['name'] ?? '';
    add(errors, containerErrors(container, scope, at));
    if (names.has(name)) errors.push(duplicate(child(at, 'name'), name));
    else names.add(name);
    add(errors, probesErrors(container, scope.spec['os']?.name, scope.gracePeriod, at));
    add(errors, restartPolicyErrors(container, at, false));
  });
  add(errors, hostPortConflicts(containers, path));
  return errors;
}

/** spec.initContainers. */
export function initContainersErrors(scope: PodScope, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const containers: Fields[] = scope.spec['initContainers'] ?? [];
  const names = new Set<string>((scope.spec['containers'] ?? []).map((c: Fields) => c['name'] ?? ''));
  containers.forEach((container, i) => {
    const at = index(path, i);
    const name: string = container['name'] ?? '';
    add(errors, containerErrors(container, scope, at));
    add(errors, restartPolicyErrors(container, at, true));
    if (names.has(name)) errors.push(duplicate(child(at, 'name'), name));
    else if (name !== '') names.add(name);
    // The index of a conflict counts from 0 in each init container, as kube-apiserver's does.
    add(errors, hostPortConflicts([container], path));
    if (restartsAlways(container))
      add(errors, probesErrors(container, scope.spec['os']?.name, scope.gracePeriod, at));
    else {
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'])
        if (container[field])
          errors.push(
            forbidden(child(at, field), 'may not be set for init containers without restartPolicy=Always'),
          );
      if (!scope.options.allowRestartContainerForInit) add(errors, initResizeErrors(container, at));
    }
  });
  return errors;
}

function initResizeErrors(container: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  container['resizePolicy']?.forEach((policy: Fields, j: number) => {
    if (policy['restartPolicy'] === 'RestartContainer')
      errors.push(
        invalid(
          `${path}.resizePolicy[${j}].restartPolicy`,
          'RestartContainer',
          "must not be set to 'RestartContainer' for non-sidecar initContainers",
        ),
      );
  });
  return errors;
}

/** Fields an ephemeral container has not, in the order of the Container type. */
const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
];

/** spec.ephemeralContainers. */
export function ephemeralContainersErrors(scope: PodScope, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const words = 'cannot be set for an Ephemeral Container';
  const others = new Set<string>(
    [...(scope.spec['containers'] ?? []), ...(scope.spec['initContainers'] ?? [])].map(
      (c: Fields) => c['name'] ?? '',
    ),
  );
  const names = new Set(others);
  scope.spec['ephemeralContainers']?.forEach((container: Fields, i: number) => {
    const at = index(path, i);
    const name: string = container['name'] ?? '';
    add(errors, containerErrors(container, scope, at));
    add(errors, imageSpaceErrors(container, at));
    if (names.has(name)) errors.push(duplicate(child(at, 'name'), name));
    else names.add(name);
    const target: string | undefined = container['targetContainerName'];
    if (target && !others.has(target)) errors.push(notFound(child(at, 'targetContainerName'), target));
    for (const field of NOT_EPHEMERAL) {
      const value = container[field];
      if (value !== undefined && (typeof value !== 'object' || Object.keys(value).length > 0))
        errors.push(forbidden(child(at, field), words));
    }
    container['volumeMounts']?.forEach((mount: Fields, j: number) => {
      for (const field of ['subPath', 'subPathExpr'])
        if (mount[field]) errors.push(forbidden(`${at}.volumeMounts[${j}].${field}`, words));
    });
  });
  return errors;
}

/** No blanks around the name of an image: a rule for pods, not for templates. */
export function imageSpaceErrors(container: Fields, path: string): FieldError[] {
  const image: string = container['image'] ?? '';
  return image === image.trim()
    ? []
    : [invalid(child(path, 'image'), image, 'must not have leading or trailing whitespace')];
}
