import { type Check, type Control, containersWhere, settersText } from '../control.ts';

const check: Check = (spec) => {
  const pod = spec['securityContext']?.windowsOptions?.hostProcess === true;
  const bad = containersWhere(spec, (c) => c['securityContext']?.windowsOptions?.hostProcess === true);
  return pod || bad.length
    ? {
        reason: 'hostProcess',
        detail: `${settersText(pod, bad)} must not set securityContext.windowsOptions.hostProcess=true`,
      }
    : undefined;
};

export const windowsHostProcess: Control = {
  id: 'windowsHostProcess',
  level: 'baseline',
  versions: [{ since: 0, check }],
};
