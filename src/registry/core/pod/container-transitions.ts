import { type FieldError, forbidden } from '../../../meta/field-error.ts';
import type { Fields } from '../../../meta/object.ts';
import { add } from './faults.ts';

/** A container that has ended stays so, unless a restart policy brings it back (Validate…ContainerStateTransition in validation.go). */
export function containerTransitionErrors(now: Fields, before: Fields, spec: Fields): FieldError[] {
  const errors: FieldError[] = [];
  if (!someRuleRestartsAll(spec)) {
    for (const [list, containers] of [
      ['containerStatuses', 'containers'],
      ['initContainerStatuses', 'initContainers'],
    ] as const) {
      const byName = new Map<string, Fields>((spec[containers] ?? []).map((c: Fields) => [c['name'], c]));
      add(
        errors,
        revived(now[list], before[list], `status.${list}`, (name, exitCode) => {
          const container = byName.get(name);
          return container !== undefined && restarts(container, spec, exitCode);
        }),
      );
    }
  }
  add(
    errors,
    revived(
      now['ephemeralContainerStatuses'],
      before['ephemeralContainerStatuses'],
      'status.ephemeralContainerStatuses',
      () => false,
    ),
  );
  return errors;
}

function revived(
  now: Fields[] | undefined,
  before: Fields[] | undefined,
  path: string,
  mayRestart: (name: string, exitCode: number) => boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const live = new Set<string>(now?.filter((s) => !s['state']?.terminated).map((s) => s['name']));
  before?.forEach((old, i) => {
    const terminated: Fields | undefined = old['state']?.terminated;
    if (!terminated) return;
    if (live.has(old['name']) && !mayRestart(old['name'], terminated['exitCode'] ?? 0))
      errors.push(forbidden(`${path}[${i}].state`, 'may not be transitioned to non-terminated state'));
  });
  return errors;
}

function someRuleRestartsAll(spec: Fields): boolean {
  return [...(spec['initContainers'] ?? []), ...(spec['containers'] ?? [])].some((container: Fields) =>
    (container['restartPolicyRules'] ?? []).some((rule: Fields) => rule['action'] === 'RestartAllContainers'),
  );
}

/** Rules of the container come first, then its policy, then the pod's (pkg/api/v1/pod/util.go, ContainerShouldRestart). */
function restarts(container: Fields, spec: Fields, exitCode: number): boolean {
  const own: string | undefined = container['restartPolicy'];
  if (own !== undefined) {
    const rule = (container['restartPolicyRules'] ?? []).find((r: Fields) =>
      matches(r['exitCodes'], exitCode),
    );
    if (rule && (rule['action'] === 'Restart' || rule['action'] === 'RestartAllContainers')) return true;
  }
  const policy = own === 'Always' || own === 'OnFailure' || own === 'Never' ? own : spec['restartPolicy'];
  return policy === 'Never' ? false : policy === 'OnFailure' ? exitCode !== 0 : true;
}

function matches(codes: Fields | undefined, exitCode: number): boolean {
  if (!codes) return false;
  const found = (codes['values'] ?? []).includes(exitCode);
  return codes['operator'] === 'In' ? found : codes['operator'] === 'NotIn' ? !found : false;
}
