import {
  child,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../../meta/field-error.ts';
import { httpHeaderNameFaults } from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import { nonNegative, portNumberOrName } from '../../field-validation.ts';
import { add } from './faults.ts';

/** Probes and lifecycle hooks of containers (validateProbe, validateHandler, validateLifecycle in validation.go). */

const SCHEMES = ['HTTP', 'HTTPS'];

const REALTIME = [...Array(15).keys()]
  .map((i) => `SIGRTMIN+${i + 1}`)
  .concat([...Array(14).keys()].map((i) => `SIGRTMAX-${i + 1}`));
const LINUX_SIGNALS = [
  'SIGABRT',
  'SIGALRM',
  'SIGBUS',
  'SIGCHLD',
  'SIGCLD',
  'SIGCONT',
  'SIGFPE',
  'SIGHUP',
  'SIGILL',
  'SIGINT',
  'SIGIO',
  'SIGIOT',
  'SIGKILL',
  'SIGPIPE',
  'SIGPOLL',
  'SIGPROF',
  'SIGPWR',
  'SIGQUIT',
  'SIGSEGV',
  'SIGSTKFLT',
  'SIGSTOP',
  'SIGSYS',
  'SIGTERM',
  'SIGTRAP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGUSR1',
  'SIGUSR2',
  'SIGVTALRM',
  'SIGWINCH',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGRTMIN',
  'SIGRTMAX',
  ...REALTIME,
].sort();
const WINDOWS_SIGNALS = ['SIGKILL', 'SIGTERM'];

/** What a hook may be checked against: the pod's grace period in seconds. */
type GracePeriod = number | undefined;

function httpGetErrors(http: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!http['path']) errors.push(required(child(path, 'path')));
  add(errors, portNumberOrName(http['port'], child(path, 'port')));
  if (!SCHEMES.includes(http['scheme']))
    errors.push(notSupported(child(path, 'scheme'), http['scheme'] ?? '', SCHEMES));
  for (const header of http['httpHeaders'] ?? []) {
    for (const fault of httpHeaderNameFaults(header.name ?? ''))
      errors.push(invalid(child(path, 'httpHeaders'), header.name ?? '', fault));
  }
  return errors;
}

function sleepErrors(sleep: Fields, grace: GracePeriod, path: string): FieldError[] {
  const seconds: number = sleep['seconds'] ?? 0;
  if (grace === undefined || (seconds >= 0 && seconds <= grace)) return [];
  return [
    invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`),
  ];
}

type HandlerKind = 'exec' | 'httpGet' | 'tcpSocket' | 'grpc' | 'sleep';
const PROBE_HANDLERS: readonly HandlerKind[] = ['exec', 'httpGet', 'tcpSocket', 'grpc'];
const LIFECYCLE_HANDLERS: readonly HandlerKind[] = ['exec', 'httpGet', 'tcpSocket', 'sleep'];

function handlerErrors(
  handler: Fields,
  kinds: readonly HandlerKind[],
  grace: GracePeriod,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const kind of kinds) {
    const action: Fields | undefined = handler[kind];
    if (!action) continue;
    const at = child(path, kind);
    if (count++ > 0) {
      errors.push(forbidden(at, 'may not specify more than 1 handler type'));
      continue;
    }
    if (kind === 'exec') {
      if (!action['command']?.length) errors.push(required(child(at, 'command')));
    } else if (kind === 'httpGet') add(errors, httpGetErrors(action, at));
    else if (kind === 'sleep') add(errors, sleepErrors(action, grace, at));
    else add(errors, portNumberOrName(action['port'], child(at, 'port')));
  }
  if (count === 0) errors.push(required(path, 'must specify a handler type'));
  return errors;
}

function probeErrors(probe: Fields, grace: GracePeriod, path: string): FieldError[] {
  const errors = handlerErrors(probe, PROBE_HANDLERS, grace, path);
  for (const name of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ])
    add(errors, nonNegative(probe[name] ?? 0, child(path, name)));
  const seconds = probe['terminationGracePeriodSeconds'];
  if (seconds !== undefined && seconds <= 0)
    errors.push(invalid(child(path, 'terminationGracePeriodSeconds'), seconds, 'must be greater than 0'));
  return errors;
}

/** A liveness or startup probe: one success is enough. */
function strictProbeErrors(probe: Fields | undefined, grace: GracePeriod, path: string): FieldError[] {
  if (!probe) return [];
  const errors = probeErrors(probe, grace, path);
  if (probe['successThreshold'] !== 1)
    errors.push(invalid(child(path, 'successThreshold'), probe['successThreshold'] ?? 0, 'must be 1'));
  return errors;
}

function readinessProbeErrors(probe: Fields | undefined, grace: GracePeriod, path: string): FieldError[] {
  if (!probe) return [];
  const errors = probeErrors(probe, grace, path);
  const seconds = probe['terminationGracePeriodSeconds'];
  if (seconds !== undefined)
    errors.push(
      invalid(child(path, 'terminationGracePeriodSeconds'), seconds, 'must not be set for readinessProbes'),
    );
  return errors;
}

/** The lifecycle hooks and the three probes of a container that keeps running. */
export function probesErrors(
  container: Fields,
  os: string | undefined,
  grace: GracePeriod,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (container['lifecycle'])
    add(errors, lifecycleErrors(container['lifecycle'], grace, child(path, 'lifecycle'), os));
  add(errors, strictProbeErrors(container['livenessProbe'], grace, child(path, 'livenessProbe')));
  add(errors, readinessProbeErrors(container['readinessProbe'], grace, child(path, 'readinessProbe')));
  add(errors, strictProbeErrors(container['startupProbe'], grace, child(path, 'startupProbe')));
  return errors;
}

function lifecycleErrors(
  lifecycle: Fields,
  grace: GracePeriod,
  path: string,
  os: string | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const hook of ['postStart', 'preStop']) {
    if (lifecycle[hook])
      add(errors, handlerErrors(lifecycle[hook], LIFECYCLE_HANDLERS, grace, child(path, hook)));
  }
  const signal = lifecycle['stopSignal'];
  if (signal !== undefined) {
    const at = child(path, 'stopSignal');
    const known = os === 'windows' ? WINDOWS_SIGNALS : os === 'linux' ? LINUX_SIGNALS : undefined;
    if (os === undefined)
      errors.push(forbidden(at, 'may not be set for containers with empty `spec.os.name`'));
    else if (known && !known.includes(signal)) errors.push(notSupported(at, signal, known));
  }
  return errors;
}
