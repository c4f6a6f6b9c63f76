import {
  type Check,
  type Control,
  containersText,
  containersWhere,
  hasOwnUsers,
  settersText,
} from '../control.ts';

const REASON = 'runAsNonRoot != true';

const check: Check = (spec) => {
  const own: boolean | undefined = spec['securityContext']?.runAsNonRoot;
  const explicit = containersWhere(spec, (c) => c['securityContext']?.runAsNonRoot === false);
  if (own === false || explicit.length)
    return {
      reason: REASON,
      detail: `${settersText(own === false, explicit)} must not set securityContext.runAsNonRoot=false`,
    };
  if (own === true) return undefined;
  const implicit = containersWhere(spec, (c) => c['securityContext']?.runAsNonRoot === undefined);
  return implicit.length
    ? {
        reason: REASON,
        detail: `pod or ${containersText(implicit)} must set securityContext.runAsNonRoot=true`,
      }
    : undefined;
};

export const runAsNonRoot: Control = {
  id: 'runAsNonRoot',
  level: 'restricted',
  versions: [
    { since: 0, check },
    { since: 35, check: (spec, metadata) => (hasOwnUsers(spec) ? undefined : check(spec, metadata)) },
  ],
};
