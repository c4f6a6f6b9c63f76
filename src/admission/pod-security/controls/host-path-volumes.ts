import type { Fields } from '../../../meta/object.ts';
import { type Check, type Control, nameOf, plural, quoted } from '../control.ts';

const check: Check = (spec) => {
  const volumes: Fields[] = spec['volumes'] ?? [];
  const bad = volumes.filter(({ hostPath }) => hostPath).map(nameOf);
  return bad.length
    ? { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad)}` }
    : undefined;
};

export const hostPathVolumes: Control = {
  id: 'hostPathVolumes',
  level: 'baseline',
  versions: [{ since: 0, check }],
};
