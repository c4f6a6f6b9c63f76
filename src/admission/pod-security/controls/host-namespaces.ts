import type { Check, Control } from '../control.ts';

const check: Check = (spec) => {
  const shared = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field] === true);
  return shared.length
    ? { reason: 'host namespaces', detail: shared.map((field) => `${field}=true`).join(', ') }
    : undefined;
};

export const hostNamespaces: Control = {
  id: 'hostNamespaces',
  level: 'baseline',
  versions: [{ since: 0, check }],
};
