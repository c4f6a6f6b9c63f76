import { type Check, type Control, containersText, containersWhere, isWindows } from '../control.ts';

const check: Check = (spec) => {
  const bad = containersWhere(spec, (c) => c['securityContext']?.allowPrivilegeEscalation !== false);
  return bad.length
    ? {
        reason: 'allowPrivilegeEscalation != false',
        detail: `${containersText(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      }
    : undefined;
};

export const allowPrivilegeEscalation: Control = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  versions: [
    { since: 8, check },
    { since: 25, check: (spec, metadata) => (isWindows(spec) ? undefined : check(spec, metadata)) },
  ],
};
