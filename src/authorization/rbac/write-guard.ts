import type { KubeObject } from '../../meta/object.ts';
import type { StatusError } from '../../meta/status.ts';
import type { UserInfo } from '../../meta/user.ts';
import type { AdmissionHook, AdmissionRequest } from '../../registry/admission-hook.ts';
import type { EscalationGuard } from './escalation.ts';
import { RBAC_GROUP } from './rule.ts';
import { RBAC_KINDS, type RbacResource } from './source.ts';

const RESOURCES: ReadonlySet<string> = new Set(Object.values(RBAC_KINDS));

/**
 * Puts the escalation guard behind the mutating phase, where kube-apiserver has it: what plugins made of the object is
 * checked, and nothing is validated or written before. `requestName` is the name in the request's path; `refused` is told of
 * each write that would grant more than its caller holds.
 */
export function guardRbacWrites(
  hook: AdmissionHook,
  guard: EscalationGuard,
  user: UserInfo,
  requestName: string,
  refused: (error: StatusError) => void = () => {},
): AdmissionHook {
  return {
    mutate: async (request) => {
      await hook.mutate(request);
      if (!isGuarded(request)) return;
      const refusal = await guard.check({
        user,
        resource: request.resource.resource as RbacResource,
        namespace: request.namespace,
        requestName,
        object: request.object,
        old: request.oldObject,
      });
      if (!refusal) return;
      if (refusal.status.code === 403) refused(refusal);
      throw refusal;
    },
    validate: (request) => hook.validate(request),
  };
}

function isGuarded(request: AdmissionRequest): request is AdmissionRequest & { object: KubeObject } {
  const isWrite = request.operation === 'CREATE' || request.operation === 'UPDATE';
  const { group, resource } = request.resource;
  return (
    isWrite &&
    group === RBAC_GROUP &&
    request.subresource === '' &&
    RESOURCES.has(resource) &&
    request.object !== undefined
  );
}
