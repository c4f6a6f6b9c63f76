import { type FieldError, forbidden } from '../../../meta/field-error.ts';
import type { Fields } from '../../../meta/object.ts';

/** A container that has ended stays so, unless a restart policy brings it back (Validate…ContainerStateTransition in validation.go). */
export function containerTransitionErrors(now: Fields, before: Fields, spec: Fields): FieldError[] {
  const errors: FieldError[] = [];
  if (!someRuleRestartsAll(spec)) {
    for (const [list, containers] of [
      ['containerStatuses', 'containers'],
      ['initContainerStatuses', 'initContainers'],
    ] as const) {
      errors.push(
        ...revived(now[list], before[list], `status.${list}`, (name, exitCode) => {
          const container = (spec[containers] ?? []).find((c: Fields) => c['name'] === name);
          return container !== undefined && restarts(container, spec, exitCode);
        }),
      );
    }
  }
  errors.push(
    ...revived(
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
  before?.forEach((old, i) => {
    const terminated: Fields | undefined = old['state']?.terminated;
    if (!terminated) return;
    const status = now?.find((s) => s['name'] === old['name'] && !s['state']?.terminated);
    if (status && !mayRestart(old['name'], terminated['exitCode'] ?? 0))
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
