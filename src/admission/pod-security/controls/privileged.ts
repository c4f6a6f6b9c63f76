import { type Check, type Control, containersText, containersWhere } from '../control.ts';

const check: Check = (spec) => {
  const bad = containersWhere(spec, (c) => c['securityContext']?.privileged === true);
  return bad.length
    ? { reason: 'privileged', detail: `${containersText(bad)} must not set securityContext.privileged=true` }
    : undefined;
};

export const privileged: Control = { id: 'privileged', level: 'baseline', versions: [{ since: 0, check }] };
