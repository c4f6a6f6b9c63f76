import { containersOf } from '../../../registry/core/pod/visit.ts';
import { type Check, type Control, containersText, hasOwnUsers, nameOf, quoted, sorted } from '../control.ts';

const check: Check = (spec) => {
  const bad = containersOf(spec).filter((c) => {
    const mount = c['securityContext']?.procMount;
    return mount !== undefined && mount !== 'Default';
  });
  if (bad.length === 0) return undefined;
  const found = sorted(bad.map((c) => c['securityContext'].procMount));
  return {
    reason: 'procMount',
    detail: `${containersText(bad.map(nameOf))} must not set securityContext.procMount to ${quoted(found)}`,
  };
};

export const procMountBaseline: Control = {
  id: 'procMount',
  level: 'baseline',
  versions: [
    { since: 0, check },
    { since: 35, check: (spec, metadata) => (hasOwnUsers(spec) ? undefined : check(spec, metadata)) },
  ],
};

export const procMountRestricted: Control = {
  id: 'procMount_restricted',
  level: 'restricted',
  versions: [{ since: 35, check, instead: [procMountBaseline.id] }],
};
