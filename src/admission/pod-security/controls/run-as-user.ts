import { type Check, type Control, containersWhere, hasOwnUsers, settersText } from '../control.ts';

const check: Check = (spec) => {
  const pod = spec['securityContext']?.runAsUser === 0;
  const bad = containersWhere(spec, (c) => c['securityContext']?.runAsUser === 0);
  return pod || bad.length
    ? { reason: 'runAsUser=0', detail: `${settersText(pod, bad)} must not set runAsUser=0` }
    : undefined;
};

export const runAsUser: Control = {
  id: 'runAsUser',
  level: 'restricted',
  versions: [
    { since: 23, check },
    { since: 35, check: (spec, metadata) => (hasOwnUsers(spec) ? undefined : check(spec, metadata)) },
  ],
};
